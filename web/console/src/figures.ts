import { language } from "./words";

/** Money from fen: exact, as integers, with two decimals; `short` for pictures: 万 or k. */
export function yuan(fen: number, short = false): string {
  if (short && Math.abs(fen) >= 1_000_000) return `¥${compact(fen / 100)}`;
  const sign = fen < 0 ? "−" : "";
  const whole = Math.trunc(Math.abs(fen) / 100);
  const rest = String(Math.abs(fen) % 100).padStart(2, "0");
  return `${sign}¥${whole.toLocaleString("en-US")}.${rest}`;
}

export const signedYuan = (fen: number): string => (fen > 0 ? `+${yuan(fen)}` : yuan(fen));

export const count = (value: number): string => value.toLocaleString("en-US");

export function compact(value: number): string {
  return new Intl.NumberFormat(language(), { notation: "compact", maximumFractionDigits: Math.abs(value) < 1 ? 3 : 1 }).format(value);
}

export const percent = (bp: number): string => `${(bp / 100).toFixed(2).replace(/\.?0+$/, "")}%`;

const SHANGHAI = "Asia/Shanghai";
const day = new Intl.DateTimeFormat("en-CA", { timeZone: SHANGHAI, year: "numeric", month: "2-digit", day: "2-digit" });
const minute = new Intl.DateTimeFormat("en-GB", { timeZone: SHANGHAI, hour: "2-digit", minute: "2-digit" });

const second = new Intl.DateTimeFormat("en-GB", { timeZone: SHANGHAI, hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** HH:MM:SS in Shanghai of milliseconds since 1970. */
export const secondOf = (at: number): string => second.format(at);

/** YYYY-MM-DD in Shanghai, whatever the reader's own zone is. */
export const dayOf = (instant: string): string => day.format(new Date(instant));

export const momentOf = (instant: string): string => `${dayOf(instant)} ${minute.format(new Date(instant))}`;

/** The day after a YYYY-MM-DD. */
export const dayAfter = (given: string, by = 1): string =>
  new Date(Date.parse(`${given}T00:00:00Z`) + by * 86_400_000).toISOString().slice(0, 10);

export const thisMonth = (now: Date = new Date()): string => day.format(now).slice(0, 7);

/** The month `by` months later: 2026-01 and −1 give 2025-12. */
export function monthAfter(month: string, by: number): string {
  const [year = 0, number = 1] = month.split("-").map(Number);
  const months = year * 12 + number - 1 + by;
  return `${Math.floor(months / 12)}-${String((months % 12) + 1).padStart(2, "0")}`;
}

export const lastMonths = (month: string, many: number): string[] =>
  Array.from({ length: many }, (_, index) => monthAfter(month, index - many + 1));

/** A whole one, as it is kept: a mainland mobile's eleven digits, or any with its country's code. Less of one finds nobody. */
export function phoneOf(text: string): string | null {
  const bare = text.replace(/[\s().（）-]/g, "");
  const mobile = /^(?:(?:00)?86)?(1\d{10})$/.exec(bare)?.[1];
  return mobile ?? (/^\+\d{8,15}$/.test(bare) ? bare : null);
}

/** Whether it can be the beginning of a code, and is no name and no part of a phone. */
export const isCodelike = (text: string): boolean => /^([A-Za-z][\w-]*|\d{1,6})$/.test(text);
