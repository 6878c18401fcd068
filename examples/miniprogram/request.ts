/**
 * How the mini-program asks the service: by trusted documents, with a token that is renewed once it is not taken any
 * more, and again when no answer came.
 *
 * A request is written once and repeated as it was. What a write takes effect by stands in its variables (the contract
 * and the promoter, an order's number, a key), so the service does it once however often it arrives: also when it was
 * done and only the answer got lost.
 */

/** A document by the id under which the service knows it. */
export interface Document {
  readonly name: string;
  readonly id: string;
}

export interface Tokens {
  current(): string | undefined;
  /** A fresh one; callers at one time share the renewal. Throws SignInFailed. */
  renew(): Promise<string>;
}

export interface Service {
  /** Its /graphql. */
  url: string;
  tokens: Tokens;
  /** In which explanations come: zh-CN or en. */
  language: string;
  /** How long one attempt may take; a document is answered within 15 s or refused. */
  timeoutMs?: number;
  /** How long to wait before the attempts after the first: as many as there are numbers. */
  waitsMs?: readonly number[];
  /** The longest that the service may ask to wait for; beyond it the user decides. */
  patienceSeconds?: number;
}

/** The service says no, by a code of its own. */
export class Refused extends Error {
  readonly code: string;
  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** It cannot be answered now: too much was asked for, and it is told when to come again. */
export class Busy extends Refused {
  readonly retryAfterSeconds: number;
  constructor(message: string, code: string, retryAfterSeconds: number) {
    super(message, code);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** No answer in any attempt. What was to be done may have been done: doing it again is safe. */
export class Unreachable extends Error {
  readonly attempts: number;
  readonly last: string;
  constructor(attempts: number, last: string) {
    super(`no answer in ${attempts} attempts, at last: ${last}`);
    this.attempts = attempts;
    this.last = last;
  }
}

/** A fresh token is not taken either. */
export class SignedOut extends Error {}

interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string; extensions?: { code?: string; retryAfterSeconds?: number } }[];
}

interface Reply {
  status: number;
  body: unknown;
}

/** What an attempt came to: an end, a reason to come again, or a token that is not taken. */
type Attempt<Data> = { data: Data } | { again: string; waitMs?: number; error?: Busy } | { unauthorized: true };

const TIMEOUT_MS = 20_000;
const WAITS_MS = [500, 1_500, 4_000];
const PATIENCE_SECONDS = 30;

/** Asks of a service. The data of an answer, even if parts of it were refused; throws one of the errors above. */
export function asking(service: Service): <Data>(document: Document, variables?: object) => Promise<Data> {
  const waits = service.waitsMs ?? WAITS_MS;
  return async function ask<Data>(document: Document, variables: object = {}): Promise<Data> {
    const body = JSON.stringify({ documentId: document.id, variables });
    let token = service.tokens.current() ?? (await service.tokens.renew());
    let renewed = false;
    for (let attempt = 0; ; ) {
      const outcome = understood<Data>(await sent(service, body, token), service.patienceSeconds ?? PATIENCE_SECONDS);
      if ("data" in outcome) return outcome.data;
      if ("unauthorized" in outcome) {
        if (renewed) throw new SignedOut("a fresh token is not taken");
        renewed = true;
        const newer = service.tokens.current();
        token = newer !== undefined && newer !== token ? newer : await service.tokens.renew();
        continue;
      }
      const wait = waits[attempt];
      attempt += 1;
      if (wait === undefined) throw outcome.error ?? new Unreachable(attempt, outcome.again);
      await pause(outcome.waitMs ?? wait * (0.5 + Math.random() / 2));
    }
  };
}

/** One request. No answer is status 0, with the reason for a body. */
function sent(service: Service, body: string, token: string): Promise<Reply> {
  return new Promise((resolve) => {
    wx.request({
      url: service.url,
      method: "POST",
      data: body,
      timeout: service.timeoutMs ?? TIMEOUT_MS,
      header: {
        "Content-Type": "application/json",
        Accept: "application/json",
        "Accept-Language": service.language,
        Authorization: `Bearer ${token}`,
      },
      success: ({ statusCode, data }) => resolve({ status: statusCode, body: data }),
      fail: ({ errMsg }) => resolve({ status: 0, body: errMsg }),
    });
  });
}

function understood<Data>({ status, body }: Reply, patienceSeconds: number): Attempt<Data> {
  if (status === 0) return { again: String(body) };
  if (status === 401) return { unauthorized: true };
  // A proxy, a captive portal, or the service while it restarts: nothing that speaks our protocol has answered.
  if (status > 500 || typeof body !== "object" || body === null) return { again: `HTTP ${status}` };
  const { data, errors = [] } = body as Answer<Data>;
  for (const { message, extensions = {} } of errors) {
    const { code = "UNKNOWN", retryAfterSeconds } = extensions;
    if (retryAfterSeconds !== undefined) {
      const busy = new Busy(message, code, retryAfterSeconds);
      if (retryAfterSeconds > patienceSeconds) throw busy;
      return { again: code, waitMs: retryAfterSeconds * 1000, error: busy };
    }
    if (code === "UNAVAILABLE") return { again: code };
  }
  if (data !== undefined && data !== null) return { data };
  const [first] = errors;
  throw new Refused(first?.message ?? `HTTP ${status}`, first?.extensions?.code ?? "UNKNOWN");
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
