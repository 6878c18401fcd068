// node audits.mjs URL: every server audit of graphql-http, as JSON on stdout; the token stands in the environment.
import { serverAudits } from 'graphql-http';

const [url] = process.argv.slice(2);
const authorization = `Bearer ${process.env.TOKEN}`;

const fetchFn = (address, init = {}) => fetch(address, { ...init, headers: { ...init.headers, authorization } });

async function outcome(audit) {
  const result = await audit.fn();
  const reason = result.status === 'ok' ? null : `${result.reason}; answered ${result.response.status}`;
  return { id: audit.id, name: audit.name, status: result.status, reason };
}

const outcomes = await Promise.all(serverAudits({ url, fetchFn }).map(outcome));
console.log(JSON.stringify(outcomes));
