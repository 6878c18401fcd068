import { lazy, type ReactNode, Suspense, useMemo } from "react";
import { useAnswer } from "../asking";
import { compact, count, dayOf, thisMonth, yuan } from "../figures";
import { DashboardLevelsDocument, DashboardTopDocument, type DashboardTopQuery } from "../generated/graphql";
import { MonthPicker, TheQuery } from "../parts/controls";
import { Figure, Mark, Money } from "../parts/marks";
import { Empty, Shown, Skeleton } from "../parts/state";
import { Table } from "../parts/table";
import { alter, go, link } from "../route";
import { t, useLanguage } from "../words";
import "./operations.css";

const Chart = lazy(() => import("./charts"));

/** Upper bounds of an order's net, in yuan. */
const STEPS = [50, 100, 200, 500, 1000, 2000, 5000, Infinity];

export default function Dashboard({ search }: { search: URLSearchParams }): ReactNode {
  const month = search.get("month") ?? thisMonth();
  const answer = useAnswer(DashboardTopDocument, { month });
  return (
    <main className="page" id="content">
      <header className="head">
        <h1>{t("dash.title")}</h1>
        <MonthPicker month={month} onChange={(chosen) => alter({ month: chosen })} />
      </header>
      <Shown of={answer} lines={14}>
        {(data) => <Boards of={data} month={month} chosen={search.get("code")} />}
      </Shown>
      <TheQuery text={String(DashboardTopDocument)} />
    </main>
  );
}

function Boards({ of, month, chosen }: { of: DashboardTopQuery; month: string; chosen: string | null }): ReactNode {
  const language = useLanguage();
  const top = of.promoters?.edges ?? [];
  const code = chosen ?? top[0]?.node.code;
  const names = useMemo(() => top.map(({ node }) => node.code), [of]);
  const sales = useMemo(
    () => [
      { name: t("field.teamVolume"), values: top.map(({ node }) => node.team.volumeFen / 100) },
      { name: t("field.sales"), values: top.map(({ node }) => node.sales.volumeFen / 100) },
    ],
    [of, language],
  );
  const orders = of.orders?.edges ?? [];
  const steps = useMemo(() => STEPS.map((most, at) => (most === Infinity ? `>${compact(STEPS[at - 1] ?? 0)}` : `≤${compact(most)}`)), [language]);
  const values = useMemo(() => {
    const bins = STEPS.map(() => 0);
    for (const { node } of orders) {
      const at = STEPS.findIndex((most) => node.netFen <= most * 100);
      bins[at] = (bins[at] ?? 0) + 1;
    }
    return [{ name: t("field.orders"), values: bins }];
  }, [of, language]);
  return (
    <>
      <dl className="figures">
        <Figure label={t("dash.promoters")}>{count(of.promoters?.totalCount ?? 0)}</Figure>
        <Figure label={t("dash.active")}>{count(of.active?.totalCount ?? 0)}</Figure>
        <Figure label={t("dash.locked")}>{count(of.locked?.totalCount ?? 0)}</Figure>
        <Figure label={t("field.orders")}>{count(of.orders?.totalCount ?? 0)}</Figure>
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
          <h2>
            {t("dash.top")} · {month}
          </h2>
          <Suspense fallback={<Skeleton />}>
            <Chart label={t("dash.top")} categories={names} series={sales} onPick={(picked) => alter({ code: picked })} />
          </Suspense>
        </section>
        {code && <Levels code={code} />}
        <section className="board">
          <h2>{t("dash.ordersDist", { count: orders.length })} (¥)</h2>
          <Suspense fallback={<Skeleton />}>
            <Chart label={t("dash.ordersDist", { count: orders.length })} categories={steps} series={values} />
          </Suspense>
        </section>
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

/** What a click on a team shows of it. */
function Levels({ code }: { code: string }): ReactNode {
  const answer = useAnswer(DashboardLevelsDocument, { code });
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
