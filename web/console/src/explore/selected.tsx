import type { ReactNode } from "react";
import { useAnswer } from "../asking";
import { count, dayOf } from "../figures";
import { ExploreSelectedDocument } from "../generated/graphql";
import { TheQuery } from "../parts/controls";
import { Figure, Mark, Money, Rank, Status } from "../parts/marks";
import { Empty, Missing, Shown } from "../parts/state";
import { link } from "../route";
import { named, t } from "../words";
import type { Picture } from "./drawn";
import type { Change } from "./explore";
import type { Loaded } from "./loading";
import type { Node } from "./picture";
import { bought, branched, collapsed, expanded, isCollapsible, isExpandable, pinned, ringed, rooted } from "./steps";
import type { View } from "./view";

interface SelectedProps {
  node: Node;
  view: View;
  change: Change;
  loaded: Loaded;
  picture: Picture;
}

/** Who is pinned, also who is not in the picture: a click selects, or opens the tree of whoever is not there. */
export function Pins({ view, change, picture }: Pick<SelectedProps, "view" | "change" | "picture">): ReactNode {
  if (view.pinned.length === 0) return null;
  const isShown = (code: string): boolean => picture.part.nodes.some((node) => node.label === code);
  return (
    <section aria-label={t("explore.pins")}>
      <h2>{t("explore.pins")}</h2>
      <div className="inline doings">
        {view.pinned.map((code) => (
          <button key={code} type="button" className="code" onClick={() => change(isShown(code) ? { selected: code } : rooted(view, code))}>
            {code}
          </button>
        ))}
      </div>
    </section>
  );
}

export function Selected(given: SelectedProps): ReactNode {
  const { node } = given;
  if (node.kind !== "PROMOTER") {
    return (
      <section className="selected">
        <h2 className="code">{node.label}</h2>
        <p className="note">{named(node.kind === "BUYER" ? "node" : "edge", node.kind)}</p>
      </section>
    );
  }
  return <Somebody {...given} />;
}

function Somebody({ node, view, change, loaded, picture }: SelectedProps): ReactNode {
  const code = node.label;
  const answer = useAnswer(ExploreSelectedDocument, { code });
  return (
    <section className="selected">
      <h2>
        <span className="code">{code}</span> {node.rank && <Rank value={node.rank} />} {node.status && <Status value={node.status} />}
      </h2>
      <Doings node={node} view={view} change={change} loaded={loaded} picture={picture} />
      <Shown of={answer} lines={4}>
        {({ promoter: one }) =>
          one ? (
            <>
              <p className="note">
                {one.name} {one.phone} · {t("field.joined")} {dayOf(one.joinedAt)}
                {one.referrer && ` · ${t("field.referrer")} ${one.referrer.code}`}
              </p>
              <dl className="figures two">
                <Figure label={t("field.sales")} note={`${count(one.sales.orders)} ${t("field.orders")}`}>
                  <Money fen={one.sales.volumeFen} short />
                </Figure>
                <Figure label={t("field.teamVolume")} note={`${count(one.team.size)} ${t("field.people")}`}>
                  <Money fen={one.team.volumeFen} short />
                </Figure>
                <Figure label={t("field.direct")} note={`${count(one.team.validDirectCount)} ${t("field.valid")}`}>
                  {count(one.team.directCount)}
                </Figure>
                <Figure label={t("field.depth")}>{count(one.team.maxDepth)}</Figure>
              </dl>
              {one.findings?.map((finding) => (
                <p key={finding.id} className="note">
                  <b>{finding.score}</b> {finding.sentence} <Mark kind="finding" value={finding.status} />
                </p>
              ))}
            </>
          ) : (
            <Missing of={answer} />
          )
        }
      </Shown>
      <TheQuery text={String(ExploreSelectedDocument)} variables={{ code }} />
    </section>
  );
}

function Doings({ node, view, change, loaded, picture }: SelectedProps): ReactNode {
  const code = node.label;
  const direct = loaded.parts.find((part) => part.direct?.code === code)?.direct;
  const more = direct && !view.collapsed.includes(code) ? direct.total - direct.shown : 0;
  const ring = loaded.parts.find((part) => part.ring?.code === code)?.ring;
  const purchases = loaded.parts.find((part) => part.purchases?.code === code)?.purchases;
  return (
    <>
      <div className="inline doings">
        {isExpandable(view, code, loaded) && (
          <button type="button" title="x" onClick={() => change(expanded(view, code))}>
            {more ? t("explore.expandMore", { count: Math.min(50, more), total: count(direct?.total ?? 0) }) : t("explore.expand")}
          </button>
        )}
        {isCollapsible(view, node.id, code, picture) && (
          <button type="button" title="c" onClick={() => change(collapsed(view, code))}>
            {t("explore.collapse")}
          </button>
        )}
        {!view.branches.includes(code) && code !== view.root && (
          <button type="button" onClick={() => change(branched(view, code))}>
            {t("explore.below")}
          </button>
        )}
        {code !== view.root && (
          <button type="button" onClick={() => change(rooted(view, code))}>
            {t("explore.focus")}
          </button>
        )}
        <button type="button" aria-pressed={view.rings.includes(code)} onClick={() => change(ringed(view, code))}>
          {t("explore.ring")}
        </button>
        <button type="button" aria-pressed={view.purchases.includes(code)} onClick={() => change(bought(view, code))}>
          {t("explore.purchases")}
        </button>
        <button type="button" onClick={() => change({ from: code })}>
          {t("explore.fromHere")}
        </button>
        <button type="button" onClick={() => change({ to: code })}>
          {t("explore.toHere")}
        </button>
        <button type="button" title="p" aria-pressed={view.pinned.includes(code)} onClick={() => change(pinned(view, code))}>
          {t(view.pinned.includes(code) ? "explore.unpin" : "explore.pin")}
        </button>
        <a className="button" {...link(`promoter/${encodeURIComponent(code)}`)}>
          {t("explore.open")}
        </a>
      </div>
      {ring?.others === 0 && <Empty>{t("explore.ringNone")}</Empty>}
      {purchases?.buyers === 0 && <Empty>{t("explore.purchasesNone")}</Empty>}
    </>
  );
}
