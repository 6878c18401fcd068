import type { ReactNode } from "react";
import { useAnswer, useFresh } from "../asking";
import { count } from "../figures";
import { DashboardGroupsDocument, type DashboardGroupsQuery, type SalesFilter, type SalesGrouping } from "../generated/graphql";
import { TheQuery } from "../parts/controls";
import { Money } from "../parts/marks";
import { Empty, Missing, Shown } from "../parts/state";
import { alter } from "../route";
import { named, t } from "../words";

type Group = NonNullable<DashboardGroupsQuery["salesGroups"]>["groups"][number];

type Choice = "PRODUCT" | "BRANCH" | "CHANNEL" | "RANK";

const CHOICES: Choice[] = ["PRODUCT", "BRANCH", "CHANNEL", "RANK"];
/** The part of the address that a group of each kind narrows. */
const NARROWS = {
  PRODUCT: "sku",
  BRANCH: "branch",
  CHANNEL: "source",
  MEDIUM: "medium",
  CAMPAIGN: "campaign",
  RANK: "rank",
} as const satisfies Record<SalesGrouping, string>;

/** A channel is opened step by step: its source, then the medium, then the campaign. */
function groupingOf(choice: Choice, { utmSource, utmMedium }: SalesFilter): SalesGrouping {
  if (choice !== "CHANNEL" || !utmSource) return choice;
  return utmMedium ? "CAMPAIGN" : "MEDIUM";
}

interface GroupsProps {
  search: URLSearchParams;
  from: string;
  to: string;
  filter: SalesFilter;
  titles: ReadonlyMap<string, string>;
  /** Counted up with news of the followed team. */
  news: number;
}

/** What the sums are made of, the most first. A click narrows everything to one part of it, a branch to what hangs below. */
export function Groups({ search, from, to, filter, titles, news }: GroupsProps): ReactNode {
  const choice = CHOICES.find((one) => one === search.get("group")) ?? "PRODUCT";
  const by = groupingOf(choice, filter);
  const answer = useAnswer(DashboardGroupsDocument, { from, to, by, filter });
  useFresh(answer, news);
  return (
    <section className="board groups" aria-label={t("dash.groups")}>
      <h3>{t("dash.groups")}</h3>
      <div className="segments" role="group" aria-label={t("dash.groups")}>
        {CHOICES.map((one) => (
          <button key={one} type="button" aria-pressed={choice === one} onClick={() => alter({ group: one })}>
            {named("group", one)}
          </button>
        ))}
      </div>
      {by !== choice && <p className="note">{[filter.utmSource, filter.utmMedium, named("group", by)].filter(Boolean).join(" › ")}</p>}
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
  return key || t(by === "CHANNEL" ? "dash.noChannel" : "dash.notGiven");
}
