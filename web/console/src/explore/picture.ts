import type { DiffState, NodeKind, RelationKind } from "../generated/graphql";

/** Somebody or something in the picture; people carry what they are sized and coloured by. */
export interface Node {
  id: string;
  kind: NodeKind;
  label: string;
  rank?: string;
  status?: string;
  /** Milliseconds since 1970: text is made of it where it is shown. */
  joinedAt?: number;
  salesFen: number;
  change?: DiffState;
}

export interface Edge {
  source: string;
  target: string;
  kind: RelationKind;
  /** Whether it lies on the way that was asked for. */
  onPath?: boolean;
  change?: DiffState;
}

/** An answer of the service as nodes and edges. */
export interface Part {
  nodes: Node[];
  edges: Edge[];
}

interface AnsweredNode {
  id: string;
  kind: NodeKind;
  label: string;
  promoter?: { rank: string; status: string; joinedAt: string; sales: { volumeFen: number } } | null;
}

interface AnsweredEdge {
  source: string;
  target: string;
  kind: RelationKind;
}

/** Nodes and edges of an answer under the names of a picture: people go by their code, whoever tells of them. */
export function partOf<Edges extends AnsweredEdge>(nodes: AnsweredNode[], edges: Edges[]): Part & { edges: Edges[] } {
  const own = nodes.map(nodeOf);
  const named = new Map(nodes.map(({ id }, at) => [id, own[at]?.id ?? id]));
  const name = (id: string): string => named.get(id) ?? id;
  return { nodes: own, edges: edges.map((edge) => ({ ...edge, source: name(edge.source), target: name(edge.target) })) };
}

interface Columns {
  codes: string[];
  parents: number[];
  ranks: number[];
  rankNames: string[];
  statuses: number[];
  statusNames: string[];
  joinedSeconds: number[];
  volumesFen: number[];
}

/** A whole tree from its columns; edges lead from who stands above. */
export function treeOf(of: Columns): Part {
  const nodes: Node[] = of.codes.map((code, at) => ({
    id: code,
    kind: "PROMOTER",
    label: code,
    rank: of.rankNames[of.ranks[at] ?? 0] ?? "",
    status: of.statusNames[of.statuses[at] ?? 0] ?? "",
    joinedAt: (of.joinedSeconds[at] ?? 0) * 1000,
    salesFen: of.volumesFen[at] ?? 0,
  }));
  const edges: Edge[] = [];
  of.parents.forEach((parent, at) => {
    const above = of.codes[parent];
    if (above !== undefined) edges.push({ source: above, target: of.codes[at] as string, kind: "REFERRED" });
  });
  return { nodes, edges };
}

export function nodeOf({ id, kind, label, promoter }: AnsweredNode): Node {
  return promoter
    ? { id: label, kind, label, rank: promoter.rank, status: promoter.status, joinedAt: Date.parse(promoter.joinedAt), salesFen: promoter.sales.volumeFen }
    : { id: kind === "BUYER" ? label : id, kind, label, salesFen: 0 };
}

const name = ({ source, target, kind }: Edge): string => `${source} ${target} ${kind}`;

/** Several answers as one: each node and each edge once; what a later one knows more of is added. */
export function merged(parts: Part[]): Part {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const nodes = new Map<string, Node>();
  const edges = new Map<string, Edge>();
  for (const part of parts) {
    for (const node of part.nodes) {
      const before = nodes.get(node.id);
      // An order names its buyer by a code alone: who promotes as well is known already.
      if (before?.kind !== "PROMOTER" || node.kind !== "BUYER") nodes.set(node.id, { ...before, ...node });
    }
    for (const edge of part.edges) edges.set(name(edge), { ...edges.get(name(edge)), ...edge });
  }
  const known = [...edges.values()].filter((edge) => nodes.has(edge.source) && nodes.has(edge.target));
  return { nodes: [...nodes.values()], edges: known };
}

/** A spanning forest to place everything by: referrals first, then whatever joins the rest to it. */
export interface Forest {
  /** Above each node; null at the top. Parents stand before their children. */
  parent: Map<string, string | null>;
  children: Map<string, string[]>;
  level: Map<string, number>;
  roots: string[];
}

export function forest({ nodes, edges }: Part, first?: string): Forest {
  const down = new Map<string, string[]>();
  const below = new Set<string>();
  for (const { source, target, kind } of edges) {
    if (kind !== "REFERRED") continue;
    add(down, source, target);
    below.add(target);
  }
  let around: Map<string, string[]> | undefined;
  const found: Forest = { parent: new Map(), children: new Map(), level: new Map(), roots: [] };
  const tops = nodes.filter((node) => !below.has(node.id)).map((node) => node.id);
  // Those with most below first, and who was asked for before all: the rest is hung onto what is there.
  tops.sort((a, b) => (down.get(b)?.length ?? 0) - (down.get(a)?.length ?? 0));
  const starts = [...(first ? [first] : []), ...tops, ...nodes.map((node) => node.id)];
  const present = new Set(nodes.map((node) => node.id));
  for (const start of starts) {
    if (!present.has(start) || found.parent.has(start)) continue;
    found.roots.push(start);
    grow(found, start, null, down);
    // A tree stands whole already, and nobody is left to be hung anywhere.
    if (found.parent.size < present.size) hang(found, (around ??= neighbours(edges)), down);
  }
  return found;
}

function add(map: Map<string, string[]>, from: string, to: string): void {
  const found = map.get(from);
  if (found) found.push(to);
  else map.set(from, [to]);
}

function neighbours(edges: Edge[]): Map<string, string[]> {
  const around = new Map<string, string[]>();
  for (const { source, target } of edges) {
    add(around, source, target);
    add(around, target, source);
  }
  return around;
}

function grow(found: Forest, start: string, above: string | null, down: Map<string, string[]>): void {
  const queue: [string, string | null][] = [[start, above]];
  for (let at = 0; at < queue.length; at += 1) {
    const [id, over] = queue[at] as [string, string | null];
    if (found.parent.has(id)) continue;
    found.parent.set(id, over);
    found.level.set(id, over === null ? 0 : (found.level.get(over) ?? 0) + 1);
    if (over !== null) {
      const siblings = found.children.get(over);
      if (siblings) siblings.push(id);
      else found.children.set(over, [id]);
    }
    for (const child of down.get(id) ?? []) queue.push([child, id]);
  }
}

/** Whoever is joined to what stands already, by any edge, hangs below it. */
function hang(found: Forest, around: Map<string, string[]>, down: Map<string, string[]>): void {
  const queue = [...found.parent.keys()];
  for (let at = 0; at < queue.length; at += 1) {
    const id = queue[at] as string;
    for (const next of around.get(id) ?? []) {
      if (found.parent.has(next)) continue;
      const before = found.parent.size;
      grow(found, next, id, down);
      queue.push(...[...found.parent.keys()].slice(before));
    }
  }
}

/** Sums over everybody below who is in the picture: people, and their own sales. */
export interface Sums {
  people: number;
  salesFen: number;
}

export function sums(part: Part, { parent }: Forest): Map<string, Sums> {
  const below = new Map<string, Sums>(part.nodes.map((node) => [node.id, { people: 0, salesFen: 0 }]));
  const promoters = new Map(part.nodes.map((node) => [node.id, node.kind === "PROMOTER" ? node : undefined]));
  for (const id of [...parent.keys()].reverse()) {
    const above = below.get(parent.get(id) ?? "");
    const own = below.get(id);
    if (above && own) {
      const promoter = promoters.get(id);
      above.people += own.people + (promoter ? 1 : 0);
      above.salesFen += own.salesFen + (promoter?.salesFen ?? 0);
    }
  }
  return below;
}

/** Without what hangs below the collapsed. */
export function uncollapsed(part: Part, { parent }: Forest, collapsed: ReadonlySet<string>): Part {
  if (collapsed.size === 0) return part;
  const gone = new Set<string>();
  for (const [id, above] of parent) if (above !== null && (collapsed.has(above) || gone.has(above))) gone.add(id);
  return {
    nodes: part.nodes.filter((node) => !gone.has(node.id)),
    edges: part.edges.filter((edge) => !gone.has(edge.source) && !gone.has(edge.target)),
  };
}
