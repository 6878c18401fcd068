import type { ReactNode } from "react";
import { useAnswer } from "../asking";
import { count, dayOf } from "../figures";
import { ExploreSelectedDocument } from "../generated/graphql";
import { TheQuery } from "../parts/controls";
import { Figure, Mark, Money, Rank, Status } from "../parts/marks";
import { Empty, Shown } from "../parts/state";
import { link } from "../route";
import { named, t } from "../words";
import type { Picture } from "./drawn";
import type { Change } from "./explore";
import type { Loaded } from "./loading";
import type { Node } from "./picture";
import { DEFAULTS, type View } from "./view";

interface SelectedProps {
  node: Node;
  view: View;
  change: Change;
  loaded: Loaded;
  picture: Picture;
}

const without = (codes: string[], code: string): string[] => codes.filter((one) => one !== code);

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
            <Empty>{t("state.absent")}</Empty>
          )
        }
      </Shown>
      <TheQuery text={String(ExploreSelectedDocument)} />
    </section>
  );
}

function Doings({ node, view, change, loaded, picture }: SelectedProps): ReactNode {
  const code = node.label;
  const pages = view.expanded.find(([one]) => one === code)?.[1] ?? 0;
  const direct = loaded.parts.find((part) => part.direct?.code === code)?.direct;
  const open = picture.forest.children.has(node.id);
  const closed = view.collapsed.includes(code);
  const expand = (): void =>
    change({
      expanded: [...view.expanded.filter(([one]) => one !== code), [code, pages + 1]],
      collapsed: without(view.collapsed, code),
    });
  return (
    <div className="inline doings">
      {closed ? (
        <button type="button" onClick={() => change({ collapsed: without(view.collapsed, code) })}>
          {t("explore.expand")}
        </button>
      ) : (
        (!direct || direct.shown < direct.total) && (
          <button type="button" onClick={expand}>
            {direct ? t("explore.expandMore", { count: Math.min(50, direct.total - direct.shown), total: count(direct.total) }) : t("explore.expand")}
          </button>
        )
      )}
      {open && !closed && (
        <button type="button" onClick={() => change({ collapsed: [...view.collapsed, code] })}>
          {t("explore.collapse")}
        </button>
      )}
      {!view.branches.includes(code) && code !== view.root && (
        <button type="button" onClick={() => change({ branches: [...view.branches, code], collapsed: without(view.collapsed, code) })}>
          {t("explore.below")}
        </button>
      )}
      {code !== view.root && (
        <button type="button" onClick={() => change({ ...DEFAULTS, layout: view.layout, size: view.size, colour: view.colour, at: view.at, root: code, selected: code })}>
          {t("explore.focus")}
        </button>
      )}
      {!view.rings.includes(code) && (
        <button type="button" onClick={() => change({ rings: [...view.rings, code] })}>
          {t("explore.ring")}
        </button>
      )}
      <button
        type="button"
        aria-pressed={view.pinned.includes(code)}
        onClick={() => change({ pinned: view.pinned.includes(code) ? without(view.pinned, code) : [...view.pinned, code] })}
      >
        {t(view.pinned.includes(code) ? "explore.unpin" : "explore.pin")}
      </button>
      <a className="button" {...link(`promoter/${encodeURIComponent(code)}`)}>
        {t("explore.open")}
      </a>
    </div>
  );
}
