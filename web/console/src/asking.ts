import { useCallback, useEffect, useRef, useState } from "react";
import { lost, useReturns } from "./connection";
import { session, useRenewals } from "./session";
import { useLanguage } from "./words";
import { ask, type Document, type Refused, Unreachable } from "./wire";

export interface Asked<Result> {
  data: Result | undefined;
  /** What was refused of the answer, or all of it. */
  refused: Refused[];
  failed: Error | undefined;
  loading: boolean;
  /** When the data was answered, in milliseconds since 1970. */
  at: number | undefined;
  again: () => void;
}

const KEPT_MAX = 60;
/** The latest answers: a page that is come back to shows at once what it last showed, and asks anew. */
const kept = new Map<string, { data: unknown; at: number; ask: number }>();
/** Asks are counted: a slow answer is older than one that was asked for later. */
let asks = 0;

function keep(key: string, data: unknown, ask: number): void {
  const before = kept.get(key);
  if (before && before.ask > ask) return;
  kept.delete(key);
  // The same as before is the same object: what is drawn of it is not drawn anew.
  kept.set(key, { data: JSON.stringify(data) === JSON.stringify(before?.data) ? before?.data : data, at: Date.now(), ask });
  const oldest = kept.keys().next();
  if (kept.size > KEPT_MAX && !oldest.done) kept.delete(oldest.value);
}

/** What else keeps answers, to be forgotten with these. */
export const alsoKept: { clear: () => void }[] = [];

export function forget(): void {
  for (const each of [kept, ...alsoKept]) each.clear();
}

const asker = (): string => `${session()?.name}|${session()?.role}|`;

/** One question of a screen. `null` variables: not asked yet. Asked again whenever the service comes back or a session begins. */
export function useAnswer<Result, Variables>(
  document: Document<Result, Variables>,
  variables: Variables | null,
): Asked<Result> {
  const returns = useReturns();
  const renewals = useRenewals();
  const language = useLanguage();
  const [times, setTimes] = useState(0);
  const asked = variables === null ? "" : `${asker()}${language}|${document}|${JSON.stringify(variables)}`;
  const [state, setState] = useState<{ key: string; refused: Refused[]; failed?: Error }>({ key: "", refused: [] });

  useEffect(() => {
    if (variables === null) return;
    let current = true;
    const mine = (asks += 1);
    ask(document, variables).then(
      (answer) => {
        // Another tab may have signed in as somebody else meanwhile: then it is theirs.
        if (asked.startsWith(asker())) keep(asked, answer.data, mine);
        if (current) setState({ key: asked, refused: answer.refused });
      },
      (failed: Error) => {
        if (failed instanceof Unreachable) lost();
        if (current) setState({ key: asked, refused: [], failed });
      },
    );
    return () => {
      current = false;
    };
    // `asked` holds the document and the variables
  }, [asked, returns, renewals, times]);

  // What is shown stays until the next answer, though it is kept for nobody any more.
  const shown = useRef<{ key: string; data: unknown; at: number }>(undefined);
  const found = kept.get(asked);
  if (found) shown.current = { key: asked, ...found };
  const last = shown.current?.key === asked ? shown.current : undefined;
  const data = last?.data as Result | undefined;
  const settled = state.key === asked;
  return {
    data,
    refused: settled ? state.refused : [],
    failed: settled ? state.failed : undefined,
    loading: variables !== null && data === undefined && !(settled && state.failed && !(state.failed instanceof Unreachable)),
    at: last?.at,
    again: useCallback(() => setTimes((before) => before + 1), []),
  };
}

/** For so long an answer is not asked for anew. */
export const FRESH_MS = 15_000;

/** Asks anew with every piece of `news`, counted up, and some time after each answer, as long as somebody looks at the page. */
export function useFresh<Result>({ at, failed, again }: Asked<Result>, news: number): void {
  useEffect(() => {
    if (news > 0) again();
  }, [news]);
  useEffect(() => {
    const isSeen = (): void => {
      if (document.visibilityState === "hidden") return;
      document.removeEventListener("visibilitychange", isSeen);
      again();
    };
    const timer = setTimeout(() => {
      document.addEventListener("visibilitychange", isSeen);
      isSeen();
    }, FRESH_MS);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", isSeen);
    };
  }, [at, failed]);
}

export interface Acting<Result, Variables> {
  act: (variables: Variables) => Promise<Result | undefined>;
  busy: boolean;
  /** Why it was not done: no answer, no session, or a refusal. */
  failed: Error | undefined;
}

/** Something to be done on a click. What was entered stays with the caller, so a lost answer loses nothing. */
export function useAction<Result, Variables>(document: Document<Result, Variables>): Acting<Result, Variables> {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<Error>();
  const act = useCallback(
    async (variables: Variables): Promise<Result | undefined> => {
      setBusy(true);
      setFailed(undefined);
      try {
        const answer = await ask(document, variables);
        if (answer.refused[0]) setFailed(answer.refused[0]);
        return answer.data;
      } catch (error) {
        if (error instanceof Unreachable) lost();
        setFailed(error as Error);
        return undefined;
      } finally {
        setBusy(false);
      }
    },
    [document],
  );
  return { act, busy, failed };
}
