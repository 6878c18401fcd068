import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { type Asked, forget, useAction, useAnswer } from "../asking";
import { count, signedYuan } from "../figures";
import {
  BlastDocument,
  type BlastQuery,
  LockPromoterDocument,
  MoveBranchDocument,
  PreviewMoveDocument,
  type PreviewMoveQuery,
  UnlockPromoterDocument,
} from "../generated/graphql";
import { Dialog, Text } from "../parts/controls";
import { Figure, Mark, Money } from "../parts/marks";
import { type Errors, Missing, NotDone, Refusals, Shown } from "../parts/state";
import { Table } from "../parts/table";
import { t } from "../words";

interface Given {
  onClose: () => void;
  /** Called once it is done, not before. */
  onDone: () => void;
}

/** Whether an answer tells how it is: it came at `since` or later, and nothing went wrong after it. */
const isNow = ({ at, failed }: Asked<unknown>, since: number): boolean => at !== undefined && at >= since && failed === undefined;

/** First what it would do, then the button that does it: a move cannot be confirmed unseen. */
export function MoveDialog({ code, onClose, onDone }: Given & { code: string }): ReactNode {
  const [referrer, setReferrer] = useState("");
  const [reason, setReason] = useState("");
  const [asked, setAsked] = useState<{ referrer: string; at: number }>();
  const [key] = useState(() => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`);
  const [refused, setRefused] = useState<Errors>();
  const preview = useAnswer(
    PreviewMoveDocument,
    asked === undefined ? null : { promoterCode: code, referrerCode: asked.referrer || null },
  );
  const moving = useAction(MoveBranchDocument);
  const isSeen = asked?.referrer === referrer.trim() && isNow(preview, asked.at);
  const seen = isSeen ? preview.data?.previewMove : undefined;

  function look(): void {
    setAsked({ referrer: referrer.trim(), at: Date.now() });
    preview.again();
  }

  async function move(event: FormEvent): Promise<void> {
    event.preventDefault();
    const answer = await moving.act({
      input: { promoterCode: code, referrerCode: referrer.trim() || null, reason, key },
    });
    if (!answer) return;
    setRefused(answer.moveBranch);
    if (answer.moveBranch.errors.length === 0) {
      forget();
      onDone();
    }
  }

  return (
    <Dialog title={t("move.title", { code })} onClose={onClose}>
      <form onSubmit={move} className="form">
        <div className="inline">
          <Text label={t("move.to")} value={referrer} onChange={setReferrer} autoComplete="off" />
          <button type="button" onClick={look}>
            {t("move.preview")}
          </button>
        </div>
        {asked !== undefined && (
          <Shown of={preview}>
            {({ previewMove }) => (previewMove ? <Preview of={previewMove} /> : <Missing of={preview} />)}
          </Shown>
        )}
        <NotDone error={preview.data && preview.failed} />
        <Text label={t("move.reason")} value={reason} onChange={setReason} required />
        <Refusals of={refused} />
        <NotDone error={moving.failed} />
        <div className="inline end">
          <button type="button" onClick={onClose}>
            {t("act.cancel")}
          </button>
          <button type="submit" className="main" disabled={!seen || seen.errors.length > 0 || moving.busy}>
            {t("move.confirm", { count: count(seen?.movedCount ?? 0) })}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Preview({ of }: { of: NonNullable<PreviewMoveQuery["previewMove"]> }): ReactNode {
  return (
    <div className="preview">
      <p>{t("move.count", { count: count(of.movedCount) })}</p>
      {of.wouldCycle && (
        <p className="problem">
          {t("move.cycle")} {of.cyclePath.map((one) => one.code).join(" → ")}
        </p>
      )}
      <Refusals of={of} />
      {of.uplineDeltas.length > 0 && (
        <Table
          label={t("move.gains")}
          rows={of.uplineDeltas}
          id={(delta) => delta.promoter.code}
          columns={[
            { name: t("field.code"), cell: (delta) => <span className="code">{delta.promoter.code}</span> },
            { name: t("field.name"), cell: (delta) => delta.promoter.name },
            {
              name: t("field.people"),
              number: true,
              cell: (delta) => (delta.sizeDelta > 0 ? `+${count(delta.sizeDelta)}` : count(delta.sizeDelta)),
            },
            { name: t("field.teamVolume"), number: true, cell: (delta) => signedYuan(delta.volumeDeltaFen) },
          ]}
        />
      )}
      <p className="note">
        {t("move.after")}: <Mark kind="compliance" value={of.complianceAfter.state} />{" "}
        {t("who.complianceOf", of.complianceAfter)}
      </p>
    </div>
  );
}

/** What a lock would hold, to the fen. */
function Blast({ of }: { of: Asked<BlastQuery> }): ReactNode {
  return (
    <Shown of={of}>
      {({ blastRadius: blast }) =>
        blast ? (
          <>
            <h3>{t("blast.title")}</h3>
            <p className="note">{t("blast.locks", { count: count(blast.locks) })}</p>
            <dl className="figures">
              <Figure label={t("blast.frozen")} note={t("blast.entries", { count: count(blast.entries) })}>
                <Money fen={blast.frozenFen} />
              </Figure>
              <Figure label={t("blast.stopped")} note={count(blast.stoppedPayouts)}>
                <Money fen={blast.stoppedFen} />
              </Figure>
              <Figure label={t("blast.sent")}>
                <Money fen={blast.sentFen} />
              </Figure>
              <Figure label={t("blast.override")} note={count(blast.overrideAboveReceivers)}>
                <Money fen={blast.overrideAboveFen} />
              </Figure>
              <Figure label={t("blast.team")}>{count(blast.teamSize)}</Figure>
              <Figure label={t("blast.upline")}>{count(blast.uplineCount)}</Figure>
            </dl>
          </>
        ) : (
          <Missing of={of} />
        )
      }
    </Shown>
  );
}

interface Locking extends Given {
  codes: string[];
  /** Called for each as it is locked. */
  onLocked?: (code: string) => void;
  /** Called when some are locked and the rest is not. */
  onStopped?: () => void;
}

/** So many the service looks at in one go. */
const TOGETHER_MAX = 500;

/** First what it would hold, then the button that holds it; where it stops midway, the button goes on with the rest. */
export function LockDialog({ codes, onLocked, onStopped, onClose, onDone }: Locking): ReactNode {
  const [left, setLeft] = useState(codes);
  const [locked, setLocked] = useState(0);
  const [stoppedAt, setStoppedAt] = useState<string>();
  const [reason, setReason] = useState("");
  const [refused, setRefused] = useState<Errors>();
  const [openedAt] = useState(Date.now);
  const part = left.slice(0, TOGETHER_MAX);
  const blast = useAnswer(BlastDocument, { codes: part });
  const locking = useAction(LockPromoterDocument);
  const open = useRef(true);
  useEffect(() => {
    open.current = true;
    return () => {
      open.current = false;
    };
  }, []);

  async function lock(event: FormEvent): Promise<void> {
    event.preventDefault();
    setRefused(undefined);
    setStoppedAt(undefined);
    // One after the other: a lock is its own decision, and those done stay done if a later one is refused.
    for (const [index, code] of part.entries()) {
      const answer = await locking.act({ code, reason });
      if (!answer || answer.lockPromoter.errors.length > 0) {
        setRefused(answer?.lockPromoter);
        setStoppedAt(code);
        setLeft(left.slice(index));
        if (index > 0) onStopped?.();
        return;
      }
      setLocked(codes.length - left.length + index + 1);
      onLocked?.(code);
      if (!open.current) return onStopped?.();
    }
    forget();
    if (part.length === left.length) return onDone();
    setLeft(left.slice(part.length));
    onStopped?.();
  }

  const [only] = left;
  return (
    <Dialog
      title={left.length === 1 && only ? t("lock.title", { code: only }) : t("lock.titleMany", { count: count(left.length) })}
      onClose={onClose}
    >
      <form onSubmit={lock} className="form">
        {part.length < left.length && <p className="note">{t("lock.first", { count: count(part.length), all: count(left.length) })}</p>}
        <Blast of={blast} />
        <NotDone error={blast.data && blast.failed} />
        <Text label={t("field.reason")} value={reason} onChange={setReason} required />
        {stoppedAt !== undefined && codes.length > 1 && (
          <p className="problem">{t("lock.stopped", { code: stoppedAt, locked: count(locked), left: count(left.length) })}</p>
        )}
        <Refusals of={refused} />
        <NotDone error={locking.failed} />
        <div className="inline end">
          {locking.busy && codes.length > 1 && (
            <span className="note">{t("lock.progress", { locked: count(locked), all: count(codes.length) })}</span>
          )}
          <button type="button" onClick={onClose}>
            {t("act.cancel")}
          </button>
          <button type="submit" className="danger" disabled={!blast.data?.blastRadius || !isNow(blast, openedAt) || locking.busy}>
            {t("lock.confirm")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export function UnlockDialog({ code, onClose, onDone }: Given & { code: string }): ReactNode {
  const [reason, setReason] = useState("");
  const [refused, setRefused] = useState<Errors>();
  const unlocking = useAction(UnlockPromoterDocument);

  async function unlock(event: FormEvent): Promise<void> {
    event.preventDefault();
    const answer = await unlocking.act({ code, reason });
    if (!answer) return;
    setRefused(answer.unlockPromoter);
    if (answer.unlockPromoter.errors.length === 0) {
      forget();
      onDone();
    }
  }

  return (
    <Dialog title={t("unlock.title", { code })} onClose={onClose}>
      <form onSubmit={unlock} className="form">
        <Text label={t("field.reason")} value={reason} onChange={setReason} required />
        <Refusals of={refused} />
        <NotDone error={unlocking.failed} />
        <div className="inline end">
          <button type="button" onClick={onClose}>
            {t("act.cancel")}
          </button>
          <button type="submit" className="main" disabled={unlocking.busy}>
            {t("unlock.confirm")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
