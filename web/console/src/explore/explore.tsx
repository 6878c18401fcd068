import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useAnswer } from "../asking";
import { count } from "../figures";
import { ExploreFindingsDocument, ExploreTreeDocument } from "../generated/graphql";
import { Copy, TheQuery } from "../parts/controls";
import { Empty, Problem } from "../parts/state";
import { alter } from "../route";
import { colour, useDark } from "../theme";
import { t, useLanguage } from "../words";
import { Canvas } from "./canvas";
import { Controls, Find } from "./controls";
import { drawn, type Picture, placedIn } from "./drawn";
import { csv, gexf, png, saved, svg } from "./exports";
import { begin as ask, useParts } from "./loading";
import { merged } from "./picture";
import { Selected } from "./selected";
import { Rows } from "./rows";
import { DEFAULTS, searchOf, type View, viewOf } from "./view";
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
  const scores = useScores(view.colour === "finding");
  const whole = useMemo(() => merged(loaded.parts), [loaded.there]);
  const collapsed = view.collapsed.join();
  const places = useMemo(() => placedIn(whole, view.root || undefined, view), [whole, view.root, view.layout, collapsed]);
  const hidden = view.hidden.join();
  const picture = useMemo(
    () => drawn(places, view, scores),
    [places, view.size, view.colour, view.rank, view.status, view.minYuan, hidden, scores, dark, language],
  );
  const pins = view.pinned.join();
  const marked = useMemo(() => new Set([view.selected, ...view.pinned]), [view.selected, pins]);
  const codeOf = useCallback((id: string) => whole.nodes.find((node) => node.id === id)?.label ?? "", [whole]);
  const selected = whole.nodes.find((node) => node.label === view.selected);
  const [tree] = loaded.parts;

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const typing = (event.target as HTMLElement).closest("input, textarea, select");
      if (event.key === "Escape" && !typing && view.selected) change({ selected: "" });
      if (typing || !(event.ctrlKey || event.metaKey)) return;
      if (event.key === "z" && !event.shiftKey) undo?.();
      else if (event.key === "y" || event.key === "z") redo?.();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });

  return (
    <main className="explore" id="content">
      <h1 className="unseen">{t("explore.title")}</h1>
      <aside className="side" aria-label={t("act.filter")}>
        <Find onPick={(root) => change({ ...DEFAULTS, layout: view.layout, size: view.size, colour: view.colour, root, selected: root })} />
        <Controls view={view} change={change} loaded={loaded} />
        <TheQuery text={String(ExploreTreeDocument)} />
      </aside>
      <section className="stage" aria-label={t("explore.title")} aria-busy={loaded.loading}>
        <div className="tools">
          <button type="button" disabled={!undo} onClick={() => undo?.()} title="Ctrl+Z">
            {t("act.undo")}
          </button>
          <button type="button" disabled={!redo} onClick={() => redo?.()} title="Ctrl+Y">
            {t("act.redo")}
          </button>
          <Copy text={() => location.href} label={t("act.link")} />
          <Exports picture={picture} marked={marked} name={view.root || "network"} />
          <span className="note" role="status">
            {loaded.loading ? `${t("state.loading")}… ` : ""}
            {picture.part.nodes.length > 0 && t("explore.shown", { nodes: count(picture.part.nodes.length), edges: count(picture.part.edges.length) })}
            {picture.matching.size < picture.part.nodes.length && ` · ${t("explore.filtered", { shown: count(picture.matching.size) })}`}
            {loaded.parts.some((part) => part.truncated) && ` · ${t("state.truncated")}`}
          </span>
        </div>
        {loaded.failed && <Problem error={loaded.failed} />}
        {tree?.absent && <Empty>{t("explore.none")}</Empty>}
        {!view.root && !view.from && <Empty>{t("explore.start")}</Empty>}
        <Canvas
          drawing={picture.drawing}
          marked={marked}
          onSelect={(id) => change({ selected: codeOf(id) })}
          onOpen={(id) => change(toggled(view, codeOf(id), picture))}
        />
        <Legend view={view} changes={tree?.changes} />
      </section>
      <aside className="side right" aria-label={t("explore.selected")}>
        {selected && <Selected node={selected} view={view} change={change} loaded={loaded} picture={picture} />}
        <Rows picture={picture} view={view} change={change} />
      </aside>
    </main>
  );
}

/** A second click opens what is closed and closes what is open. */
function toggled(view: View, code: string, { part, forest }: Picture): Partial<View> {
  const id = part.nodes.find((node) => node.label === code)?.id ?? "";
  if (view.collapsed.includes(code)) return { collapsed: view.collapsed.filter((one) => one !== code), selected: code };
  if (forest.children.has(id)) return { collapsed: [...view.collapsed, code], selected: code };
  if (view.expanded.some(([one]) => one === code)) return { selected: code };
  return { expanded: [...view.expanded, [code, 1]], selected: code };
}

interface History {
  change: Change;
  undo: (() => void) | undefined;
  redo: (() => void) | undefined;
}

/** Views of before and after. The address is the present one, so none of them is lost by a reload of the page. */
function useHistory(view: View): History {
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
      before.current.push(view);
      after.current = [];
      show({ ...view, ...changes });
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

const LEGEND: Record<string, readonly (readonly [string, string])[]> = {
  rank: [
    ["rank-1", "rank.PROMOTER"],
    ["rank-2", "rank.SENIOR"],
    ["rank-3", "rank.ELITE"],
  ],
  status: [
    ["series-1", "status.ACTIVE"],
    ["bad", "status.LOCKED"],
    ["muted", "status.CLOSED"],
  ],
  level: [],
  finding: [
    ["bad", "≥ 90"],
    ["series-3", "≥ 60"],
  ],
};

function Legend({ view, changes }: { view: View; changes: Record<string, unknown> | undefined }): ReactNode {
  const rows = changes
    ? ([
        ["good", `+${String(changes["added"])}`],
        ["bad", `−${String(changes["removed"])}`],
        ["series-3", `↷ ${String(changes["moved"])}`],
      ] as const)
    : (LEGEND[view.colour] ?? []);
  return (
    <ul className="legend">
      {rows.map(([name, word]) => (
        <li key={name}>
          <i className={`dot ${name}`} /> {word.includes(".") ? t(word as "rank.ELITE") : word}
        </li>
      ))}
    </ul>
  );
}
