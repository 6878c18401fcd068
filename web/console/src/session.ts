import { useSyncExternalStore } from "react";

export type Role = "PROMOTER" | "OPERATOR" | "RISK" | "FINANCE" | "SERVICE" | "ADMIN";

/** Who is asking: a bearer token, or a cookie that only the service reads, with the word that proves our own page. */
export type Session =
  | { kind: "token"; token: string; role: Role; name: string }
  | { kind: "cookie"; csrf: string; role: Role; roles: Role[]; name: string };

const KEY = "promograph.token";
const listeners = new Set<() => void>();
let current: Session | null = null;
let expired = false;

/** What a token says of itself; the service alone judges it. Null if it is no token. */
export function read(token: string): Session | null {
  const parts = token.trim().split(".");
  if (parts.length !== 3) return null;
  try {
    const claims: unknown = JSON.parse(atob((parts[1] ?? "").replace(/-/g, "+").replace(/_/g, "/")));
    if (typeof claims !== "object" || claims === null || !("role" in claims)) return null;
    const promoter = "promoter" in claims && typeof claims.promoter === "string" ? claims.promoter : "";
    const role = String(claims.role) as Role;
    return { kind: "token", token: token.trim(), role, name: promoter || role };
  } catch {
    return null;
  }
}

/** A token in the fragment reaches no server and no log; it leaves the address at once. */
function fromAddress(): Session | null {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given !== null) history.replaceState(history.state, "", location.pathname + location.search);
  return read(given ?? sessionStorage.getItem(KEY) ?? "");
}

export function begin(): void {
  adopt(fromAddress());
}

export function adopt(session: Session | null): void {
  current = session;
  expired = false;
  if (session?.kind === "token") sessionStorage.setItem(KEY, session.token);
  else sessionStorage.removeItem(KEY);
  tell();
}

/** The service takes the session no more. Pages stay as they are, under the question to sign in again. */
export function expire(): void {
  if (current === null || expired) return;
  expired = true;
  tell();
}

function tell(): void {
  for (const listener of listeners) listener();
}

export const session = (): Session | null => current;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useSession = (): Session | null => useSyncExternalStore(subscribe, () => current);
export const useExpired = (): boolean => useSyncExternalStore(subscribe, () => expired);

export function authorization(): Record<string, string> {
  if (current?.kind === "token") return { Authorization: `Bearer ${current.token}` };
  if (current?.kind === "cookie") return { "X-CSRF-Token": current.csrf };
  return {};
}

interface StaffAnswer {
  name: string;
  /** The one of its roles that the session stands for. */
  role: Role;
  roles: Role[];
  csrf: string;
}

function staff(answer: StaffAnswer): Session {
  const { csrf, role, roles, name } = answer;
  return { kind: "cookie", csrf, role, roles, name };
}

/** How long a page stays empty for it at most. */
const RESUME_MS = 5_000;

/** Whoever the cookie stands for, if the service knows one. */
export async function resume(): Promise<void> {
  if (current === null) await adoptCookie();
}

async function adoptCookie(): Promise<void> {
  const answer = await fetch("/session", {
    headers: { Accept: "application/json" },
    signal: AbortSignal.timeout(RESUME_MS),
  }).catch(() => null);
  if (answer?.ok) adopt(staff((await answer.json()) as StaffAnswer));
}

/** Whether the cookie is of another session than this page knows: another tab has signed in anew, or taken a role. */
export async function hasChanged(): Promise<boolean> {
  const before = current;
  if (before?.kind !== "cookie") return false;
  await adoptCookie();
  return current?.kind === "cookie" && current.csrf !== before.csrf;
}

/** The session goes on in another of the account's roles; false if it could not be asked for. */
export async function takeRole(role: Role): Promise<boolean> {
  const answer = await fetch("/session", {
    method: "PATCH",
    headers: { "Content-Type": "application/json", Accept: "application/json", ...authorization() },
    body: JSON.stringify({ role }),
  }).catch(() => null);
  if (answer?.ok) adopt(staff((await answer.json()) as StaffAnswer));
  else if (answer !== null && answer.status < 500) expire();
  return answer !== null && answer.status < 500;
}

export type SignIn = "in" | "refused" | "absent" | "lost";

export async function signIn(username: string, password: string): Promise<SignIn> {
  const answer = await fetch("/session", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ username, password }),
  }).catch(() => null);
  if (answer === null || answer.status >= 500) return "lost";
  if (answer.status === 404 || answer.status === 405) return "absent";
  if (!answer.ok) return "refused";
  adopt(staff((await answer.json()) as StaffAnswer));
  return "in";
}

export async function signOut(): Promise<void> {
  if (current?.kind === "cookie") await fetch("/session", { method: "DELETE", headers: authorization() }).catch(() => null);
  adopt(null);
}
