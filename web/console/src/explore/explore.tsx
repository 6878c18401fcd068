import { type ReactNode, useCallback, useMemo, useRef, useState } from "react";
import { useAnswer } from "../asking";
import { count } from "../figures";
import { ExploreFindingsDocument, type RelationKind } from "../generated/graphql";
import { Copy, TheQuery } from "../parts/controls";
import { Empty, Problem } from "../parts/state";
import { alter } from "../route";
import { colour, useDark } from "../theme";
import { t, useLanguage, type Word } from "../words";
import { Canvas } from "./canvas";
import { Controls, Find } from "./controls";
import { drawn, type Picture, placedIn } from "./drawn";
import { csv, gexf, png, saved, svg } from "./exports";
import { Keys, useKeys } from "./keys";
import { Legend } from "./legend";
import { begin as ask, type Cut, DIFFERENCE_MAX, type Loaded, questions, useParts } from "./loading";
import { KINDS } from "./paint";
import { merged, type Part } from "./picture";
import { Pins, Selected } from "./selected";
import { Rows } from "./rows";
import { collapsed as collapsedBy, expanded, isCollapsible, isExpandable, pinned, rooted, toggled } from "./steps";
import { searchOf, type View, viewOf } from "./view";
import "./explore.css";

export type Change = (changes: Partial<View>) => void;

/** Ask for the view of an address while the page is made ready. */
export const begin = (search: string): void => ask(viewOf(new URLSearchParams(search)));

export default function Explore({ search }: { search: URLSearchParams }): ReactNode {
  const language = useLanguage();
  const dark = useDark();
  const text = search.toString();
  const view = useMemo(() => viewOf(new URLSearchParams(text)), [text]);
  const { change, undo, redo } = useHistory(view);
  const loaded = useParts(view);
  const scores = useScores(isByFinding(view));
  const whole = useMemo(() => merged(loaded.parts), [loaded.there]);
  const collapsed = view.collapsed.join();
  const places = useMemo(() => placedIn(whole, view.root || undefined, view), [whole, view.root, view.layout, collapsed]);
  const hidden = view.hidden.join();
  const picture = useMemo(
    () => drawn(places, view, scores),
    [places, view.size, view.colour, view.rank, view.status, view.minYuan, hidden, scores, dark, language],
  );
  const pins = view.pinned.join();
  const selected = useMemo(() => whole.nodes.find((node) => node.label === view.selected), [whole, view.selected]);
  // Identifiers alone have an id that is not their label, and they cannot be pinned.
  const marked = useMemo(() => new Set([selected?.id ?? view.selected, ...view.pinned]), [selected, view.selected, pins]);
  const codeOf = useCallback((id: string) => whole.nodes.find((node) => node.id === id)?.label ?? "", [whole]);
  const kinds = useMemo(() => kindsOf(whole), [whole]);
  const [tree] = loaded.parts;
  const code = selected?.kind === "PROMOTER" ? selected.label : "";
  const [telling, setTelling] = useState(false);

  useKeys({
    Escape: view.selected ? () => change({ selected: "" }) : undefined,
    "Ctrl+z": undo,
    "Ctrl+y": redo,
    "Ctrl+Shift+z": redo,
    x: code && isExpandable(view, code, loaded) ? () => change(expanded(view, code)) : undefined,
    c: code && isCollapsible(view, code, code, picture) ? () => change(collapsedBy(view, code)) : undefined,
    p: code ? () => change(pinned(view, code)) : undefined,
    "?": () => setTelling(true),
  });

  return (
    <main className="explore" id="content">
      <h1 className="unseen">{t("explore.title")}</h1>
      <aside className="side" aria-label={t("act.filter")}>
        <Find onPick={(root) => change(rooted(view, root))} />
        <Controls view={view} change={change} loaded={loaded} kinds={kinds} />
        {questions(view).map(({ key, document, variables }) => (
          <TheQuery key={key} text={document} variables={variables} />
        ))}
        {isByFinding(view) && <TheQuery text={String(ExploreFindingsDocument)} variables={{}} />}
      </aside>
      <section className="stage" aria-label={t("explore.title")} aria-busy={loaded.loading}>
        <div className="tools">
          <button type="button" disabled={!undo} onClick={() => undo?.()} title="Ctrl+Z">
            {t("act.undo")}
          </button>
          <button type="button" disabled={!redo} onClick={() => redo?.()} title="Ctrl+Y">
            {t("act.redo")}
          </button>
          <button type="button" onClick={() => setTelling(true)} title="?">
            {t("keys.title")}
          </button>
          <Copy text={() => location.href} label={t("act.link")} />
          <Exports picture={picture} marked={marked} name={view.root || "network"} />
          <span className="note" role="status">
            {loaded.loading ? `${t("state.loading")}… ` : ""}
            {picture.part.nodes.length > 0 && t("explore.shown", { nodes: count(picture.part.nodes.length), edges: count(picture.part.edges.length) })}
            {picture.matching.size < picture.part.nodes.length && ` · ${t("explore.filtered", { shown: count(picture.matching.size) })}`}
            {cuts(loaded).map((cut) => ` · ${t(CUTS[cut], { count: count(DIFFERENCE_MAX) })}`)}
          </span>
          {view.at && <span className="note">{t("explore.asOf", { day: view.at })}</span>}
        </div>
        {loaded.failed && <Problem error={loaded.failed} again={loaded.again} />}
        {tree?.absent && <Empty>{t("explore.none")}</Empty>}
        {!view.root && !(view.from && view.to) && <Empty>{t("explore.start")}</Empty>}
        <Canvas
          main
          drawing={picture.drawing}
          marked={marked}
          onSelect={(id) => change({ selected: codeOf(id) })}
          onOpen={(id) => change(toggled(view, id, codeOf(id), picture))}
          settling={loaded.loading}
          camera={view.camera}
          onCamera={(camera) => alter({ cam: camera })}
        />
        <Legend view={view} picture={picture} kinds={kinds} changes={tree?.changes} />
      </section>
      <aside className="side right" aria-label={t("explore.selected")}>
        {selected && <Selected node={selected} view={view} change={change} loaded={loaded} picture={picture} />}
        <Pins view={view} change={change} picture={picture} />
        <Rows picture={picture} view={view} change={change} />
      </aside>
      {telling && <Keys onClose={() => setTelling(false)} />}
    </main>
  );
}

const isByFinding = ({ colour, size }: View): boolean => colour === "finding" || size === "finding";

/** Kinds of relations in a picture, in the order of the legend. */
function kindsOf({ edges }: Part): RelationKind[] {
  const present = new Set(edges.map((edge) => edge.kind));
  return (Object.keys(KINDS) as RelationKind[]).filter((kind) => present.has(kind));
}

const CUTS: Record<Cut, Word> = {
  LEVELS: "explore.cutLevels",
  PEOPLE: "state.truncated",
  DIFFERENCE: "explore.cutDifference",
  ORDERS: "explore.cutOrders",
};

const cuts = ({ parts }: Loaded): Cut[] => [...new Set(parts.flatMap(({ cut }) => cut ?? []))];

interface History {
  change: Change;
  undo: (() => void) | undefined;
  redo: (() => void) | undefined;
}

/** Views of before and after; who is selected is no step. The address is the present one, so none of them is lost by a reload of the page. */
function useHistory(view: View): History {
  const now = useRef(view);
  now.current = view;
  const before = useRef<View[]>([]);
  const after = useRef<View[]>([]);
  const [, moved] = useState(0);
  const show = (to: View): void => {
    alter(searchOf(to));
    moved((times) => times + 1);
  };
  const step = (from: View[], onto: View[]): (() => void) | undefined => {
    if (from.length === 0) return undefined;
    return () => {
      const to = from.pop();
      if (!to) return;
      onto.push(view);
      show(to);
    };
  };
  return {
    change: (changes) => {
      // What was typed a moment ago comes when the view may be another already.
      const from = now.current;
      if (Object.keys(changes).some((name) => name !== "selected")) {
        before.current.push(from);
        after.current = [];
      }
      now.current = { ...from, ...changes };
      show(now.current);
    },
    undo: step(before.current, after.current),
    redo: step(after.current, before.current),
  };
}

/** The gravest finding of each code, once they are asked for. */
function useScores(wanted: boolean): ReadonlyMap<string, number> {
  const { data } = useAnswer(ExploreFindingsDocument, wanted ? {} : null);
  return useMemo(() => {
    const scores = new Map<string, number>();
    for (const { node } of data?.findings?.edges ?? []) {
      for (const { code } of node.members) scores.set(code, Math.max(node.score, scores.get(code) ?? 0));
    }
    return scores;
  }, [data]);
}

function Exports({ picture, marked, name }: { picture: Picture; marked: ReadonlySet<string>; name: string }): ReactNode {
  const { part, drawing, forest, sums } = picture;
  const empty = part.nodes.length === 0;
  return (
    <span className="inline" role="group" aria-label={t("act.export")}>
      <button type="button" disabled={empty} onClick={async () => saved(`${name}.png`, await png(drawing, marked, colour("bg")), "image/png")}>
        PNG
      </button>
      <button type="button" disabled={empty} onClick={() => saved(`${name}.svg`, svg(drawing, marked, colour("bg")), "image/svg+xml")}>
        SVG
      </button>
      <button type="button" disabled={empty} onClick={() => saved(`${name}.gexf`, gexf(part.nodes, part.edges, drawing), "application/xml")}>
        GEXF
      </button>
      <button type="button" disabled={empty} onClick={() => saved(`${name}.csv`, csv(part.nodes, forest, sums), "text/csv")}>
        CSV
      </button>
    </span>
  );
}
