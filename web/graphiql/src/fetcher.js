import { createGraphiQLFetcher } from "@graphiql/toolkit";

const PATH = "/graphql";

// Queries and mutations by HTTP, subscriptions by graphql-transport-ws, both at /graphql. The token goes into the
// Authorization header, or into the connection's first message; what the headers editor says wins over it.
export function fetcherFor(token) {
  const socket = new URL(PATH, window.location.href);
  socket.protocol = socket.protocol.replace("http", "ws");
  const send = createGraphiQLFetcher({
    url: PATH,
    subscriptionUrl: socket.href,
    enableIncrementalDelivery: false,
  });
  const own = token ? { Authorization: `Bearer ${token}` } : {};
  return (request, options) => send(request, { ...options, headers: merged(own, options?.headers) });
}

// Header names are case-insensitive, and two spellings of one header would be sent as one header with two values.
function merged(own, typed = {}) {
  const names = new Set(Object.keys(typed).map((name) => name.toLowerCase()));
  const kept = Object.entries(own).filter(([name]) => !names.has(name.toLowerCase()));
  return { ...Object.fromEntries(kept), ...typed };
}
