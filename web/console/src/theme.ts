import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark" | "system";

const KEY = "promograph.theme";
const listeners = new Set<() => void>();
const dark = matchMedia("(prefers-color-scheme: dark)");
let current = (localStorage.getItem(KEY) as Theme | null) ?? "system";

function apply(): void {
  document.documentElement.dataset["theme"] = isDark() ? "dark" : "light";
  for (const listener of listeners) listener();
}

const isDark = (): boolean => (current === "system" ? dark.matches : current === "dark");

export function paint(chosen: Theme): void {
  current = chosen;
  localStorage.setItem(KEY, chosen);
  apply();
}

dark.addEventListener("change", apply);
apply();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useTheme = (): Theme => useSyncExternalStore(subscribe, () => current);
export const useDark = (): boolean => useSyncExternalStore(subscribe, isDark);

/** A colour of the style sheet, for pictures that are painted and not styled. */
export const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
