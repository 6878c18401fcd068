import { type ReactNode, useMemo } from "react";
import { Canvas } from "../explore/canvas";
import { placedIn } from "../explore/drawn";
import { count } from "../figures";
import { go } from "../route";
import { colour, useDark } from "../theme";
import type { Graph as Given } from "./drawable";
import "../explore/explore.css";

const COLOURS: Record<string, string> = {
  Promoter: "series-1",
  Buyer: "warn",
  Order: "series-3",
  Product: "good",
  Commission: "rank-3",
  Payout: "rank-2",
  Finding: "bad",
};
/** So many have room for their labels. */
const FEW = 14;

const colourOf = (kind: string): string => COLOURS[kind] ?? "muted";

function counted(names: string[]): [string, number][] {
  const many = new Map<string, number>();
  for (const name of names) many.set(name, (many.get(name) ?? 0) + 1);
  return [...many];
}

/** An answer of the workbench as a picture, with what it is made of below. A click on a promoter opens their page. */
export default function Graph({ nodes, edges }: Given): ReactNode {
  const dark = useDark();
  const drawing = useMemo(() => {
    const part = {
      nodes: nodes.map(({ id, label }) => ({ id, label, kind: "PROMOTER" as const, salesFen: 0 })),
      // Whatever leads from one to the other hangs below it, as a referral would.
      edges: edges.map(({ source, target }) => ({ source, target, kind: "REFERRED" as const })),
    };
    const { points } = placedIn(part, undefined, { layout: nodes.length > 12 ? "radial" : "tree", collapsed: [] });
    return {
      points,
      dim: colour("line"),
      text: colour("text"),
      nodes: nodes.map(({ id, kind, label }) => {
        const { x, y } = points.get(id) ?? { x: 0, y: 0 };
        return { id, label, x, y, size: nodes.length <= FEW ? 5 : 4, colour: colour(colourOf(kind)), dim: false };
      }),
      edges: edges.map(({ source, target }) => ({ source, target, colour: colour("edge"), width: 1 })),
    };
  }, [nodes, edges, dark]);
  const marked = useMemo(() => new Set(nodes.length <= FEW ? nodes.map((node) => node.id) : []), [nodes]);
  const types = edges.map((edge) => edge.type).filter((type) => type !== "");
  return (
    <figure className="structure">
      <Canvas
        drawing={drawing}
        marked={marked}
        onSelect={(id) => {
          const node = nodes.find((one) => one.id === id);
          if (node?.kind === "Promoter") go(`promoter/${encodeURIComponent(node.label)}`);
        }}
      />
      <figcaption className="note inline">
        {counted(nodes.map((node) => node.kind)).map(([kind, many]) => (
          <span key={kind}>
            <span className={`dot ${colourOf(kind)}`} /> {kind} {count(many)}
          </span>
        ))}
        {counted(types).map(([type, many]) => (
          <span key={type}>
            — {type} {count(many)}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}
