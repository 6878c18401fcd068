import type { Drawing } from "./canvas";
import { placed, type Point } from "./layouts";
import { colouring, colours, edgeColour, measuring, radius, TOP_RADIUS } from "./paint";
import { type Forest, forest, type Part, type Sums, sums, uncollapsed } from "./picture";
import type { View } from "./view";

const ORIGIN: Point = { x: 0, y: 0 };

/** Who is in a picture and where: it changes with answers, the layout and what is folded, not with how it looks. */
export interface Places {
  part: Part;
  forest: Forest;
  sums: Map<string, Sums>;
  points: Map<string, Point>;
}

/** A view's picture: who is in it, where, and how it looks. */
export interface Picture extends Places {
  drawing: Drawing;
  /** Those that the filters let through. */
  matching: Set<string>;
}

type Look = Pick<View, "size" | "colour" | "rank" | "status" | "minYuan" | "hidden">;

export function placedIn(whole: Part, rootId: string | undefined, { layout, collapsed }: Pick<View, "layout" | "collapsed">): Places {
  const first = forest(whole, rootId);
  const total = sums(whole, first);
  const part = uncollapsed(whole, first, new Set(collapsed));
  const found = collapsed.length ? forest(part, rootId) : first;
  return { part, forest: found, sums: total, points: placed(layout, found) };
}

export function drawn(places: Places, look: Look, scores: ReadonlyMap<string, number>): Picture {
  const { part, forest: found, sums: total, points } = places;
  const given = colours();
  const hidden = new Set<string>(look.hidden);
  const matching = new Set(part.nodes.filter((node) => matches(node, look)).map((node) => node.id));
  const known = { level: found.level, sums: total, scores };
  const colourOf = colouring(look.colour, known, given);
  const values = part.nodes.map(measuring(look.size, known));
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  const [top] = found.roots;
  return {
    ...places,
    matching,
    drawing: {
      dim: given.dim,
      text: given.text,
      points,
      nodes: part.nodes.map((node, at) => {
        const { x, y } = points.get(node.id) ?? ORIGIN;
        return {
          id: node.id,
          label: node.label,
          x,
          y,
          size: Math.max(radius(values[at] ?? 0, most, part.nodes.length), node.id === top ? TOP_RADIUS : 0),
          colour: colourOf(node),
          dim: !matching.has(node.id),
        };
      }),
      edges: part.edges
        .filter((edge) => !hidden.has(edge.kind))
        .map((edge) => ({
          source: edge.source,
          target: edge.target,
          colour: edgeColour(edge, given),
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
