// What GraphiQL remembers between visits: tabs, queries, its history; but no headers, for they carry tokens.
// shouldPersistHeaders={false} keeps them out of the tabs only: the history writes the headers of each query that ran.
const HISTORIES = new Set(["graphiql:queries", "graphiql:favorites"]);

export const storageWithoutHeaders = {
  get length() {
    return window.localStorage.length;
  },
  getItem: (key) => window.localStorage.getItem(key),
  setItem: (key, value) => window.localStorage.setItem(key, HISTORIES.has(key) ? withoutHeaders(value) : value),
  removeItem: (key) => window.localStorage.removeItem(key),
  clear() {
    const own = Object.keys(window.localStorage).filter((key) => key.startsWith("graphiql:"));
    own.forEach((key) => window.localStorage.removeItem(key));
  },
};

function withoutHeaders(json) {
  return JSON.stringify(JSON.parse(json), (key, value) => (key === "headers" ? undefined : value));
}
