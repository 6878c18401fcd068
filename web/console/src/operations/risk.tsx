import { type ReactNode, Suspense, useEffect, useState } from "react";
import { useAction, useAnswer } from "../asking";
import { LockDialog } from "../console/actions";
import { count, momentOf } from "../figures";
import {
  type FindingFilter,
  type FindingSort,
  type FindingStatus,
  ReviewFindingDocument,
  RiskFindingDocument,
  type RiskFindingQuery,
  RiskMembersDocument,
  type RiskMembersQuery,
  RiskQueueDocument,
  type RiskQueueQuery,
  type Verdict,
} from "../generated/graphql";
import { useMore } from "../more";
import { Select, Text, TheQuery } from "../parts/controls";
import { lazily } from "../parts/lazily";
import { Mark, Money, Rank, Status } from "../parts/marks";
import { Empty, Missing, NotDone, Refusals, Shown, Skeleton } from "../parts/state";
import { Table } from "../parts/table";
import { alter, link } from "../route";
import { useSession } from "../session";
import { named, t } from "../words";
import "./operations.css";

const Structure = lazily(() => import("../explore/structure"));

type Edge = NonNullable<RiskQueueQuery["findings"]>["edges"][number];
type Finding = Extract<NonNullable<RiskFindingQuery["node"]>, { __typename: "Finding" }>;
type Member = Extract<NonNullable<RiskMembersQuery["node"]>, { __typename: "Finding" }>["members"][number];
const STATUSES: FindingStatus[] = ["OPEN", "CONFIRMED", "DISMISSED"];
const SORTS: FindingSort[] = ["SCORE", "AT_STAKE"];
const DETECTORS = [
  "REFERRAL_CYCLE",
  "DEEP_CHAIN",
  "COMPLIANCE_LINE",
  "IDENTITY_RING",
  "SHARED_PAYOUT_ACCOUNT",
  "MUTUAL_PURCHASE",
  "SELF_PURCHASE",
  "REFUND_RING",
  "STAR_BURST",
  "DORMANT_INTERMEDIARY",
  "THRESHOLD_STUFFING",
  "COMMISSION_SPIKE",
] as const;

export default function Risk({ search }: { search: URLSearchParams }): ReactNode {
  const id = search.get("id");
  const closed = search.get("closed") === "1";
  const filter: FindingFilter = {
    status: (search.get("status") as FindingStatus | null) || null,
    detector: search.get("detector") || null,
    minScore: Number(search.get("min")) || null,
    closed: closed || null,
  };
  const orderBy = SORTS.find((one) => one === search.get("by")) ?? "SCORE";
  const more = useMore<Edge>(JSON.stringify([filter, orderBy]));
  const answer = useAnswer(RiskQueueDocument, { filter, orderBy, after: more.after });
  /** Rows of earlier pages are not asked for again: after a change the queue begins at its first. */
  const again = (): void => {
    more.first();
    answer.again();
  };
  return (
    <main className="desk" id="content">
      <section className="queue" aria-label={t("risk.title")}>
        <header className="head">
          <h1>{t("risk.title")}</h1>
          <div className="filters">
            <Select
              quiet
              label={t("field.status")}
              value={filter.status ?? ""}
              options={[["", `${t("field.status")}: ${t("field.any")}`], ...STATUSES.map((one) => [one, named("finding", one)] as const)]}
              onChange={(status) => alter({ status })}
            />
            <Select
              quiet
              label={t("field.detector")}
              value={filter.detector ?? ""}
              options={[["", `${t("field.detector")}: ${t("field.any")}`], ...DETECTORS.map((key) => [key, titled(key)] as const)]}
              onChange={(detector) => alter({ detector })}
            />
            <Select
              quiet
              label={t("risk.minScore")}
              value={String(filter.minScore ?? "")}
              options={[["", `${t("risk.score")}: ${t("field.any")}`], ["70", "≥ 70"], ["80", "≥ 80"], ["90", "≥ 90"]]}
              onChange={(min) => alter({ min })}
            />
            <Select
              quiet
              label={t("risk.sort")}
              value={orderBy}
              options={SORTS.map((one) => [one, named("risk.sort", one)] as const)}
              onChange={(by) => alter({ by: by === "SCORE" ? null : by })}
            />
            <label>
              <input type="checkbox" checked={closed} onChange={(event) => alter({ closed: event.target.checked ? "1" : null })} />{" "}
              {t("risk.closed")}
            </label>
          </div>
        </header>
        <Shown of={answer} lines={14}>
          {({ findings }) => {
            if (!findings) return <Missing of={answer} />;
            const rows = [...more.before, ...findings.edges];
            if (rows.length === 0) return <Empty>{t("risk.none")}</Empty>;
            return (
              <>
                <Table
                  main
                  label={t("risk.title")}
                  rows={rows}
                  id={({ node }) => node.id}
                  chosen={id ?? undefined}
                  onOpen={({ node }) => alter({ id: node.id })}
                  columns={[
                    { name: t("risk.score"), number: true, cell: ({ node }) => <Score of={node.score} /> },
                    {
                      name: t("field.detector"),
                      cell: ({ node }) => (
                        <span className="said">
                          <b>{titled(node.detector)}</b> {node.status !== "OPEN" && <Mark kind="finding" value={node.status} />}
                          <small>{node.sentence}</small>
                        </span>
                      ),
                    },
                    { name: t("field.members"), number: true, cell: ({ node }) => count(node.memberCount) },
                    { name: t("field.stake"), number: true, cell: ({ node }) => <Money fen={node.atStakeFen} short /> },
                  ]}
                />
                <footer className="under">
                  <span className="note">{t("risk.sum", { count: count(findings.totalCount) })}</span>
                  {findings.pageInfo.hasNextPage && (
                    <button type="button" onClick={() => more.next(findings)}>
                      {t("act.more")}
                    </button>
                  )}
                </footer>
              </>
            );
          }}
        </Shown>
        <TheQuery text={String(RiskQueueDocument)} />
      </section>
      <section className="case" aria-label={t("risk.evidence")}>
        {id ? <Case key={id} id={id} again={again} /> : <Empty>{t("risk.pick")}</Empty>}
      </section>
    </main>
  );
}

const titled = (key: string): string => named("detector", key);

export const Score = ({ of }: { of: number }): ReactNode => (
  <b className={of >= 90 ? "score grave" : of >= 75 ? "score high" : "score"}>{of}</b>
);

function Case({ id, again }: { id: string; again: () => void }): ReactNode {
  const answer = useAnswer(RiskFindingDocument, { id });
  return (
    <>
      <Shown of={answer} lines={14}>
        {({ node }) =>
          node?.__typename === "Finding" ? (
            <Found
              of={node}
              again={() => {
                answer.again();
                again();
              }}
            />
          ) : (
            <Missing of={answer} />
          )
        }
      </Shown>
      <TheQuery text={String(RiskFindingDocument)} />
    </>
  );
}

function Found({ of, again }: { of: Finding; again: () => void }): ReactNode {
  const [reviews, setReviews] = useState(0);
  const role = useSession()?.role;
  return (
    <>
      <header className="head">
        <div>
          <h2>
            <Score of={of.score} /> {titled(of.detector)} <Mark kind="finding" value={of.status} />
          </h2>
          <p>{of.sentence}</p>
          <p className="note">
            {t("field.firstSeen")} {momentOf(of.firstSeen)} · {t("field.lastSeen")} {momentOf(of.lastSeen)}
            {of.closedAt && ` · ${t("risk.gone")} ${momentOf(of.closedAt)}`} · {t("field.stake")} <Money fen={of.atStakeFen} /> ·{" "}
            <a {...link(`detectors?key=${encodeURIComponent(of.detector)}`)}>
              {t("detect.version", { version: of.detectorVersion, set: of.parameterSet })}
            </a>
          </p>
        </div>
      </header>
      <div className="beside">
        <div>
          <h3>{t("risk.structure")}</h3>
          <Suspense fallback={<Skeleton />}>
            <Structure nodes={of.structure.nodes} edges={of.structure.edges} />
          </Suspense>
          {of.structure.truncated && <p className="note">{t("state.truncated")}</p>}
        </div>
        <div>
          <h3>{t("risk.evidence")}</h3>
          <dl className="sums">
            {of.evidence.map((one) => (
              <div key={one.key}>
                <dt>{named("evidence", one.key)}</dt>
                <dd>
                  <b>{one.value}</b>{" "}
                  {one.threshold && <span className="note">{t("risk.threshold", { value: one.threshold })}</span>}
                </dd>
              </div>
            ))}
          </dl>
        </div>
      </div>
      <Members of={of} reviews={reviews} again={again} />
      {(role === "RISK" || role === "ADMIN") && (
        <Review
          of={of}
          again={() => {
            setReviews((before) => before + 1);
            again();
          }}
        />
      )}
    </>
  );
}

interface MembersProps {
  of: Finding;
  /** How many times it was reviewed here. */
  reviews: number;
  again: () => void;
}

/** Whom a finding names, page by page, and who of them is to be locked: all until somebody says otherwise. */
function Members({ of, reviews, again }: MembersProps): ReactNode {
  const more = useMore<Member>(of.id);
  const answer = useAnswer(RiskMembersDocument, { id: of.id, afterCode: more.after });
  /** All but these or none but these, also of members that come with later pages. */
  const [choice, setChoice] = useState<{ all: boolean; but: ReadonlySet<string> }>({ all: true, but: new Set() });
  /** Whom this page has locked: earlier pages of the list are not asked again. */
  const [locked, setLocked] = useState<ReadonlySet<string>>(new Set());
  const [locking, setLocking] = useState<string[]>();
  const [done, setDone] = useState(false);
  const page = answer.data?.node?.__typename === "Finding" ? answer.data.node.members : [];
  const rows = [...more.before, ...page].map((member) => (locked.has(member.code) ? { ...member, status: "LOCKED" as const } : member));
  const free = rows.filter((member) => member.status !== "LOCKED").map((member) => member.code);
  const isChosen = (code: string): boolean => choice.all !== choice.but.has(code);
  const chosen = free.filter(isChosen);

  useEffect(() => {
    if (reviews === 0) return;
    // A review may end locks: all members are read anew, and who was to be spared is spared still.
    setLocked(new Set());
    more.first();
    answer.again();
  }, [reviews]);

  function chooseAll(all: boolean): void {
    setDone(false);
    setChoice({ all, but: new Set() });
  }

  function toggle(code: string): void {
    setDone(false);
    setChoice({ ...choice, but: new Set(choice.but.has(code) ? [...choice.but].filter((one) => one !== code) : [...choice.but, code]) });
  }

  return (
    <section>
      <header className="head">
        <h3>
          {t("field.members")} <span className="note">{t("risk.shown", { shown: count(rows.length), all: count(of.memberCount) })}</span>
        </h3>
        <div className="inline">
          <button type="button" disabled={free.length === 0} onClick={() => chooseAll(chosen.length === 0)}>
            {chosen.length === 0 ? t("risk.chooseAll") : t("risk.chooseNone")}
          </button>
          <button type="button" className="danger" disabled={chosen.length === 0} onClick={() => setLocking(chosen)}>
            {t("risk.lockMembers", { count: count(chosen.length) })}
          </button>
        </div>
      </header>
      {done && <p className="good" role="status">{t("lock.done")}</p>}
      <Table
        label={t("field.members")}
        rows={rows}
        id={(member) => member.code}
        columns={[
          {
            name: t("lock.confirm"),
            cell: ({ code, status }) => (
              <input
                type="checkbox"
                aria-label={t("risk.choose", { code })}
                disabled={status === "LOCKED"}
                checked={status !== "LOCKED" && isChosen(code)}
                onChange={() => toggle(code)}
              />
            ),
          },
          {
            name: t("field.code"),
            cell: (member) => (
              <a className="code" {...link(`promoter/${encodeURIComponent(member.code)}`)}>
                {member.code}
              </a>
            ),
          },
          { name: t("field.name"), cell: (member) => member.name },
          {
            name: t("field.rank"),
            cell: (member) => (
              <>
                <Rank value={member.rank} /> <Status value={member.status} />
              </>
            ),
          },
          { name: t("field.sales"), number: true, cell: (member) => <Money fen={member.sales.volumeFen} /> },
        ]}
      />
      <Shown of={answer}>
        {() =>
          rows.length < of.namedCount ? (
            <button
              type="button"
              onClick={() => more.next({ pageInfo: { endCursor: rows.at(-1)?.code ?? null }, edges: page })}
            >
              {t("act.more")}
            </button>
          ) : (
            of.namedCount < of.memberCount && <p className="note">{t("risk.named", { named: count(of.namedCount) })}</p>
          )
        }
      </Shown>
      {locking && (
        <LockDialog
          codes={locking}
          onLocked={(code) => setLocked((before) => new Set([...before, code]))}
          onStopped={again}
          onClose={() => setLocking(undefined)}
          onDone={() => {
            setLocking(undefined);
            setDone(true);
            again();
          }}
        />
      )}
    </section>
  );
}

function Review({ of, again }: { of: Finding; again: () => void }): ReactNode {
  const [note, setNote] = useState(of.note ?? "");
  const [said, setSaid] = useState<{ errors: { message: string }[] }>();
  const reviewing = useAction(ReviewFindingDocument);
  async function decide(verdict: Verdict): Promise<void> {
    const answer = await reviewing.act({ id: of.id, verdict, note: note || null });
    if (!answer) return;
    setSaid(answer.reviewFinding);
    // What is shown stays until the new answer is there: the note, and that it was recorded.
    if (answer.reviewFinding.errors.length === 0) again();
  }
  return (
    <section>
      <h3>{t("risk.review")}</h3>
      <div className="form">
        <Text label={t("risk.note")} value={note} onChange={setNote} />
        <Refusals of={said} />
        <NotDone error={reviewing.failed} />
        {said && said.errors.length === 0 && <p className="good" role="status">{t("risk.reviewed")}</p>}
        <div className="inline">
          <button type="button" className="main" disabled={reviewing.busy} onClick={() => void decide("CONFIRM")}>
            {t("risk.CONFIRM")}
          </button>
          <button type="button" disabled={reviewing.busy} onClick={() => void decide("DISMISS")}>
            {t("risk.DISMISS")}
          </button>
          {of.reviewedAt && <span className="note">{momentOf(of.reviewedAt)}</span>}
        </div>
      </div>
    </section>
  );
}
