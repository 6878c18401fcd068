/** Somebody or something that an answer tells of. `kind` is a label of the store. */
export interface GraphNode {
  id: string;
  kind: string;
  label: string;
}

/** `type` is the relationship's; empty where two codes only stand side by side. */
export interface GraphEdge {
  source: string;
  target: string;
  type: string;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

type Facts = Record<string, unknown>;
type Relationship = Facts & { type: string };

/** Columns that hold codes say so by their name, or by what a code stands for. */
const CODES = /codes?$|(above|below|referrer|downline|upline|buyer|seller|promoter)s?$|^(one|other|top|last)$/i;
/** What the store knows its nodes by, and people read first. */
const NAMES = ["code", "number", "sku", "id", "key", "name", "version", "month"];

const isNode = (cell: unknown): cell is Facts & { labels: string[] } =>
  typeof cell === "object" && cell !== null && "labels" in cell && Array.isArray(cell.labels);
const isRelationship = (cell: unknown): cell is Relationship =>
  typeof cell === "object" && cell !== null && !Array.isArray(cell) && "type" in cell && typeof cell.type === "string";

function nodeOf(facts: Facts & { labels: string[] }): GraphNode {
  const kind = ["Promoter", "Buyer"].find((one) => facts.labels.includes(one)) ?? facts.labels[0] ?? "";
  const name = NAMES.map((key) => facts[key]).find((value) => typeof value === "string" || typeof value === "number");
  const label = name === undefined ? kind : String(name);
  // A promoter who buys is one node, and is the same one where only its code is told.
  const isPerson = typeof facts["code"] === "string";
  return { id: isPerson ? label : `${kind} ${name === undefined || kind === "SalesMonth" ? JSON.stringify(facts) : label}`, kind, label };
}

const coded = (code: string, column: string): GraphNode => ({ id: code, kind: /buyer/i.test(column) ? "Buyer" : "Promoter", label: code });

/** Nodes, relationships and paths of an answer as they are; codes of one row are joined without a type. Anything else is no graph. */
export function drawable(columns: string[], rows: unknown[][]): Graph {
  const nodes = new Map<string, GraphNode>();
  const edges = new Map<string, GraphEdge>();

  function join(source: GraphNode, target: GraphNode, relationship: Relationship | undefined): void {
    // A path does not say which way a relationship leads; a referral says whose it is.
    const isTurned = relationship?.["promoter_code"] === source.label && source.label !== target.label;
    const [from, to] = isTurned ? [target, source] : [source, target];
    const edge = { source: from.id, target: to.id, type: relationship?.type ?? "" };
    edges.set(Object.values(edge).join(" "), edge);
  }

  /** What stands side by side: a relationship belongs to the nodes around it, or to the two before it. */
  function walk(items: (GraphNode | Relationship)[], sideBySide: boolean): void {
    const people = items.filter((item): item is GraphNode => !isRelationship(item));
    const joined = new Set<number>();
    for (const node of people) if (!nodes.has(node.id)) nodes.set(node.id, node);
    let before = 0;
    for (const item of items) {
      if (!isRelationship(item)) {
        before += 1;
        continue;
      }
      const at = before < people.length ? before : before - 1;
      const [source, target] = [people[at - 1], people[at]];
      if (source && target) join(source, target, item);
      joined.add(at);
    }
    if (!sideBySide) return;
    people.forEach((target, at) => {
      const source = people[at - 1];
      if (source && !joined.has(at)) join(source, target, undefined);
    });
  }

  for (const row of rows) {
    const items: (GraphNode | Relationship)[] = [];
    row.forEach((cell, at) => {
      const column = columns[at] ?? "";
      if (isNode(cell)) items.push(nodeOf(cell));
      else if (isRelationship(cell)) items.push(cell);
      else if (typeof cell === "string" && CODES.test(column)) items.push(coded(cell, column));
      else if (Array.isArray(cell) && cell.some(isNode)) {
        const parts = cell.filter((part: unknown) => isNode(part) || isRelationship(part));
        walk(
          parts.map((part) => (isNode(part) ? nodeOf(part) : part)),
          false,
        );
      } else if (Array.isArray(cell) && CODES.test(column)) {
        walk(cell.filter((part): part is string => typeof part === "string" && part !== "").map((part) => coded(part, column)), true);
      }
    });
    // A single code beside figures is a list of people, not a graph.
    if (items.length > 1 || row.some(isNode)) walk(items, true);
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}
