import type { ReactNode } from "react";
import { type Asked, useAnswer } from "../asking";
import { count, dayOf, momentOf } from "../figures";
import {
  PromoterDownlineDocument,
  PromoterEntriesDocument,
  PromoterOrdersDocument,
  PromoterPayoutsDocument,
} from "../generated/graphql";
import { type More, useMore } from "../more";
import { Mark, Money, Rank, Status } from "../parts/marks";
import { Empty, Shown } from "../parts/state";
import { Table } from "../parts/table";
import { go, link } from "../route";
import { named, t } from "../words";
import type { Whole } from "./promoter";

export const to = (code: string): string => `promoter/${encodeURIComponent(code)}`;

interface Page<Edge> {
  totalCount: number;
  pageInfo: { hasNextPage: boolean; endCursor?: string | null };
  edges: Edge[];
}

/** A list whose first page came with the promoter, and whose next ones are asked for by `asked`. */
interface List<Edge> {
  rows: Edge[];
  /** Null at the end, and while the next page is not there. */
  onMore: (() => void) | null;
}

function listOf<Edge, Result>(
  first: Page<Edge> | null | undefined,
  more: More<Edge>,
  next: Asked<Result>,
  pageOf: (result: Result) => Page<Edge> | null | undefined,
): List<Edge> {
  const page = more.after === null ? first : next.data && pageOf(next.data);
  const rows = [...more.before, ...(page?.edges ?? [])];
  return { rows, onMore: page?.pageInfo.hasNextPage ? () => more.next(page) : null };
}

/** Below a list that goes on: the way on, or why the next page is not there yet. */
function Further<Result>({ of, next }: { of: List<unknown>; next: Asked<Result> }): ReactNode {
  if (of.onMore) {
    return (
      <button type="button" onClick={of.onMore}>
        {t("act.more")}
      </button>
    );
  }
  return next.loading || next.failed ? <Shown of={next}>{() => null}</Shown> : null;
}

/** A list with nothing in it; one that was not told is not said to be empty. */
function None({ of, children }: { of: object | null | undefined; children?: ReactNode }): ReactNode {
  return of ? <Empty>{children}</Empty> : <Empty>—</Empty>;
}

export function Entries({ one, month }: { one: Whole; month: string }): ReactNode {
  const more = useMore<NonNullable<Whole["commissions"]>["edges"][number]>("");
  const next = useAnswer(PromoterEntriesDocument, more.after === null ? null : { code: one.code, month, after: more.after });
  const list = listOf(one.commissions, more, next, ({ promoter }) => promoter?.commissions);
  return (
    <section>
      <h2>
        {t("who.entries")} <span className="note">{one.commissions && count(one.commissions.totalCount)}</span>
      </h2>
      {list.rows.length === 0 ? (
        <None of={one.commissions}>{t("earn.none")}</None>
      ) : (
        <ul className="entries">
          {list.rows.map(({ node }) => (
            <li key={node.id}>
              <details>
                <summary>
                  <span>
                    {named("kind", node.kind)}
                    {node.level > 0 && ` L${node.level}`} <Mark kind="entry" value={node.state} />
                  </span>
                  <span className="code note">{node.order?.number}</span>
                  <Money fen={node.amountFen} signed />
                </summary>
                <p className="note">{node.explanation}</p>
              </details>
            </li>
          ))}
        </ul>
      )}
      <Further of={list} next={next} />
    </section>
  );
}

export function Orders({ one }: { one: Whole }): ReactNode {
  const more = useMore<NonNullable<Whole["orders"]>["edges"][number]>("");
  const next = useAnswer(PromoterOrdersDocument, more.after === null ? null : { code: one.code, after: more.after });
  const list = listOf(one.orders, more, next, ({ promoter }) => promoter?.orders);
  return (
    <section>
      <h2>
        {t("who.orders")} <span className="note">{one.orders && count(one.orders.totalCount)}</span>
      </h2>
      {list.rows.length === 0 ? (
        <None of={one.orders} />
      ) : (
        <Table
          label={t("who.orders")}
          rows={list.rows}
          id={({ node }) => node.number}
          columns={[
            { name: t("field.number"), cell: ({ node }) => <span className="code">{node.number}</span> },
            { name: t("field.state"), cell: ({ node }) => <span className="note">{node.status}</span> },
            { name: t("field.buyer"), cell: ({ node }) => <span className="code">{node.buyerCode}</span> },
            { name: t("field.paid"), cell: ({ node }) => momentOf(node.paidAt) },
            { name: t("field.net"), number: true, cell: ({ node }) => <Money fen={node.netFen} /> },
          ]}
        />
      )}
      <Further of={list} next={next} />
    </section>
  );
}

export function Payouts({ one }: { one: Whole }): ReactNode {
  const more = useMore<NonNullable<Whole["payouts"]>["edges"][number]>("");
  const next = useAnswer(PromoterPayoutsDocument, more.after === null ? null : { code: one.code, after: more.after });
  const list = listOf(one.payouts, more, next, ({ promoter }) => promoter?.payouts);
  return (
    <section>
      <h2>
        {t("who.payouts")} <span className="note">{one.payouts && count(one.payouts.totalCount)}</span>
      </h2>
      {list.rows.length === 0 ? (
        <None of={one.payouts} />
      ) : (
        <Table
          label={t("who.payouts")}
          rows={list.rows}
          id={({ node }) => node.id}
          columns={[
            { name: t("field.created"), cell: ({ node }) => dayOf(node.createdAt) },
            { name: t("field.state"), cell: ({ node }) => <Mark kind="pay" value={node.status} /> },
            { name: t("field.gross"), number: true, cell: ({ node }) => <Money fen={node.grossFen} /> },
            { name: t("field.tax"), number: true, cell: ({ node }) => <Money fen={node.taxFen} /> },
            { name: t("field.net"), number: true, cell: ({ node }) => <Money fen={node.netFen} /> },
          ]}
        />
      )}
      <Further of={list} next={next} />
    </section>
  );
}

export function Downline({ one }: { one: Whole }): ReactNode {
  const more = useMore<Whole["downline"]["edges"][number]>("");
  const next = useAnswer(PromoterDownlineDocument, more.after === null ? null : { code: one.code, after: more.after });
  const list = listOf(one.downline, more, next, ({ promoter }) => promoter?.downline);
  if (list.rows.length === 0) return null;
  return (
    <section>
      <h2>
        {t("who.downline")} <span className="note">{count(one.downline.totalCount)}</span>
      </h2>
      <Table
        label={t("who.downline")}
        rows={list.rows}
        id={({ node }) => node.code}
        onOpen={({ node }) => go(to(node.code))}
        columns={[
          {
            name: t("field.code"),
            cell: ({ node }) => (
              <a className="code" {...link(to(node.code))}>
                {node.code}
              </a>
            ),
          },
          { name: t("field.name"), cell: ({ node }) => node.name },
          {
            name: t("field.rank"),
            cell: ({ node }) => (
              <>
                <Rank value={node.rank} /> <Status value={node.status} />
              </>
            ),
          },
          { name: t("field.team"), number: true, cell: ({ node }) => count(node.team.size) },
          { name: t("field.teamVolume"), number: true, cell: ({ node }) => <Money fen={node.team.volumeFen} short /> },
        ]}
      />
      <Further of={list} next={next} />
    </section>
  );
}
