import { useSyncExternalStore } from "react";
import { lost } from "./connection";
import { notify } from "./notice";
import { within } from "./timeout";
import { t } from "./words";

export type Role = "PROMOTER" | "OPERATOR" | "RISK" | "FINANCE" | "SERVICE" | "ADMIN";

/** Who is asking: a bearer token, or a cookie that only the service reads, with the word that proves our own page. */
export type Session =
  | { kind: "token"; token: string; role: Role; name: string }
  | { kind: "cookie"; csrf: string; role: Role; roles: Role[]; name: string };

const KEY = "promograph.token";
const listeners = new Set<() => void>();
let current: Session | null = null;
let expired = false;
/** Counted up with each session that begins: whoever reads it asks anew what the one before was refused. */
let renewals = 0;

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
  // The session of before, if it is still taken, is no news: asking anew for it could be refused, and adopt it, without end.
  if (session !== null && !expired && JSON.stringify(session) === JSON.stringify(current)) return;
  current = session;
  expired = false;
  renewals += 1;
  notify(null);
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
export const useRenewals = (): number => useSyncExternalStore(subscribe, () => renewals);

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
  if (current === null) adopt(await ofCookie());
}

async function ofCookie(): Promise<Session | null> {
  const answer = await fetch("/session", {
    headers: { Accept: "application/json" },
    signal: within(RESUME_MS),
  }).catch(() => null);
  return answer?.ok ? staff((await answer.json()) as StaffAnswer) : null;
}

/** Whether the cookie is of another session than the one that asked: another tab has signed in anew, or taken a role. */
export async function hasChanged(asker: Session | null): Promise<boolean> {
  if (asker?.kind !== "cookie") return false;
  const found = await ofCookie();
  if (found?.kind !== "cookie" || found.csrf === asker.csrf) return false;
  adopt(found);
  return true;
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

/** Without the service's word the cookie still opens every page: then nobody is told to be signed out. */
export async function signOut(): Promise<void> {
  const asker = current;
  if (asker?.kind === "cookie") {
    let status = await end();
    if (status === 403 && (await hasChanged(asker))) status = await end();
    if (status !== 204 && status !== 401) {
      if (status === 0 || status >= 500) lost();
      return notify(t("sign.notOut"));
    }
  }
  adopt(null);
}

/** The status of the answer; 0 is none. */
async function end(): Promise<number> {
  const answer = await fetch("/session", { method: "DELETE", headers: authorization() }).catch(() => null);
  return answer?.status ?? 0;
}
