import type { RelationKind } from "../generated/graphql";

export const LAYOUTS = ["tree", "radial", "layered"] as const;
export const SIZES = ["sales", "volume", "team", "rank", "finding", "same"] as const;
export const COLOURS = ["rank", "status", "level", "volume", "finding"] as const;
export type Layout = (typeof LAYOUTS)[number];
export type SizeBy = (typeof SIZES)[number];
export type ColourBy = (typeof COLOURS)[number];

/** All that a picture is made from. It stands in the address, so a link restores it and undo is an earlier one. */
export interface View {
  root: string;
  depth: number;
  limit: number;
  /** Day whose tree is shown; "" is now. */
  at: string;
  /** Earlier day that it is compared with; "" compares with nothing. */
  since: string;
  layout: Layout;
  size: SizeBy;
  colour: ColourBy;
  rank: string;
  status: string;
  minYuan: number;
  selected: string;
  pinned: string[];
  /** Code to how many pages of its direct downline were asked for. */
  expanded: [string, number][];
  /** Codes whose whole branch was asked for. */
  branches: string[];
  collapsed: string[];
  /** Codes whose shared identifiers are shown. */
  rings: string[];
  /** Codes whose buyers are shown. */
  purchases: string[];
  from: string;
  to: string;
  hidden: RelationKind[];
  /** What of the picture is looked at; "" is all of it. */
  camera: string;
}

const CAMERA = /^-?\d+(\.\d+)?,-?\d+(\.\d+)?,\d+(\.\d+)?$/;

export const LIMIT_MAX = 100_000;

export const DEFAULTS: View = {
  root: "",
  depth: 3,
  limit: 500,
  at: "",
  since: "",
  layout: "tree",
  size: "sales",
  colour: "rank",
  rank: "",
  status: "",
  minYuan: 0,
  selected: "",
  pinned: [],
  expanded: [],
  branches: [],
  collapsed: [],
  rings: [],
  purchases: [],
  from: "",
  to: "",
  hidden: [],
  camera: "",
};

const list = (text: string | null): string[] => (text ? text.split(",") : []);
const one = <Value extends string>(text: string | null, of: readonly Value[], otherwise: Value): Value =>
  of.find((value) => value === text) ?? otherwise;

function within(text: string | null, least: number, most: number, otherwise: number): number {
  const number = Number(text);
  return text && Number.isFinite(number) ? Math.max(least, Math.min(most, Math.round(number))) : otherwise;
}

const day = (text: string | null): string => (text && /^\d{4}-\d{2}-\d{2}$/.test(text) && Date.parse(text) ? text : "");

/** What an address asks for; whatever makes no sense in it is the default. */
export function viewOf(search: URLSearchParams): View {
  return {
    root: search.get("root") ?? "",
    depth: within(search.get("depth"), 1, 1000, DEFAULTS.depth),
    limit: within(search.get("limit"), 50, LIMIT_MAX, DEFAULTS.limit),
    at: day(search.get("at")),
    since: day(search.get("since")),
    layout: one(search.get("layout"), LAYOUTS, DEFAULTS.layout),
    size: one(search.get("size"), SIZES, DEFAULTS.size),
    colour: one(search.get("colour"), COLOURS, DEFAULTS.colour),
    rank: search.get("rank") ?? "",
    status: search.get("status") ?? "",
    minYuan: within(search.get("min"), 0, 1e12, 0),
    selected: search.get("sel") ?? "",
    pinned: list(search.get("pins")),
    expanded: list(search.get("x")).map((part) => {
      const cut = part.lastIndexOf("~");
      return [part.slice(0, cut), within(part.slice(cut + 1), 1, 100, 1)];
    }),
    branches: list(search.get("b")),
    collapsed: list(search.get("c")),
    rings: list(search.get("r")),
    purchases: list(search.get("o")),
    from: search.get("from") ?? "",
    to: search.get("to") ?? "",
    hidden: list(search.get("hide")) as RelationKind[],
    camera: CAMERA.exec(search.get("cam") ?? "")?.[0] ?? "",
  };
}

/** The address of a view: what is the default is left out. */
export function searchOf(view: View): Record<string, string | null> {
  const unless = (value: string | number, otherwise: string | number): string | null =>
    value === otherwise ? null : String(value);
  const joined = (values: string[]): string | null => (values.length ? values.join(",") : null);
  return {
    root: unless(view.root, ""),
    depth: unless(view.depth, DEFAULTS.depth),
    limit: unless(view.limit, DEFAULTS.limit),
    at: unless(view.at, ""),
    since: unless(view.since, ""),
    layout: unless(view.layout, DEFAULTS.layout),
    size: unless(view.size, DEFAULTS.size),
    colour: unless(view.colour, DEFAULTS.colour),
    rank: unless(view.rank, ""),
    status: unless(view.status, ""),
    min: unless(view.minYuan, 0),
    sel: unless(view.selected, ""),
    pins: joined(view.pinned),
    x: joined(view.expanded.map(([code, pages]) => `${code}~${pages}`)),
    b: joined(view.branches),
    c: joined(view.collapsed),
    r: joined(view.rings),
    o: joined(view.purchases),
    from: unless(view.from, ""),
    to: unless(view.to, ""),
    hide: joined(view.hidden),
    cam: unless(view.camera, ""),
  };
}

/** The last instant of a day in Shanghai; null is now. */
export const endOf = (at: string): string | null => (at ? `${at}T23:59:59+08:00` : null);
