import { type ReactNode, Suspense, useMemo } from "react";
import { useAnswer, useFresh } from "../asking";
import { RANKS } from "../console/list";
import { compact, count, dayAfter, monthAfter, percent, secondOf } from "../figures";
import { DashboardSeriesDocument, type DashboardSeriesQuery, type Rank, type SalesFilter, type SeriesPeriod } from "../generated/graphql";
import { SearchBox, Select, TheQuery } from "../parts/controls";
import { lazily } from "../parts/lazily";
import { Figure, Money } from "../parts/marks";
import { Empty, Missing, Shown, Skeleton } from "../parts/state";
import { Table } from "../parts/table";
import { alter } from "../route";
import { named, t, useLanguage } from "../words";
import type { Series } from "./charts";
import { Groups } from "./groups";

const Chart = lazily(() => import("./charts"));

type Sums = NonNullable<DashboardSeriesQuery["salesSeries"]>;
type Point = Sums["points"][number];
export interface Product {
  sku: string;
  title: string;
}

const PERIODS: SeriesPeriod[] = ["DAY", "WEEK", "MONTH"];
/** How far back weeks and months go from the end of the month that is shown. */
const WEEKS_DAYS = 26 * 7;
const MONTHS = 12;

interface Span {
  from: string;
  to: string;
  period: SeriesPeriod;
}

/** The days that the address asks for: those of a step that was opened, else as many as the period makes readable. */
function spanOf(search: URLSearchParams, month: string): Span {
  const [from, to] = [search.get("from"), search.get("to")];
  const period = PERIODS.find((one) => one === search.get("by")) ?? "DAY";
  if (from && to) return { from, to, period };
  const last = dayAfter(`${monthAfter(month, 1)}-01`, -1);
  if (period === "MONTH") return { from: `${monthAfter(month, 1 - MONTHS)}-01`, to: last, period };
  if (period === "WEEK") return { from: dayAfter(last, 1 - WEEKS_DAYS), to: last, period };
  return { from: `${month}-01`, to: last, period };
}

function filterOf(search: URLSearchParams): SalesFilter {
  return {
    sku: search.get("sku") || null,
    branchCode: search.get("branch") || null,
    rank: (search.get("rank") as Rank | null) || null,
    utmSource: search.get("source") || null,
    utmMedium: search.get("medium") || null,
    utmCampaign: search.get("campaign") || null,
  };
}

interface SeriesProps {
  search: URLSearchParams;
  month: string;
  products: Product[];
  /** Counted up with news of the followed team. */
  news: number;
}

/** Sales over time, narrowed by product, branch, rank and channel; a month or a week opens into its days. */
export function SeriesBoards({ search, month, products, news }: SeriesProps): ReactNode {
  const span = spanOf(search, month);
  const answer = useAnswer(DashboardSeriesDocument, { ...span, filter: filterOf(search) });
  useFresh(answer, news);
  const opened = search.get("from") !== null;
  const titles = useMemo(() => new Map(products.map(({ sku, title }) => [sku, title])), [products]);
  return (
    <section className="series" aria-label={t("dash.series")}>
      <header className="head">
        <h2>
          {t("dash.series")} · {span.from} – {span.to}
        </h2>
        {answer.at && <span className="note updated">{t("dash.updated", { at: secondOf(answer.at) })}</span>}
        <div className="filters">
          <Select<SeriesPeriod>
            quiet
            label={t("dash.period")}
            value={span.period}
            options={PERIODS.map((one) => [one, named("period", one)] as const)}
            onChange={(by) => alter({ by, from: null, to: null })}
          />
          {opened && (
            <button type="button" onClick={() => alter({ from: null, to: null, by: search.get("of") ?? "MONTH", of: null })}>
              {t("dash.widen")}
            </button>
          )}
          <Filters search={search} products={products} />
        </div>
      </header>
      <Shown of={answer} lines={10}>
        {({ salesSeries }) => (salesSeries ? <Boards of={salesSeries} period={span.period} /> : <Missing of={answer} />)}
      </Shown>
      <Groups search={search} from={span.from} to={span.to} filter={filterOf(search)} titles={titles} news={news} />
      <TheQuery text={String(DashboardSeriesDocument)} />
    </section>
  );
}

function Filters({ search, products }: { search: URLSearchParams; products: Product[] }): ReactNode {
  const any = (word: string): string => `${word}: ${t("field.any")}`;
  return (
    <>
      <Select
        quiet
        label={t("dash.product")}
        value={search.get("sku") ?? ""}
        options={[["", any(t("dash.product"))], ...products.map(({ sku, title }) => [sku, title || sku] as const)]}
        onChange={(sku) => alter({ sku })}
      />
      <Select
        quiet
        label={t("field.rank")}
        value={search.get("rank") ?? ""}
        options={[["", any(t("field.rank"))], ...RANKS.map((rank) => [rank, named("rank", rank)] as const)]}
        onChange={(rank) => alter({ rank })}
      />
      {(["branch", "source", "medium", "campaign"] as const).map((name) => (
        <SearchBox key={name} label={t(`dash.${name}`)} value={search.get(name) ?? ""} onChange={(to) => alter({ [name]: to })} />
      ))}
    </>
  );
}

function Boards({ of, period }: { of: Sums; period: SeriesPeriod }): ReactNode {
  const language = useLanguage();
  const { points } = of;
  const names = useMemo(() => points.map((point) => (period === "MONTH" ? point.from.slice(0, 7) : point.from)), [of]);
  const money = useMemo(
    () =>
      known([
        { name: t("dash.sold"), values: points.map((point) => point.volumeFen / 100) },
        { name: t("dash.commission"), values: points.map((point) => point.commissionFen / 100) },
        { name: t("dash.paidOut"), values: points.map((point) => part(point.payoutNetFen, 100)) },
      ]),
    [of, language],
  );
  const people = useMemo(
    () =>
      known([
        { name: t("dash.activePromoters"), values: points.map((point) => point.activePromoters) },
        { name: t("dash.newPromoters"), values: points.map((point) => part(point.newPromoters, 1)) },
      ]),
    [of, language],
  );
  const fission = useMemo(
    () => known([{ name: t("dash.fission"), values: points.map((point) => part(point.fissionBp, 10_000)), line: true }]),
    [of, language],
  );
  const steps = useMemo(() => of.orderValues.map(({ fromFen, belowFen }) => step(fromFen, belowFen ?? null)), [of, language]);
  const values = useMemo(() => [{ name: t("field.orders"), values: of.orderValues.map((one) => one.orders) }], [of, language]);
  const open = period === "DAY" ? undefined : (name: string) => opens(points[names.indexOf(name)], period);
  return (
    <>
      {of.truncated && <p className="problem">{t("dash.truncated")}</p>}
      <Totals points={points} />
      <div className="boards">
        <Board title={open ? `${t("dash.money")} (¥) · ${t("dash.opens")}` : `${t("dash.money")} (¥)`}>
          <Chart label={t("dash.money")} categories={names} series={money} onPick={open} />
        </Board>
        <Board title={t("dash.people")}>
          <Chart label={t("dash.people")} categories={names} series={people} onPick={open} />
        </Board>
        <Board title={t("dash.fission")}>
          {fission.length > 0 ? <Chart label={t("dash.fission")} categories={names} series={fission} /> : <Empty>—</Empty>}
        </Board>
        <Board title={`${t("dash.orderValues")} (¥)`}>
          <Chart label={t("dash.orderValues")} categories={steps} series={values} />
        </Board>
      </div>
      <Rows points={points} period={period} />
    </>
  );
}

/** A figure in its unit, or none: where the service tells none it is not 0. */
const part = (value: number | null | undefined, of: number): number | null => (value == null ? null : value / of);

/** The series that have any figure. */
const known = (series: Series[]): Series[] => series.filter(({ values }) => values.some((value) => value !== null));

const step = (fromFen: number, belowFen: number | null): string =>
  belowFen === null ? `≥${compact(fromFen / 100)}` : `<${compact(belowFen / 100)}`;

/** The days of a week or month, with the way back to it. */
function opens(point: Point | undefined, period: SeriesPeriod): void {
  if (point) alter({ from: point.from, to: point.to, by: "DAY", of: period }, { replace: false });
}

function Board({ title, children }: { title: string; children: ReactNode }): ReactNode {
  return (
    <section className="board">
      <h3>{title}</h3>
      <Suspense fallback={<Skeleton />}>{children}</Suspense>
    </section>
  );
}

function Totals({ points }: { points: Point[] }): ReactNode {
  const sum = (of: (point: Point) => number): number => points.reduce((all, point) => all + of(point), 0);
  // What is told of one point is told of all.
  const paidOut = points.some((one) => one.payouts == null) ? null : sum((one) => one.payoutNetFen ?? 0);
  const joined = points.some((one) => one.newPromoters == null) ? null : sum((one) => one.newPromoters ?? 0);
  return (
    <dl className="figures">
      <Figure label={t("dash.sold")} note={`${t("field.refunded")} ¥${compact(sum((one) => one.refundedFen) / 100)}`}>
        <Money fen={sum((one) => one.volumeFen)} />
      </Figure>
      <Figure label={t("field.orders")}>{count(sum((one) => one.orders))}</Figure>
      <Figure label={t("dash.commission")}>
        <Money fen={sum((one) => one.commissionFen)} />
      </Figure>
      <Figure label={t("dash.paidOut")} note={paidOut === null ? t("dash.notApart") : count(sum((one) => one.payouts ?? 0))}>
        {paidOut === null ? "—" : <Money fen={paidOut} />}
      </Figure>
      <Figure label={t("dash.newPromoters")} note={joined === null ? t("dash.notApart") : undefined}>
        {joined === null ? "—" : count(joined)}
      </Figure>
    </dl>
  );
}

/** What the pictures show, as numbers; a week or month opens from here too. */
function Rows({ points, period }: { points: Point[]; period: SeriesPeriod }): ReactNode {
  const money = (fen: number | null | undefined): ReactNode => (fen === null || fen === undefined ? "—" : <Money fen={fen} />);
  return (
    <details>
      <summary>{t("bench.table")}</summary>
      <Table
        label={t("dash.series")}
        rows={points}
        id={(point) => point.from}
        onOpen={period === "DAY" ? undefined : (point) => opens(point, period)}
        columns={[
          { name: t("field.from"), cell: (point) => point.from },
          { name: t("field.to"), cell: (point) => point.to },
          { name: t("field.orders"), number: true, cell: (point) => count(point.orders) },
          { name: t("dash.sold"), number: true, cell: (point) => money(point.volumeFen) },
          { name: t("dash.commission"), number: true, cell: (point) => money(point.commissionFen) },
          { name: t("dash.paidOut"), number: true, cell: (point) => money(point.payoutNetFen) },
          { name: t("dash.activePromoters"), number: true, cell: (point) => count(point.activePromoters) },
          { name: t("dash.newPromoters"), number: true, cell: (point) => point.newPromoters ?? "—" },
          { name: t("dash.fission"), number: true, cell: (point) => (point.fissionBp == null ? "—" : percent(point.fissionBp)) },
        ]}
      />
    </details>
  );
}
