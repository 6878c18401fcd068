import { Busy, Refused, SignedOut, Unreachable } from "./request";
import { SignInFailed } from "./session";
import { words } from "./words";

/** What every screen's data has beside its own. */
export const BLANK = { words, loading: true, problem: "" };

interface Filled {
  setData(data: Record<string, unknown>): void;
}

const turns = new WeakMap<Filled, number>();

/** Asks a screen's question and puts the answer, or why there is none, into its data; the latest question wins. */
export async function fill(screen: Filled, question: Promise<Record<string, unknown>>): Promise<void> {
  const turn = (turns.get(screen) ?? 0) + 1;
  turns.set(screen, turn);
  screen.setData({ loading: true, problem: "" });
  const data = await question.catch((error: unknown) => ({ problem: sentence(error) }));
  if (turns.get(screen) === turn) screen.setData({ ...data, loading: false });
  void wx.stopPullDownRefresh();
}

/** Why something is not shown or not done, and what to do. */
export function sentence(error: unknown): string {
  if (error instanceof Busy) return words.busy.replace("{seconds}", String(error.retryAfterSeconds));
  if (error instanceof Refused) return error.message;
  if (error instanceof SignedOut || error instanceof SignInFailed) return words.signedOut;
  if (error instanceof Unreachable) return words.unreachable;
  throw error;
}

const SHANGHAI_MS = 8 * 3_600_000;

/** Months are those of Shanghai, wherever the phone is. */
export const thisMonth = (): string => new Date(Date.now() + SHANGHAI_MS).toISOString().slice(0, 7);
