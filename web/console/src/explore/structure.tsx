import { type ReactNode, useMemo } from "react";
import type { NodeKind, RelationKind } from "../generated/graphql";
import { named } from "../words";
import { useDark } from "../theme";
import { go } from "../route";
import { Canvas } from "./canvas";
import { drawn } from "./drawn";
import { nodeOf } from "./picture";
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

const NOBODY = new Map<string, number>();

/** A structure by itself, as a finding or a question has it. A click on somebody opens their page. */
export default function Structure({ nodes, edges }: Given): ReactNode {
  const dark = useDark();
  const drawing = useMemo(() => {
    const part = { nodes: nodes.map(nodeOf), edges };
    const layout = nodes.length > 12 ? "radial" : "tree";
    const { drawing } = drawn(part, undefined, { ...DEFAULTS, layout, size: "same", colour: "status" }, NOBODY);
    const few = nodes.length <= 14;
    return { ...drawing, nodes: drawing.nodes.map((node) => ({ ...node, size: few ? 5 : 4, marked: few })) };
  }, [nodes, edges, dark]);
  const kinds = [...new Set(edges.map((edge) => edge.kind))];
  return (
    <figure className="structure">
      <Canvas
        drawing={drawing}
        onSelect={(id) => {
          const node = nodes.find((one) => one.id === id);
          if (node?.kind === "PROMOTER") go(`promoter/${encodeURIComponent(node.label)}`);
        }}
      />
      <figcaption className="note">{kinds.map((kind) => named("edge", kind)).join(" · ")}</figcaption>
    </figure>
  );
}
