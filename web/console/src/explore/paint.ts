import type { DiffState, NodeKind, RelationKind } from "../generated/graphql";
import { colour } from "../theme";
import type { Edge, Forest, Node, Sums } from "./picture";
import type { ColourBy, SizeBy } from "./view";

const RANK: Record<string, string> = { PROMOTER: "rank-1", SENIOR: "rank-2", ELITE: "rank-3" };
const STATUS: Record<string, string> = { ACTIVE: "series-1", LOCKED: "bad", CLOSED: "muted" };
const CHANGE: Record<DiffState, string> = { ADDED: "good", REMOVED: "bad", MOVED: "series-3", UNCHANGED: "rank-1" };
const LEVELS = ["series-1", "series-2", "series-3", "rank-3"];
/** From the smallest to the largest team sales. */
export const VOLUMES = ["volume-1", "volume-2", "volume-3", "volume-4"];
/** Colours of relations by their names in the style sheet; an identifier has that of its relation. */
export const KINDS: Record<RelationKind, string> = {
  REFERRED: "edge",
  CLAIMED_REFERRAL: "claimed",
  PURCHASED_THROUGH: "purchased",
  DEVICE: "device",
  PAYOUT_ACCOUNT: "payout-account",
  ID_NUMBER: "id-number",
  PHONE: "phone",
  ADDRESS: "address",
};
/** From this score on a finding locks whom it names. */
const GRAVE = 90;
const RANK_SIZES: Record<string, number> = { PROMOTER: 0, SENIOR: 1, ELITE: 4 };
const SMALLEST = 3;
const LARGEST = 15;
/** Of who stands at the top: it is found in any crowd. */
export const TOP_RADIUS = 5;

export interface Colours {
  names: Record<string, string>;
  dim: string;
  text: string;
  accent: string;
}

export function colours(): Colours {
  const sets = [RANK, STATUS, CHANGE, KINDS].flatMap((set) => Object.values(set));
  const names = Object.fromEntries([...sets, ...LEVELS, ...VOLUMES].map((name) => [name, colour(name)]));
  return { names, dim: colour("line"), text: colour("text"), accent: colour("accent") };
}

/** What is known of everybody in a picture beside their own facts. */
export interface Known {
  level: Forest["level"];
  sums: ReadonlyMap<string, Sums>;
  /** The gravest finding by code. */
  scores: ReadonlyMap<string, number>;
}

/** Least team sales of each class but the smallest: powers of ten below the largest, in fen. */
export const volumeBounds = (most: number): number[] => [most / 1000, most / 100, most / 10];

export const largestVolume = (sums: ReadonlyMap<string, Sums>): number => {
  let most = 0;
  for (const { salesFen } of sums.values()) if (salesFen > most) most = salesFen;
  return most;
};

/** The colour of each node of a picture. */
export function colouring(by: ColourBy, known: Known, given: Colours): (node: Node) => string {
  const people = naming(by, known);
  const named = (name: string | undefined): string => given.names[name ?? ""] ?? given.text;
  return (node) => {
    if (node.kind !== "PROMOTER") return named(KINDS[relationOf(node.kind)]);
    return named(node.change ? CHANGE[node.change] : people(node));
  };
}

const relationOf = (kind: Exclude<NodeKind, "PROMOTER">): RelationKind => (kind === "BUYER" ? "PURCHASED_THROUGH" : kind);

function naming(by: ColourBy, { level, sums, scores }: Known): (node: Node) => string | undefined {
  switch (by) {
    case "rank":
      return (node) => RANK[node.rank ?? ""];
    case "status":
      return (node) => STATUS[node.status ?? ""];
    case "level":
      return (node) => LEVELS[(level.get(node.id) ?? 0) % LEVELS.length];
    case "volume": {
      const bounds = volumeBounds(largestVolume(sums));
      return (node) => {
        const own = sums.get(node.id)?.salesFen ?? 0;
        let place = 0;
        for (const bound of bounds) if (own > bound) place += 1;
        return VOLUMES[place];
      };
    }
    case "finding":
      return (node) => {
        const score = scores.get(node.label);
        return score === undefined ? "rank-1" : score >= GRAVE ? "bad" : "series-3";
      };
  }
}

/** What each node of a picture is sized by. */
export function measuring(by: SizeBy, { sums, scores }: Known): (node: Node) => number {
  switch (by) {
    case "sales":
      return (node) => node.salesFen;
    case "volume":
      return (node) => sums.get(node.id)?.salesFen ?? 0;
    case "team":
      return (node) => sums.get(node.id)?.people ?? 0;
    case "rank":
      return (node) => RANK_SIZES[node.rank ?? ""] ?? 0;
    case "finding":
      return (node) => scores.get(node.label) ?? 0;
    case "same":
      return () => 0;
  }
}

/** Areas speak of sums, so radii go by roots; a crowd is drawn smaller. */
export function radius(value: number, most: number, nodes: number): number {
  const crowd = nodes > 20_000 ? 0.3 : nodes > 2000 ? 0.5 : nodes > 600 ? 0.7 : 1;
  return crowd * (SMALLEST + (LARGEST - SMALLEST) * Math.sqrt(Math.max(0, value) / Math.max(1, most)));
}

export function edgeColour({ kind, change, onPath }: Edge, given: Colours): string {
  if (onPath) return given.accent;
  return given.names[change && change !== "UNCHANGED" ? CHANGE[change] : KINDS[kind]] ?? given.text;
}
