import { type ReactNode, useState } from "react";
import { useAnswer } from "../asking";
import { count, dayAfter, dayOf, phoneOf } from "../figures";
import {
  PromoterListDocument,
  PromotersOfPhoneDocument,
  type PromoterFilter,
  type PromoterListQuery,
  type PromoterSort,
  type PromoterStatus,
  type Rank as RankName,
} from "../generated/graphql";
import { useMore } from "../more";
import { SearchBox, Select, Text, TheQuery, useSought } from "../parts/controls";
import { Money, Rank, Status } from "../parts/marks";
import { Empty, Missing, Shown } from "../parts/state";
import { type Column, Table } from "../parts/table";
import { alter, go, link } from "../route";
import { named, t } from "../words";

type Edge = NonNullable<PromoterListQuery["promoters"]>["edges"][number];

export const RANKS: RankName[] = ["PROMOTER", "SENIOR", "ELITE"];
export const STATUSES: PromoterStatus[] = ["ACTIVE", "LOCKED", "CLOSED"];
const SORTS: PromoterSort[] = ["TEAM_VOLUME_DESC", "TEAM_SIZE_DESC", "SALES_DESC", "JOINED_AT_DESC", "CODE"];

const columns = (): Column<Edge>[] => [
  {
    name: t("field.code"),
    cell: ({ node }) => (
      <a className="code" {...link(`promoter/${encodeURIComponent(node.code)}`)}>
        {node.code}
      </a>
    ),
  },
  { name: t("field.name"), cell: ({ node }) => node.name },
  { name: t("field.phone"), cell: ({ node }) => <span className="number">{node.phone}</span> },
  {
    name: t("field.rank"),
    cell: ({ node }) => (
      <>
        <Rank value={node.rank} /> <Status value={node.status} />
      </>
    ),
  },
  { name: t("field.referrer"), cell: ({ node }) => <span className="code note">{node.referrer?.code ?? "—"}</span> },
  { name: t("field.joined"), cell: ({ node }) => dayOf(node.joinedAt) },
  { name: t("field.orders"), number: true, cell: ({ node }) => count(node.sales.orders) },
  { name: t("field.sales"), number: true, cell: ({ node }) => <Money fen={node.sales.volumeFen} /> },
  { name: t("field.direct"), number: true, cell: ({ node }) => count(node.team.directCount) },
  { name: t("field.team"), number: true, cell: ({ node }) => count(node.team.size) },
  { name: t("field.teamVolume"), number: true, cell: ({ node }) => <Money fen={node.team.volumeFen} /> },
];

export function PromoterList({ search }: { search: URLSearchParams }): ReactNode {
  const orderBy = (search.get("sort") as PromoterSort | null) ?? "TEAM_VOLUME_DESC";
  const [from, to, referrerCode] = ["from", "to", "referrer"].map((name) => search.get(name) || null);
  const [sought, setSought] = useSought(search);
  const phone = phoneOf(sought);
  const filter: PromoterFilter = {
    search: sought || null,
    rank: (search.get("rank") as RankName | null) || null,
    status: (search.get("status") as PromoterStatus | null) || null,
    joinedFrom: from && `${from}T00:00:00+08:00`,
    joinedTo: to && `${dayAfter(to)}T00:00:00+08:00`,
    referrerCode,
  };
  const further = [from, to, referrerCode].filter(Boolean).length;
  const [isOpen] = useState(further > 0);
  const more = useMore<Edge>(JSON.stringify([phone ?? filter, orderBy]));
  const listed = useAnswer(PromoterListDocument, phone ? null : { filter, orderBy, after: more.after });
  const found = useAnswer(PromotersOfPhoneDocument, phone ? { phone, after: more.after } : null);
  const answer = phone ? found : listed;
  return (
    <main className="page" id="content">
      <header className="head">
        <h1>{t("list.title")}</h1>
        <div className="filters">
          <SearchBox label={t("list.search")} value={sought} onChange={setSought} />
          {!phone && (
            <>
              <Select
                quiet
                label={t("field.rank")}
                value={filter.rank ?? ""}
                options={[["", `${t("field.rank")}: ${t("field.any")}`], ...RANKS.map((rank) => [rank, named("rank", rank)] as const)]}
                onChange={(rank) => alter({ rank })}
              />
              <Select
                quiet
                label={t("field.status")}
                value={filter.status ?? ""}
                options={[["", `${t("field.status")}: ${t("field.any")}`], ...STATUSES.map((one) => [one, named("status", one)] as const)]}
                onChange={(status) => alter({ status })}
              />
              <Select
                quiet
                label={t("team.sort")}
                value={orderBy}
                options={SORTS.map((sort) => [sort, named("list.sort", sort)] as const)}
                onChange={(sort) => alter({ sort })}
              />
              <details className="further" open={isOpen}>
                <summary>
                  {t("list.further")}
                  {further > 0 && ` · ${further}`}
                </summary>
                <div className="filters">
                  <Text type="date" label={t("list.joinedFrom")} value={from ?? ""} onChange={(day) => alter({ from: day })} />
                  <Text type="date" label={t("list.joinedTo")} value={to ?? ""} onChange={(day) => alter({ to: day })} />
                  <label className="field">
                    <span>{t("list.referrer")}</span>
                    <SearchBox label={t("list.referrer")} value={referrerCode ?? ""} onChange={(referrer) => alter({ referrer })} />
                  </label>
                </div>
              </details>
            </>
          )}
        </div>
      </header>
      <Shown of={answer} lines={16}>
        {({ promoters }) => {
          if (!promoters) return <Missing of={answer} />;
          const rows = [...more.before, ...promoters.edges];
          if (rows.length === 0) return <Empty>{t("list.none")}</Empty>;
          return (
            <>
              <Table
                main
                label={t("list.title")}
                columns={columns()}
                rows={rows}
                id={({ node }) => node.code}
                onOpen={({ node }) => go(`promoter/${encodeURIComponent(node.code)}`)}
              />
              <footer className="under">
                <span className="note">
                  {count(rows.length)} / {count(promoters.totalCount)}
                </span>
                {promoters.pageInfo.hasNextPage && (
                  <button type="button" onClick={() => more.next(promoters)}>
                    {t("act.more")}
                  </button>
                )}
              </footer>
            </>
          );
        }}
      </Shown>
      <TheQuery text={String(phone ? PromotersOfPhoneDocument : PromoterListDocument)} />
    </main>
  );
}
