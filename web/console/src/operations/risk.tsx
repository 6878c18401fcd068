import { lazy, type ReactNode, Suspense, useState } from "react";
import { useAction, useAnswer } from "../asking";
import { LockDialog, Refusals } from "../console/actions";
import { count, momentOf } from "../figures";
import {
  type FindingFilter,
  type FindingStatus,
  ReviewFindingDocument,
  RiskFindingDocument,
  type RiskFindingQuery,
  RiskQueueDocument,
  type RiskQueueQuery,
  type Verdict,
} from "../generated/graphql";
import { useMore } from "../more";
import { Select, Text, TheQuery } from "../parts/controls";
import { Mark, Money, Rank, Status } from "../parts/marks";
import { Empty, NotDone, Shown, Skeleton } from "../parts/state";
import { Table } from "../parts/table";
import { alter, link } from "../route";
import { useSession } from "../session";
import { named, t } from "../words";
import "./operations.css";

const Structure = lazy(() => import("../explore/structure"));

type Edge = NonNullable<RiskQueueQuery["findings"]>["edges"][number];
type Finding = Extract<NonNullable<RiskFindingQuery["node"]>, { __typename: "Finding" }>;
const STATUSES: FindingStatus[] = ["OPEN", "CONFIRMED", "DISMISSED"];
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
  const more = useMore<Edge>(JSON.stringify(filter));
  const answer = useAnswer(RiskQueueDocument, { filter, after: more.after });
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
          </div>
        </header>
        <Shown of={answer} lines={14}>
          {({ findings }) => {
            const rows = [...more.before, ...(findings?.edges ?? [])];
            if (!findings || rows.length === 0) return <Empty>{t("risk.none")}</Empty>;
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
        {id ? <Case key={id} id={id} again={answer.again} /> : <Empty>{t("risk.pick")}</Empty>}
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
            <Empty>{t("state.absent")}</Empty>
          )
        }
      </Shown>
      <TheQuery text={String(RiskFindingDocument)} />
    </>
  );
}

function Found({ of, again }: { of: Finding; again: () => void }): ReactNode {
  const [locking, setLocking] = useState(false);
  const role = useSession()?.role;
  const open = of.members.filter((member) => member.status !== "LOCKED");
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
            {of.closedAt && ` · ${t("risk.gone")} ${momentOf(of.closedAt)}`} · {t("field.stake")} <Money fen={of.atStakeFen} />
          </p>
        </div>
        <button type="button" className="danger" disabled={open.length === 0} onClick={() => setLocking(true)}>
          {t("risk.lockMembers")}
        </button>
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
      <h3>
        {t("field.members")} <span className="note">{count(of.memberCount)}</span>
      </h3>
      <Table
        label={t("field.members")}
        rows={of.members}
        id={(member) => member.code}
        columns={[
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
      {(role === "RISK" || role === "ADMIN") && <Review of={of} again={again} />}
      {locking && (
        <LockDialog
          codes={open.map((member) => member.code).slice(0, 100)}
          onClose={() => setLocking(false)}
          onDone={() => {
            setLocking(false);
            again();
          }}
        />
      )}
    </>
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
