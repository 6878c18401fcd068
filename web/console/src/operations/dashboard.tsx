import { type ReactNode, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { useAnswer, useFresh } from "../asking";
import { count, dayOf, momentOf, secondOf, thisMonth, yuan } from "../figures";
import {
  DashboardLevelsDocument,
  DashboardTopDocument,
  type DashboardTopQuery,
  FindingNewsDocument,
  type FindingNewsSubscription,
  TeamNewsDocument,
  type TeamNewsSubscription,
} from "../generated/graphql";
import { useNews } from "../live";
import { MonthPicker, TheQuery } from "../parts/controls";
import { lazily } from "../parts/lazily";
import { Figure, Mark, Money } from "../parts/marks";
import { Empty, Missing, Shown, Skeleton } from "../parts/state";
import { Table } from "../parts/table";
import { alter, go, link } from "../route";
import { type Role, useSession } from "../session";
import { named, t, useLanguage } from "../words";
import { SeriesBoards } from "./series";
import "./operations.css";

const Chart = lazily(() => import("./charts"));

/** Who may see sums over time, and who hears of findings, as the service has it. */
const SUMMING: Role[] = ["OPERATOR", "FINANCE", "ADMIN"];
const STRUCTURES: Role[] = ["OPERATOR", "RISK", "ADMIN"];
/** News of a busy hour come several times a second; what costs a walk of many orders is asked no more often than this. */
const ANEW_MS = 5_000;
const GRAVE = 60;

export default function Dashboard({ search }: { search: URLSearchParams }): ReactNode {
  const month = search.get("month") ?? thisMonth();
  const role = useSession()?.role ?? "SERVICE";
  const answer = useAnswer(DashboardTopDocument, { month });
  const code = search.get("code") ?? answer.data?.promoters?.edges[0]?.node.code ?? null;
  const { team, finding, heard, news } = useDashboardNews(code, STRUCTURES.includes(role));
  useFresh(answer, news);
  return (
    <main className="page" id="content">
      <header className="head">
        <h1>{t("dash.title")}</h1>
        {code && (
          <span className={heard ? "live on" : "live"} role="status">
            {heard ? t("dash.live", { code }) : t("dash.notLive")}
          </span>
        )}
        {answer.at && <span className="note updated">{t("dash.updated", { at: secondOf(answer.at) })}</span>}
        <MonthPicker month={month} onChange={(chosen) => alter({ month: chosen, from: null, to: null })} />
      </header>
      {finding && (
        <p className="notice" role="status">
          <a {...link(`risk?id=${encodeURIComponent(finding.id)}`)}>
            {named("detector", finding.detector)} · {finding.score}
          </a>{" "}
          {finding.sentence}
        </p>
      )}
      {answer.refused[0] && <Missing of={answer} />}
      <Shown of={answer} lines={14}>
        {(data) => <Boards of={data} month={month} code={code} team={team} />}
      </Shown>
      {SUMMING.includes(role) && (
        <SeriesBoards
          search={search}
          month={month}
          news={news}
          products={(answer.data?.products.edges ?? []).map(({ node }) => node)}
        />
      )}
      <TheQuery text={String(DashboardTopDocument)} />
    </main>
  );
}

interface DashboardNews {
  team: TeamNewsSubscription["teamChanged"] | undefined;
  finding: FindingNewsSubscription["findingRaised"] | undefined;
  heard: boolean;
  /** Counted up when the team's sums are other ones, at most every few seconds. */
  news: number;
}

/** What is told of the chosen team and of findings. The first word on a team is how it is, and no news. */
function useDashboardNews(code: string | null, ofFindings: boolean): DashboardNews {
  const [told, setTold] = useState<{ code: string | null; team: DashboardNews["team"] }>();
  const [finding, setFinding] = useState<DashboardNews["finding"]>();
  const [news, setNews] = useState(0);
  const last = useRef<{ code: string | null; sums: string }>({ code: null, sums: "" });
  const due = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(due.current), []);
  const heard = useNews(TeamNewsDocument, code === null ? null : { code }, ({ teamChanged }) => {
    setTold({ code, team: teamChanged });
    const before = last.current;
    last.current = { code, sums: `${teamChanged.size} ${teamChanged.orders} ${teamChanged.volumeFen}` };
    const isNews = before.code === code && before.sums !== last.current.sums;
    if (!isNews || due.current !== undefined) return;
    due.current = setTimeout(() => {
      due.current = undefined;
      setNews((before) => before + 1);
    }, ANEW_MS);
  });
  useNews(FindingNewsDocument, ofFindings ? { minScore: GRAVE } : null, ({ findingRaised }) => setFinding(findingRaised));
  return { team: told?.code === code ? told.team : undefined, finding, heard, news };
}

interface BoardsProps {
  of: DashboardTopQuery;
  month: string;
  code: string | null;
  team: DashboardNews["team"];
}

function Boards({ of, month, code, team }: BoardsProps): ReactNode {
  const language = useLanguage();
  const top = of.promoters?.edges ?? [];
  const names = useMemo(() => top.map(({ node }) => node.code), [of]);
  const sales = useMemo(
    () => [
      { name: t("field.teamVolume"), values: top.map(({ node }) => node.team.volumeFen / 100) },
      { name: t("field.sales"), values: top.map(({ node }) => node.sales.volumeFen / 100) },
    ],
    [of, language],
  );
  return (
    <>
      <dl className="figures">
        <Figure label={t("dash.promoters")}>{counted(of.promoters)}</Figure>
        <Figure label={t("dash.active")}>{counted(of.active)}</Figure>
        <Figure label={t("dash.locked")}>{counted(of.locked)}</Figure>
        <Figure label={t("field.orders")}>{counted(of.orders)}</Figure>
        {of.ledgerCheck && (
          <Figure
            label={t("dash.ledger")}
            note={
              of.ledgerCheck.sumFen === 0 && of.ledgerCheck.unbalancedPostings === 0
                ? t("dash.balanced", { entries: count(of.ledgerCheck.entries) })
                : t("dash.unbalanced", { sum: yuan(of.ledgerCheck.sumFen) })
            }
          >
            <Money fen={of.ledgerCheck.sumFen} />
          </Figure>
        )}
      </dl>
      <div className="boards">
        <section className="board">
          <h2>{t("dash.top", { month })}</h2>
          <Suspense fallback={<Skeleton />}>
            <Chart everyName label={t("dash.top", { month })} categories={names} series={sales} onPick={(picked) => alter({ code: picked })} />
          </Suspense>
        </section>
        {code && <Levels code={code} team={team} />}
        <section className="board">
          <h2>{t("dash.payouts")}</h2>
          {of.payouts && of.payouts.edges.length > 0 ? (
            <Table
              label={t("dash.payouts")}
              rows={of.payouts.edges}
              id={({ node }) => node.id}
              onOpen={({ node }) => go(`promoter/${encodeURIComponent(node.promoter.code)}`)}
              columns={[
                {
                  name: t("field.code"),
                  cell: ({ node }) => (
                    <a className="code" {...link(`promoter/${encodeURIComponent(node.promoter.code)}`)}>
                      {node.promoter.code}
                    </a>
                  ),
                },
                { name: t("field.created"), cell: ({ node }) => dayOf(node.createdAt) },
                { name: t("field.state"), cell: ({ node }) => <Mark kind="pay" value={node.status} /> },
                { name: t("field.net"), number: true, cell: ({ node }) => <Money fen={node.netFen} /> },
              ]}
            />
          ) : (
            <Empty />
          )}
        </section>
      </div>
    </>
  );
}

/** A count, or a dash for one that was refused: it is not 0. */
const counted = (list: { totalCount: number } | null | undefined): string => (list ? count(list.totalCount) : "—");

/** What a click on a team shows of it. */
function Levels({ code, team }: { code: string; team: DashboardNews["team"] }): ReactNode {
  const answer = useAnswer(DashboardLevelsDocument, { code });
  useEffect(() => {
    if (answer.data !== undefined) answer.again();
  }, [team?.size]);
  const rows = answer.data?.promoter?.team.byLevel;
  const levels = useMemo(() => (rows ?? []).map((row) => `L${row.level}`), [rows]);
  const series = useMemo(() => [{ name: t("field.people"), values: (rows ?? []).map((row) => row.size) }], [rows]);
  return (
    <section className="board">
      <h2>
        {t("dash.levels")} ·{" "}
        <a className="code" {...link(`promoter/${encodeURIComponent(code)}`)}>
          {code}
        </a>
      </h2>
      {team && (
        <p className="note" aria-live="polite">
          {t("dash.teamNow", { people: count(team.size), orders: count(team.orders), sales: yuan(team.volumeFen), at: momentOf(team.computedAt) })}
        </p>
      )}
      <Shown of={answer} lines={5}>
        {() => (
          <Suspense fallback={<Skeleton />}>
            <Chart label={t("dash.levels")} categories={levels} series={series} onPick={() => go(`explore?root=${encodeURIComponent(code)}`)} />
          </Suspense>
        )}
      </Shown>
    </section>
  );
}
