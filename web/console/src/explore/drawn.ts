import type { Drawing } from "./canvas";
import { placed } from "./layouts";
import { colours, edgeColour, measure, nodeColour, radius } from "./paint";
import { type Forest, forest, type Part, type Sums, sums, uncollapsed } from "./picture";
import type { View } from "./view";

/** A view's picture: who is in it, where, and how it looks. */
export interface Picture {
  part: Part;
  forest: Forest;
  sums: Map<string, Sums>;
  drawing: Drawing;
  /** Those that the filters let through. */
  matching: Set<string>;
}

type Look = Pick<View, "layout" | "size" | "colour" | "rank" | "status" | "minYuan" | "hidden" | "collapsed" | "selected" | "pinned">;

export function drawn(whole: Part, rootId: string | undefined, look: Look, scores: ReadonlyMap<string, number>): Picture {
  const first = forest(whole, rootId);
  const total = sums(whole, first);
  const ids = new Map(whole.nodes.map((node) => [node.label, node.id]));
  const collapsed = new Set(look.collapsed.map((code) => ids.get(code) ?? ""));
  const part = uncollapsed(whole, first, collapsed);
  const found = collapsed.size ? forest(part, rootId) : first;
  const points = placed(look.layout, found);
  const given = colours();
  const hidden = new Set<string>(look.hidden);
  const marked = new Set([look.selected, ...look.pinned]);
  const matching = new Set(part.nodes.filter((node) => matches(node, look)).map((node) => node.id));
  const values = new Map(part.nodes.map((node) => [node.id, measure(node, look.size, total.get(node.id))]));
  let most = 0;
  for (const value of values.values()) if (value > most) most = value;
  return {
    part,
    forest: found,
    sums: total,
    matching,
    drawing: {
      dim: given.dim,
      text: given.text,
      nodes: part.nodes.map((node) => ({
        id: node.id,
        label: node.label,
        ...(points.get(node.id) ?? { x: 0, y: 0 }),
        size: radius(values.get(node.id) ?? 0, most, part.nodes.length),
        colour: nodeColour(node, look.colour, found.level.get(node.id) ?? 0, scores.get(node.label), given),
        dim: !matching.has(node.id),
        marked: marked.has(node.label),
      })),
      edges: part.edges
        .filter((edge) => !hidden.has(edge.kind))
        .map((edge) => ({
          source: edge.source,
          target: edge.target,
          colour: edgeColour(edge.kind, edge.change, edge.onPath, given),
          width: edge.onPath ? 4 : edge.kind === "REFERRED" ? 1 : 2,
        })),
    },
  };
}

function matches(node: Part["nodes"][number], look: Look): boolean {
  if (node.kind !== "PROMOTER") return true;
  return (
    (!look.rank || node.rank === look.rank) &&
    (!look.status || node.status === look.status) &&
    node.salesFen >= look.minYuan * 100
  );
}
