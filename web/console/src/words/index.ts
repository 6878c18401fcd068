import { useSyncExternalStore } from "react";
import { en, type Word } from "./en";
import { zh } from "./zh";

export type { Word };
export type Language = "zh-CN" | "en";

const KEY = "promograph.language";
const listeners = new Set<() => void>();

function first(): Language {
  const kept = localStorage.getItem(KEY);
  if (kept === "zh-CN" || kept === "en") return kept;
  return navigator.languages.some((name) => name.toLowerCase().startsWith("zh")) ? "zh-CN" : "en";
}

let current: Language = first();
document.documentElement.lang = current;

export const language = (): Language => current;

export function speak(chosen: Language): void {
  current = chosen;
  localStorage.setItem(KEY, chosen);
  document.documentElement.lang = chosen;
  for (const listener of listeners) listener();
}

/** The sentence in the present language with its places filled in. */
export function t(word: Word, facts: Record<string, string | number> = {}): string {
  const sentence: string = (current === "zh-CN" ? zh : en)[word];
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => (name in facts ? String(facts[name]) : whole));
}

/** The word of an enum's value, or the value itself where it is newer than this page. */
export function named(kind: string, value: string): string {
  const word = `${kind}.${value}`;
  return word in en ? t(word as Word) : value;
}

export function useLanguage(): Language {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
