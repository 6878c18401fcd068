import type { TypedDocumentString } from "./generated/graphql";
import { notify } from "./notice";
import { authorization, expire, hasChanged, session } from "./session";
import { within } from "./timeout";
import { language, named as word, t } from "./words";

/** No answer, or none of ours: the service is away, or something between us and it. It is worth trying again. */
export class Unreachable extends Error {}

/** The session is not taken any more. */
export class SignedOut extends Error {}

/** An answer that says no; `code` is the service's own. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

export type Document<Result, Variables> = TypedDocumentString<Result, Variables>;

interface Answer<Result> {
  data?: Result | null;
  errors?: { message: string; path?: (string | number)[]; extensions?: { code?: string } }[];
}

/** What came of a question: data as far as there is any, and what was refused of it beside it. */
export interface Answered<Result> {
  data: Result;
  refused: Refused[];
}

export const PATIENCE_MS = 45_000;

/** Whether to name documents by id: not to a service that takes none, or is of another build than this page. */
let byId = true;

/** A document as it is asked for: by the id under which the service knows it, else in full. */
export function named<Result, Variables>(document: Document<Result, Variables>): { documentId: string } | { query: string } {
  const id: unknown = document.__meta__?.["hash"];
  return byId && typeof id === "string" ? { documentId: id } : { query: document.toString() };
}

/** From now on documents go as texts; false if they do already. */
export function byText(): boolean {
  const before = byId;
  byId = false;
  return before;
}

export async function ask<Result, Variables>(
  document: Document<Result, Variables>,
  variables: Variables,
): Promise<Answered<Result>> {
  const writes = /^\s*mutation\b/m.test(document.toString());
  try {
    return await post<Result>({ ...named(document), variables }, writes);
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== "UNKNOWN_DOCUMENT" || !byText()) throw error;
    return post<Result>({ ...named(document), variables }, writes);
  }
}

async function post<Result>(body: object, writes: boolean): Promise<Answered<Result>> {
  const asker = session();
  let response: Response;
  try {
    response = await fetch("/graphql", {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json",
        "Accept-Language": language(),
        ...authorization(),
      },
      body: JSON.stringify(body),
      signal: within(PATIENCE_MS),
    });
  } catch (error) {
    // Too slow is not away: asking the same again by itself would only make it slower.
    if (error instanceof DOMException && error.name === "TimeoutError") throw new Refused(error.message, "TIMEOUT");
    throw new Unreachable(String(error));
  }
  if (response.status === 403 && (await hasChanged(asker))) {
    const now = session();
    if (!writes || (now?.name === asker?.name && now?.role === asker?.role)) return post<Result>(body, writes);
    // Nobody does by a click of somebody else, or in a role that was not the one seen.
    const said = t("sign.changed", { name: now?.name ?? "", role: word("role", now?.role ?? "") });
    notify(said);
    throw new Refused(said, "CHANGED");
  }
  if (response.status === 401 || response.status === 403) {
    if (session() === asker) expire();
    throw new SignedOut(String(response.status));
  }
  if (response.status > 500) throw new Unreachable(String(response.status));
  return understood<Result>(await bodyOf<Result>(response));
}

async function bodyOf<Result>(response: Response): Promise<Answer<Result>> {
  try {
    return (await response.json()) as Answer<Result>;
  } catch (error) {
    throw new Unreachable(String(error));
  }
}

function understood<Result>(answer: Answer<Result>): Answered<Result> {
  const refused = (answer.errors ?? []).map((one) => new Refused(one.message, one.extensions?.code ?? "UNKNOWN"));
  const first = refused[0];
  if (refused.some((one) => one.code === "UNAVAILABLE")) throw new Unreachable("store");
  if (answer.data === undefined || answer.data === null) throw first ?? new Unreachable("no data");
  return { data: answer.data, refused };
}
