import type { ReactNode } from "react";
import { useAnswer } from "../asking";
import { count, dayOf, yuan } from "../figures";
import { type DownlineSort, PhoneTeamDocument, type PhoneTeamQuery } from "../generated/graphql";
import { type More, useMore } from "../more";
import { SearchBox, Select, useSought } from "../parts/controls";
import { Rank, Status } from "../parts/marks";
import { Empty, Missing, Shown } from "../parts/state";
import { alter, link } from "../route";
import { named, t } from "../words";

type Downline = NonNullable<PhoneTeamQuery["me"]>["downline"];
export type Edge = Downline["edges"][number];
const SORTS: DownlineSort[] = ["LEVEL", "SALES_DESC", "TEAM_VOLUME_DESC", "JOINED_AT_DESC"];
/** Deeper than any tree. */
const EVERYBODY = 1000;

export function Team({ search }: { search: URLSearchParams }): ReactNode {
  const level = Number(search.get("level")) || null;
  const [sought, setSought] = useSought(search);
  const orderBy = (search.get("sort") as DownlineSort | null) ?? "TEAM_VOLUME_DESC";
  const pages = useMore<Edge>(`${level}|${sought}|${orderBy}`);
  const answer = useAnswer(PhoneTeamDocument, { level, depth: EVERYBODY, search: sought || null, orderBy, after: pages.after });
  const { me } = answer.data ?? {};
  return (
    <>
      <h1>{t("team.title")}</h1>
      <SearchBox label={t("team.search")} value={sought} onChange={setSought} />
      <div className="inline">
        <Select
          label={t("field.level")}
          value={String(level ?? "")}
          options={[
            ["", t("team.all")],
            ...(me?.team.byLevel ?? []).map(
              (one) => [String(one.level), `${t("team.level", { level: one.level })} · ${count(one.size)}`] as const,
            ),
          ]}
          onChange={(chosen) => alter({ level: chosen })}
        />
        <Select
          label={t("team.sort")}
          value={orderBy}
          options={SORTS.map((sort) => [sort, named("sort", sort)] as const)}
          onChange={(sort) => alter({ sort })}
        />
      </div>
      <Shown of={answer} lines={10}>
        {(data) =>
          data.me ? (
            <Members downline={data.me.downline} pages={pages} nobody={t("team.noMatch")} />
          ) : (
            <Missing of={answer} />
          )
        }
      </Shown>
    </>
  );
}

export function Members({ downline, pages, nobody }: { downline: Downline; pages: More<Edge>; nobody: string }): ReactNode {
  const edges = [...pages.before, ...downline.edges];
  if (edges.length === 0) return <Empty>{nobody}</Empty>;
  return (
    <>
      <p className="note">{t("team.size", { count: count(downline.totalCount) })}</p>
      <ul className="rows">
        {edges.map(({ level, node }) => (
          <li key={node.code}>
            <a {...link(`member/${node.code}`)}>
              <span>
                <strong>{node.name ?? node.code}</strong> <Rank value={node.rank} /> <Status value={node.status} />
                <small>
                  {node.code} · L{level} · {dayOf(node.joinedAt)}
                </small>
              </span>
              <span className="end">
                {yuan(node.sales.volumeFen, true)}
                <small>
                  {t("team.size", { count: count(node.team.size) })} · {yuan(node.team.volumeFen, true)}
                </small>
              </span>
            </a>
          </li>
        ))}
      </ul>
      {downline.pageInfo.hasNextPage && (
        <button type="button" className="wide" onClick={() => pages.next(downline)}>
          {t("act.more")}
        </button>
      )}
    </>
  );
}
