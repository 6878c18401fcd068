import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-ws";

const PATH = "/graphql";

// Queries and mutations by HTTP, subscriptions by graphql-transport-ws, both at /graphql. The token goes into the
// Authorization header, or into the connection's first message; what the headers editor says wins over it.
export function fetcherFor(token) {
  const own = token ? { Authorization: `Bearer ${token}` } : {};
  return (request, options) => {
    const headers = merged(own, options?.headers);
    const send = createGraphiQLFetcher({ url: PATH, wsClient: socketClient(headers), enableIncrementalDelivery: false });
    return send(request, { ...options, headers });
  };
}

// It opens no connection until something subscribes. A refused handshake reaches JavaScript as an Event that says nothing.
function socketClient(connectionParams) {
  const address = new URL(PATH, window.location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const client = createClient({ url: address.href, connectionParams });
  const subscribe = (request, sink) =>
    client.subscribe(request, {
      ...sink,
      error: (error) => sink.error(isBareEvent(error) ? new Error(`no WebSocket at ${address.href}`) : error),
    });
  return { ...client, subscribe };
}

function isBareEvent(error) {
  return error instanceof Event && !(error instanceof CloseEvent);
}

// Header names are case-insensitive, and two spellings of one header would be sent as one header with two values.
function merged(own, typed = {}) {
  const names = new Set(Object.keys(typed).map((name) => name.toLowerCase()));
  const kept = Object.entries(own).filter(([name]) => !names.has(name.toLowerCase()));
  return { ...Object.fromEntries(kept), ...typed };
}
