import { colour } from "../theme";
import type { Node, Sums } from "./picture";
import type { ColourBy, SizeBy } from "./view";

const RANK: Record<string, string> = { PROMOTER: "rank-1", SENIOR: "rank-2", ELITE: "rank-3" };
const STATUS: Record<string, string> = { ACTIVE: "series-1", LOCKED: "bad", CLOSED: "muted" };
const CHANGE: Record<string, string> = { ADDED: "good", REMOVED: "bad", MOVED: "series-3", UNCHANGED: "rank-1" };
const LEVELS = ["series-1", "series-2", "series-3", "rank-3"];
const SMALLEST = 3;
const LARGEST = 15;
/** Of who stands at the top: it is found in any crowd. */
export const TOP_RADIUS = 5;

export interface Colours {
  names: Record<string, string>;
  dim: string;
  text: string;
  line: string;
  accent: string;
  bad: string;
  panel: string;
}

export function colours(): Colours {
  const every = [...Object.values(RANK), ...Object.values(STATUS), ...Object.values(CHANGE), ...LEVELS, "warn"];
  const names = Object.fromEntries(every.map((name) => [name, colour(name)]));
  return {
    names,
    dim: colour("line"),
    text: colour("text"),
    line: colour("edge"),
    accent: colour("accent"),
    bad: colour("bad"),
    panel: colour("panel"),
  };
}

/** What stands for identifiers and buyers, whatever people are coloured by. */
const OTHERS = "warn";

export function nodeColour(node: Node, by: ColourBy, level: number, score: number | undefined, given: Colours): string {
  if (node.kind !== "PROMOTER") return given.names[OTHERS] ?? given.text;
  if (node.change) return given.names[CHANGE[node.change] ?? "muted"] ?? given.text;
  if (by === "finding") return score === undefined ? (given.names["rank-1"] ?? "") : score >= 90 ? given.bad : (given.names["series-3"] ?? "");
  if (by === "status") return given.names[STATUS[node.status ?? ""] ?? "muted"] ?? given.text;
  if (by === "level") return given.names[LEVELS[level % LEVELS.length] as string] ?? given.text;
  return given.names[RANK[node.rank ?? ""] ?? "rank-1"] ?? given.text;
}

export function measure(node: Node, by: SizeBy, sum: Sums | undefined): number {
  if (by === "sales") return node.salesFen;
  if (by === "volume") return sum?.salesFen ?? 0;
  return by === "team" ? (sum?.people ?? 0) : 0;
}

/** Areas speak of sums, so radii go by roots; a crowd is drawn smaller. */
export function radius(value: number, most: number, nodes: number): number {
  const crowd = nodes > 20_000 ? 0.3 : nodes > 2000 ? 0.5 : nodes > 600 ? 0.7 : 1;
  return crowd * (SMALLEST + (LARGEST - SMALLEST) * Math.sqrt(Math.max(0, value) / Math.max(1, most)));
}

export const edgeColour = (kind: string, change: string | undefined, onPath: boolean | undefined, given: Colours): string => {
  if (onPath) return given.accent;
  if (change && change !== "UNCHANGED") return given.names[CHANGE[change] ?? "muted"] ?? given.line;
  if (kind === "REFERRED") return given.line;
  return kind === "PURCHASED_THROUGH" ? (given.names["series-2"] ?? given.line) : (given.names["warn"] ?? given.line);
};
