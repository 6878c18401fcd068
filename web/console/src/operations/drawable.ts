import type { NodeKind, RelationKind } from "../generated/graphql";

interface Structure {
  nodes: { id: string; kind: NodeKind; label: string }[];
  edges: { source: string; target: string; kind: RelationKind }[];
}

const CODE = /^[\w.-]{1,64}$/;

/** Rows whose first two texts are codes are edges; a list of codes is a way. Anything else is no graph. */
export function drawable(rows: unknown[][]): Structure {
  const nodes = new Map<string, Structure["nodes"][number]>();
  const edges: Structure["edges"] = [];
  for (const row of rows) {
    const list = row.find((cell) => Array.isArray(cell)) as unknown[] | undefined;
    const codes = (list ?? row).filter((cell): cell is string => typeof cell === "string" && CODE.test(cell));
    const way = list ? codes : codes.slice(0, 2);
    if (way.length < 2) continue;
    for (const code of way) nodes.set(code, { id: code, kind: "PROMOTER", label: code });
    way.slice(1).forEach((code, index) => edges.push({ source: way[index] as string, target: code, kind: "REFERRED" }));
  }
  return { nodes: [...nodes.values()], edges };
}
