import { type ReactNode, useMemo } from "react";
import type { NodeKind, RelationKind } from "../generated/graphql";
import { useDark } from "../theme";
import { go } from "../route";
import { Canvas } from "./canvas";
import { drawn, placedIn } from "./drawn";
import { Lines } from "./legend";
import { partOf } from "./picture";
import { DEFAULTS } from "./view";
import "./explore.css";

interface Given {
  nodes: {
    id: string;
    kind: NodeKind;
    label: string;
    promoter?: { rank: string; status: string; joinedAt: string; sales: { volumeFen: number } } | null;
  }[];
  edges: { source: string; target: string; kind: RelationKind }[];
}

/** So many have room for their labels. */
const FEW = 14;
const NOBODY = new Map<string, number>();

/** A structure by itself, as a finding or a question has it. A click on somebody opens their page. */
export default function Structure({ nodes, edges }: Given): ReactNode {
  const dark = useDark();
  const drawing = useMemo(() => {
    const part = partOf(nodes, edges);
    const look = { ...DEFAULTS, layout: nodes.length > 12 ? "radial" : "tree", size: "same", colour: "status" } as const;
    const made = drawn(placedIn(part, undefined, look), look, NOBODY).drawing;
    return { ...made, nodes: made.nodes.map((node) => ({ ...node, size: nodes.length <= FEW ? 5 : 4 })) };
  }, [nodes, edges, dark]);
  const marked = useMemo(() => new Set(nodes.length <= FEW ? drawing.nodes.map((node) => node.id) : []), [drawing]);
  const kinds = [...new Set(edges.map((edge) => edge.kind))];
  return (
    <figure className="structure">
      <Canvas
        drawing={drawing}
        marked={marked}
        onSelect={(id) => {
          if (nodes.some((one) => one.kind === "PROMOTER" && one.label === id)) go(`promoter/${encodeURIComponent(id)}`);
        }}
      />
      <figcaption className="note">
        <Lines kinds={kinds} />
      </figcaption>
    </figure>
  );
}
