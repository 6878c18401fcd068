import { useEffect, useRef, useState } from "react";
import { authorization } from "./session";
import { byText, type Document, named } from "./wire";

/**
 * News by subscription: one socket for the page (graphql-transport-ws), open as long as somebody listens. It comes back
 * by itself, and whoever listens to a team hears how it is now first, so nothing is missed in between.
 */
interface Listener {
  document: Document<unknown, unknown>;
  variables: unknown;
  told: (data: unknown) => void;
  /** Whether news arrives. */
  heard: (now: boolean) => void;
}

interface Message {
  type: string;
  id?: string;
  payload?: { data?: unknown } | { extensions?: { code?: string } }[];
}

const FIRST_MS = 1_000;
const LAST_MS = 30_000;
const listeners = new Map<string, Listener>();
let socket: WebSocket | null = null;
let ready = false;
let wait = FIRST_MS;
let again: ReturnType<typeof setTimeout> | undefined;
let count = 0;

function say(message: object): void {
  socket?.send(JSON.stringify(message));
}

function subscribe(id: string, { document, variables, heard }: Listener): void {
  say({ type: "subscribe", id, payload: { ...named(document), variables } });
  heard(true);
}

function open(): void {
  clearTimeout(again);
  const opened = new WebSocket(`${location.origin.replace(/^http/, "ws")}/graphql`, "graphql-transport-ws");
  socket = opened;
  opened.onopen = () => say({ type: "connection_init", payload: authorization() });
  opened.onmessage = (event) => understand(JSON.parse(String(event.data)) as Message);
  opened.onclose = () => {
    if (socket === opened) closed();
  };
}

function understand({ type, id = "", payload }: Message): void {
  const listener = listeners.get(id);
  if (type === "ping") say({ type: "pong" });
  else if (type === "connection_ack") {
    [ready, wait] = [true, FIRST_MS];
    for (const [each, waiting] of listeners) subscribe(each, waiting);
  } else if (type === "next" && payload && !Array.isArray(payload)) {
    wait = FIRST_MS;
    listener?.told(payload.data);
  } else if ((type === "error" || type === "complete") && listener) {
    ended(id, listener, Array.isArray(payload) ? payload.map((one) => one.extensions?.code) : []);
  }
}

/** An operation may end where the socket lives on: it is begun again, unless it would be refused again. */
function ended(id: string, listener: Listener, codes: (string | undefined)[]): void {
  if (codes.includes("UNKNOWN_DOCUMENT") && byText()) return subscribe(id, listener);
  listener.heard(false);
  if (codes.includes("FORBIDDEN") || codes.includes("BAD_USER_INPUT")) return;
  const on = socket;
  setTimeout(() => {
    // Another socket begins all of them.
    if (ready && socket === on && listeners.has(id)) subscribe(id, listener);
  }, longer());
}

/** How long to wait, each time longer until something is heard. */
function longer(): number {
  const now = wait;
  wait = Math.min(wait * 2, LAST_MS);
  return now;
}

function closed(): void {
  [socket, ready] = [null, false];
  for (const listener of listeners.values()) listener.heard(false);
  if (listeners.size === 0) return;
  again = setTimeout(open, longer());
}

function listen(listener: Listener): () => void {
  const id = String((count += 1));
  listeners.set(id, listener);
  if (ready) subscribe(id, listener);
  else if (socket === null) open();
  return () => {
    listeners.delete(id);
    if (listeners.size > 0) return ready ? say({ type: "complete", id }) : undefined;
    clearTimeout(again);
    const leaving = socket;
    [socket, ready] = [null, false];
    leaving?.close(1000);
  };
}

/** Hears of a subscription while the page shows it; true while news arrives. `null` variables: nothing is listened to. */
export function useNews<Result, Variables>(
  document: Document<Result, Variables>,
  variables: Variables | null,
  told: (data: Result) => void,
): boolean {
  const [heard, setHeard] = useState(false);
  const latest = useRef(told);
  latest.current = told;
  const asked = variables === null ? "" : JSON.stringify(variables);
  useEffect(() => {
    if (variables === null) return;
    return listen({ document: document as Document<unknown, unknown>, variables, told: (data) => data && latest.current(data as Result), heard: setHeard });
  }, [document, asked]);
  return heard && variables !== null;
}
