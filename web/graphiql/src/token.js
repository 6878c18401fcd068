// The token lives in this tab only: never in the address (history, logs, referrers) and never in localStorage.
const KEY = "promograph-token";

// A link may carry `#token=…` (a fragment is not sent to any server); it is moved out of the address bar at once.
export function takeTokenFromFragment() {
  const fragment = new URLSearchParams(window.location.hash.slice(1));
  const token = fragment.get("token");
  if (token === null) return;
  rememberToken(token);
  window.history.replaceState(null, "", window.location.pathname + window.location.search);
}

export function rememberedToken() {
  return window.sessionStorage.getItem(KEY) ?? "";
}

export function rememberToken(token) {
  const bare = bareToken(token);
  if (bare) window.sessionStorage.setItem(KEY, bare);
  else window.sessionStorage.removeItem(KEY);
  return bare;
}

// People paste the whole header as often as the token.
function bareToken(text) {
  return text.trim().replace(/^(authorization:\s*)?bearer\s+/i, "");
}
