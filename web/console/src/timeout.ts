/** Aborts after so long, with a TimeoutError. AbortSignal.timeout itself is younger than phones that are in use. */
export function within(ms: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new DOMException(`no answer in ${ms} ms`, "TimeoutError")), ms);
  return controller.signal;
}
