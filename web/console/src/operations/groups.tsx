import type { ReactNode } from "react";
import { useAnswer } from "../asking";
import { count } from "../figures";
import { DashboardGroupsDocument, type DashboardGroupsQuery, type SalesFilter, type SalesGrouping } from "../generated/graphql";
import { TheQuery } from "../parts/controls";
import { Money } from "../parts/marks";
import { Empty, Missing, Shown } from "../parts/state";
import { alter } from "../route";
import { named, t } from "../words";

type Group = NonNullable<DashboardGroupsQuery["salesGroups"]>["groups"][number];

const GROUPINGS: SalesGrouping[] = ["PRODUCT", "BRANCH", "CHANNEL", "RANK"];
/** The part of the address that a group of each kind narrows. */
const NARROWS: Record<SalesGrouping, string> = { PRODUCT: "sku", BRANCH: "branch", CHANNEL: "source", RANK: "rank" };

interface GroupsProps {
  search: URLSearchParams;
  from: string;
  to: string;
  filter: SalesFilter;
  titles: ReadonlyMap<string, string>;
}

/** What the sums are made of, the most first. A click narrows everything to one part of it, a branch to what hangs below. */
export function Groups({ search, from, to, filter, titles }: GroupsProps): ReactNode {
  const by = GROUPINGS.find((one) => one === search.get("group")) ?? "PRODUCT";
  const answer = useAnswer(DashboardGroupsDocument, { from, to, by, filter });
  return (
    <section className="board groups" aria-label={t("dash.groups")}>
      <h3>{t("dash.groups")}</h3>
      <div className="segments" role="group" aria-label={t("dash.groups")}>
        {GROUPINGS.map((one) => (
          <button key={one} type="button" aria-pressed={by === one} onClick={() => alter({ group: one })}>
            {named("group", one)}
          </button>
        ))}
      </div>
      <Shown of={answer} lines={6}>
        {({ salesGroups }) => (salesGroups ? <Bars of={salesGroups} by={by} search={search} titles={titles} /> : <Missing of={answer} />)}
      </Shown>
      <TheQuery text={String(DashboardGroupsDocument)} />
    </section>
  );
}

interface BarsProps {
  of: NonNullable<DashboardGroupsQuery["salesGroups"]>;
  by: SalesGrouping;
  search: URLSearchParams;
  titles: ReadonlyMap<string, string>;
}

function Bars({ of, by, search, titles }: BarsProps): ReactNode {
  if (of.truncated) return <p className="problem">{t("dash.tooMany")}</p>;
  if (of.groups.length === 0) return <Empty />;
  const most = Math.max(1, ...of.groups.map((group) => group.volumeFen));
  return (
    <>
      <ul>
        {of.groups.map((group) => (
          <li key={group.key}>
            <button
              type="button"
              className="plain"
              disabled={group.key === "" || search.get(NARROWS[by]) === group.key}
              onClick={() => alter({ [NARROWS[by]]: group.key }, { replace: false })}
            >
              <span>{titled(group, by, titles)}</span>
              <span className="note number">{t("dash.groupOrders", { orders: count(group.orders) })}</span>
              <Money fen={group.volumeFen} />
              <meter min={0} max={most} value={Math.max(0, group.volumeFen)} aria-label={titled(group, by, titles)} />
            </button>
          </li>
        ))}
      </ul>
      {of.hasMore && <p className="note">{t("dash.moreGroups")}</p>}
    </>
  );
}

function titled({ key }: Group, by: SalesGrouping, titles: ReadonlyMap<string, string>): string {
  if (by === "PRODUCT") return titles.get(key) || key;
  if (by === "RANK") return named("rank", key);
  return key || t("dash.noChannel");
}
