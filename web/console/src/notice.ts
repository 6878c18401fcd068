import { useSyncExternalStore } from "react";

/** What is said over the page until somebody has read it: the part of the page that it is about may be gone. */
const listeners = new Set<() => void>();
let current: string | null = null;

export function notify(sentence: string | null): void {
  current = sentence;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useNotice = (): string | null => useSyncExternalStore(subscribe, () => current);
