import { type MouseEvent, useSyncExternalStore } from "react";

/** The address within the page: the path below its root, and what follows the question mark. */
export interface Place {
  path: string;
  search: URLSearchParams;
}

const ROOT = location.pathname.startsWith("/m/") ? "/m/" : "/console/";
const listeners = new Set<() => void>();
let current = read();

function read(): Place {
  return { path: location.pathname.slice(ROOT.length), search: new URLSearchParams(location.search) };
}

function tell(): void {
  current = read();
  for (const listener of listeners) listener();
}

addEventListener("popstate", tell);

export const href = (to: string): string => ROOT + to;

export function go(to: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, "", href(to));
  else history.pushState(null, "", href(to));
  tell();
  if (!replace) scrollTo(0, 0);
}

/** The same page with other parameters; empty ones go. */
export function alter(changes: Record<string, string | null>, { replace = true } = {}): void {
  const search = new URLSearchParams(current.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") search.delete(name);
    else search.set(name, value);
  }
  const text = search.toString();
  go(current.path + (text ? `?${text}` : ""), { replace });
}

/** A part of the path as text; one that nobody has encoded well stands for itself. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** For links: the address is real, and a plain click stays within the page. */
export function link(to: string): { href: string; onClick: (event: MouseEvent) => void } {
  return {
    href: href(to),
    onClick: (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      go(to);
    },
  };
}

export function usePlace(): Place {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
