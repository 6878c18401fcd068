import type { ReactNode } from "react";
import type { Asked } from "../asking";
import { useConnection } from "../connection";
import { notify, useNotice } from "../notice";
import { t } from "../words";
import { Refused, SignedOut, Unreachable } from "../wire";

/** Grey bars where text will stand. */
export function Skeleton({ lines = 4 }: { lines?: number }): ReactNode {
  return (
    <div className="skeleton" role="status" aria-label={t("state.loading")}>
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} className={`bar w${index % 4}`} />
      ))}
    </div>
  );
}

export function Empty({ children }: { children?: ReactNode }): ReactNode {
  return <p className="empty">{children ?? t("state.empty")}</p>;
}

/** What went wrong, and what to do. */
export function Problem({ error, again }: { error: Error; again?: () => void }): ReactNode {
  const forbidden = error instanceof Refused && error.code === "FORBIDDEN";
  const slow = error instanceof Refused && error.code === "TIMEOUT";
  const said = error instanceof Refused ? error.message : t("state.failed");
  return (
    <div className="problem" role="alert">
      <p>{forbidden ? t("state.forbidden") : slow ? t("state.slow") : said}</p>
      {again && !forbidden && (
        <button type="button" onClick={again}>
          {t("state.retry")}
        </button>
      )}
    </div>
  );
}

/** Why there is nothing where an answer has a part that was refused. */
export function Missing<Result>({ of }: { of: Asked<Result> }): ReactNode {
  return of.refused[0] ? <Problem error={of.refused[0]} again={of.again} /> : <Empty>{t("state.absent")}</Empty>;
}

/** Why something was not done; a lost answer says that what was entered is still there. */
export function NotDone({ error }: { error: Error | undefined }): ReactNode {
  if (error === undefined) return null;
  return (
    <p className="problem" role="alert">
      {error instanceof Unreachable ? t("state.notSent") : error instanceof SignedOut ? t("sign.expired") : error.message}
    </p>
  );
}

export interface Errors {
  errors: { message: string }[];
}

/** What the service said against it, as it said it. */
export function Refusals({ of }: { of: Errors | null | undefined }): ReactNode {
  if (!of || of.errors.length === 0) return null;
  return (
    <ul className="problem" role="alert">
      {of.errors.map((error) => (
        <li key={error.message}>{error.message}</li>
      ))}
    </ul>
  );
}

interface ShownProps<Result> {
  of: Asked<Result>;
  lines?: number;
  children: (data: Result) => ReactNode;
}

/** The answer, or what stands for it while it is not there. A refused part leaves the rest. */
export function Shown<Result>({ of, lines = 6, children }: ShownProps<Result>): ReactNode {
  if (of.data !== undefined) return children(of.data);
  if (of.failed && !(of.failed instanceof Unreachable)) return <Problem error={of.failed} again={of.again} />;
  return <Skeleton lines={lines} />;
}

/** Says that the service is away, and that it is back. */
export function ConnectionBanner(): ReactNode {
  const connection = useConnection();
  return (
    <div className={`banner ${connection}`} role="status" aria-live="polite">
      {connection === "lost" && t("state.lost")}
      {connection === "back" && t("state.back")}
    </div>
  );
}

/** What was to be said wherever one is by now. */
export function Notice(): ReactNode {
  const sentence = useNotice();
  if (sentence === null) return null;
  return (
    <div className="banner lost inline" role="alert">
      {sentence}
      <button type="button" className="plain" aria-label={t("act.close")} onClick={() => notify(null)}>
        ✕
      </button>
    </div>
  );
}
