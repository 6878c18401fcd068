import { useSyncExternalStore } from "react";

/** Whether the service answers. While it does not, it is asked for at growing intervals, and everybody hears of its return. */
export type Connection = "fine" | "lost" | "back";

const listeners = new Set<() => void>();
const FIRST_MS = 1_000;
const LAST_MS = 15_000;
const SAID_MS = 4_000;
let current: Connection = "fine";
/** Counted up at each return: whoever reads it asks again. */
let returns = 0;

function become(state: Connection): void {
  current = state;
  for (const listener of listeners) listener();
}

export function lost(): void {
  if (current === "lost") return;
  become("lost");
  probe(FIRST_MS);
}

function probe(wait: number): void {
  const again = () => probe(Math.min(wait * 1.6, LAST_MS));
  setTimeout(async () => {
    const ready = await fetch("/readyz", { cache: "no-store" }).then(
      (answer) => answer.ok,
      () => false,
    );
    if (!ready) return again();
    returns += 1;
    become("back");
    setTimeout(() => current === "back" && become("fine"), SAID_MS);
  }, wait);
}

addEventListener("offline", lost);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Resolves at the next return. */
export function returned(): Promise<void> {
  const before = returns;
  return new Promise((resolve) => {
    const stop = subscribe(() => {
      if (returns === before) return;
      stop();
      resolve();
    });
  });
}

export const useConnection = (): Connection => useSyncExternalStore(subscribe, () => current);
export const useReturns = (): number => useSyncExternalStore(subscribe, () => returns);
