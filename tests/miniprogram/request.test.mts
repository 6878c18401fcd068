/** The mini-program's request layer against a local server that speaks our protocol, faults and all. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, afterEach, test } from "node:test";
import { asking, Busy, Refused, type Service, SignedOut, Unreachable } from "../../examples/miniprogram/request.ts";
import { SignInFailed, tokensOf } from "../../examples/miniprogram/session.ts";

interface Seen {
  path: string;
  body: string;
  token: string;
  language: string;
}
type Turn = (answer: ServerResponse, data: object) => void;

const ACCEPT = { name: "PhoneAcceptContract", id: "sha256:1f" };
const VARIABLES = { code: "A", version: "v2" };

let seen: Seen[] = [];
let turns: Turn[] = [];
/** For how long somebody meant to wait, in milliseconds. */
let pauses: number[] = [];
/** What was done: a write takes effect once by the key in its variables, however often it arrives. */
let done = new Set<string>();
let tokens = 0;

const json = (status: number, body: object): Turn => (answer) =>
  void answer.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
const fine: Turn = (answer, data) => json(200, { data })(answer, data);
const refusing = (status: number, code: string, facts: object = {}): Turn =>
  json(status, { data: null, errors: [{ message: `told ${code}`, extensions: { code, ...facts } }] });
/** Does it, and then says nothing for longer than anybody waits. */
const silent: Turn = () => undefined;
const cut: Turn = (answer) => void answer.destroy();
const portal: Turn = (answer) => void answer.writeHead(200, { "Content-Type": "text/html" }).end("<html>pay for wifi</html>");

async function received(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request) text += String(part);
  return text;
}

const server = createServer((request, answer) => {
  void received(request).then((body) => {
    if (request.url === "/promoter-token") return signIn(answer, {});
    seen.push({
      path: request.url ?? "",
      body,
      token: request.headers.authorization ?? "",
      language: request.headers["accept-language"] ?? "",
    });
    const turn = turns.shift() ?? fine;
    if (turn === fine || turn === silent || turn === cut) done.add(JSON.stringify(JSON.parse(body).variables));
    turn(answer, { accepted: done.size });
  });
});
let signIn: Turn = (answer, data) => json(200, { token: `token-${++tokens}` })(answer, data);
const signingIn = signIn;

await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

after(() => {
  server.closeAllConnections();
  server.close();
});
afterEach(() => {
  [seen, turns, pauses, done, tokens, signIn] = [[], [], [], new Set(), 0, signingIn];
  storage.clear();
});

// What WeChat gives: `success` for an answer of whatever status, its body parsed if it can be; `fail` for none.
const waiting = globalThis.setTimeout;
globalThis.setTimeout = ((...given: Parameters<typeof waiting>) => {
  pauses.push(given[1] ?? 0);
  return waiting(...given);
}) as typeof setTimeout;
const storage = new Map<string, unknown>();
let logins = 0;
Object.assign(globalThis, {
  wx: {
    getStorageSync: (key: string) => storage.get(key) ?? "",
    setStorageSync: (key: string, value: unknown) => void storage.set(key, value),
    login: ({ success }: { success: (given: { code: string }) => void }) => success({ code: `code-${++logins}` }),
    request: (asked: {
      url: string;
      method: string;
      data: string;
      header: Record<string, string>;
      timeout?: number;
      success: (given: { statusCode: number; data: unknown }) => void;
      fail: (given: { errMsg: string }) => void;
    }) => {
      const signal = AbortSignal.timeout(asked.timeout ?? 60_000);
      fetch(asked.url, { method: asked.method, body: asked.data, headers: asked.header, signal }).then(
        async (answer) => {
          const text = await answer.text();
          let data: unknown = text;
          try {
            data = JSON.parse(text);
          } catch {
            // WeChat hands on what is no JSON as the text that it is
          }
          asked.success({ statusCode: answer.status, data });
        },
        (error: Error) => asked.fail({ errMsg: error.name === "TimeoutError" ? "request:fail timeout" : "request:fail " }),
      );
    },
  },
});

const service = (changes: Partial<Service> = {}): Service => ({
  url: `${origin}/graphql`,
  tokens: tokensOf(`${origin}/promoter-token`),
  language: "zh-CN",
  waitsMs: [1, 1, 1],
  ...changes,
});
/** Far above what a local answer takes, as the server never answers a request that is to time out. */
const IMPATIENT = { timeoutMs: 2_500 };

test("a document is asked for by its id, with a token of wx.login that is kept", async () => {
  assert.deepEqual(await asking(service())(ACCEPT, VARIABLES), { accepted: 1 });
  assert.deepEqual(await asking(service())(ACCEPT, VARIABLES), { accepted: 1 });
  assert.deepEqual(JSON.parse(seen[0]?.body ?? ""), { documentId: ACCEPT.id, variables: VARIABLES });
  assert.deepEqual(
    seen.map(({ token, language }) => [token, language]),
    [["Bearer token-1", "zh-CN"], ["Bearer token-1", "zh-CN"]],
  );
});

test("what was done before its answer got lost is sent again under the same key, and done once", async () => {
  turns = [silent, cut];
  assert.deepEqual(await asking(service(IMPATIENT))(ACCEPT, VARIABLES), { accepted: 1 });
  assert.equal(seen.length, 3);
  assert.equal(new Set(seen.map(({ body }) => body)).size, 1);
  assert.deepEqual([...done], [JSON.stringify(VARIABLES)]);
});

test("a token that is not taken any more is renewed once, and the request goes on with it", async () => {
  storage.set("promograph.token", "of-yesterday");
  turns = [refusing(401, "UNAUTHENTICATED")];
  assert.deepEqual(await asking(service())(ACCEPT, VARIABLES), { accepted: 1 });
  assert.deepEqual(seen.map(({ token }) => token), ["Bearer of-yesterday", "Bearer token-1"]);
  assert.equal(storage.get("promograph.token"), "token-1");
});

test("a fresh token that is not taken either is an end", async () => {
  turns = [refusing(401, "UNAUTHENTICATED"), refusing(401, "UNAUTHENTICATED"), fine];
  await assert.rejects(asking(service())(ACCEPT, VARIABLES), SignedOut);
  assert.equal(seen.length, 2);
});

test("screens that ask at one time share one renewal", async () => {
  const ask = asking(service());
  await Promise.all([ask(ACCEPT, VARIABLES), ask(ACCEPT, VARIABLES), ask(ACCEPT, VARIABLES)]);
  assert.equal(tokens, 1);
});

test("whom the shop does not know as a promoter is told so, and nothing is asked", async () => {
  signIn = json(403, {});
  await assert.rejects(asking(service())(ACCEPT, VARIABLES), (error: SignInFailed) => error.status === 403);
  assert.equal(seen.length, 0);
});

test("after a failed renewal the next question tries again", async () => {
  const ask = asking(service());
  signIn = json(502, {});
  await assert.rejects(ask(ACCEPT, VARIABLES), SignInFailed);
  signIn = signingIn;
  assert.deepEqual(await ask(ACCEPT, VARIABLES), { accepted: 1 });
});

for (const [status, code] of [[429, "COST_EXCEEDED"], [200, "OVERLOADED"], [429, "RATE_LIMITED"]] as const) {
  test(`${code} is waited for as long as it says, and asked again as it was`, async () => {
    turns = [refusing(status, code, { retryAfterSeconds: 1 })];
    assert.deepEqual(await asking(service())(ACCEPT, VARIABLES), { accepted: 1 });
    assert.ok(pauses.includes(1000));
    assert.equal(new Set(seen.map(({ body }) => body)).size, 1);
  });
}

test("a wait that nobody would sit through is told at once", async () => {
  turns = [refusing(429, "COST_EXCEEDED", { retryAfterSeconds: 3600 })];
  await assert.rejects(asking(service())(ACCEPT, VARIABLES), (error: Busy) => {
    assert.ok(error instanceof Busy);
    assert.deepEqual([error.code, error.retryAfterSeconds], ["COST_EXCEEDED", 3600]);
    return true;
  });
  assert.equal(seen.length, 1);
});

test("who is still too busy after every attempt says when to come", async () => {
  turns = Array.from({ length: 4 }, () => refusing(200, "OVERLOADED", { retryAfterSeconds: 0 }));
  await assert.rejects(asking(service())(ACCEPT, VARIABLES), (error: Busy) => error.code === "OVERLOADED");
  assert.equal(seen.length, 4);
});

test("what only passes by is asked again: a store that is away, a proxy's word, a captive portal", async () => {
  turns = [refusing(200, "UNAVAILABLE"), json(502, {}), portal];
  assert.deepEqual(await asking(service())(ACCEPT, VARIABLES), { accepted: 1 });
  assert.equal(seen.length, 4);
});

test("it gives up after its attempts, says how many and why, and the same may be sent later", async () => {
  const ask = asking(service({ ...IMPATIENT, waitsMs: [1] }));
  turns = [cut, silent];
  await assert.rejects(ask(ACCEPT, VARIABLES), (error: Unreachable) => {
    assert.ok(error instanceof Unreachable);
    assert.deepEqual([error.attempts, error.last], [2, "request:fail timeout"]);
    return true;
  });
  assert.deepEqual(await ask(ACCEPT, VARIABLES), { accepted: 1 });
  assert.deepEqual([...done], [JSON.stringify(VARIABLES)]);
});

test("a no of the service is not asked again", async () => {
  for (const code of ["FORBIDDEN", "UNKNOWN_DOCUMENT", "BAD_USER_INPUT", "TIMEOUT"]) {
    seen = [];
    turns = [refusing(200, code)];
    await assert.rejects(asking(service())(ACCEPT, VARIABLES), (error: Refused) => error.code === code);
    assert.equal(seen.length, 1);
  }
});

test("parts of an answer that were refused leave the rest", async () => {
  turns = [json(200, { data: { me: null }, errors: [{ message: "no", extensions: { code: "FORBIDDEN" } }] })];
  assert.deepEqual(await asking(service())(ACCEPT, VARIABLES), { me: null });
});
