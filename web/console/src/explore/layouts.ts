import type { Forest } from "./picture";
import type { Layout } from "./view";

export interface Point {
  x: number;
  y: number;
}

/** Width to height that a picture should have. */
const ASPECT = 1.7;

/** Each visits a node once; a tree of a hundred thousand is a matter of tens of milliseconds. */
export function placed(layout: Layout, found: Forest): Map<string, Point> {
  if (layout === "radial") return radial(found);
  return layout === "layered" ? layered(found) : tree(found);
}

/** Places along the breadth: leaves one after the other, those above in the middle of their own. */
function breadths({ parent, children, roots }: Forest): { breadth: Map<string, number>; leaves: number } {
  const breadth = new Map<string, number>();
  let leaves = 0;
  // A stack instead of recursion: a chain may have a thousand levels.
  const stack = [...roots].reverse();
  while (stack.length > 0) {
    const id = stack.pop() as string;
    const below = children.get(id);
    if (below === undefined) {
      breadth.set(id, leaves);
      leaves += 1;
    } else {
      for (let at = below.length - 1; at >= 0; at -= 1) stack.push(below[at] as string);
    }
  }
  for (const id of [...parent.keys()].reverse()) {
    const below = children.get(id);
    if (below !== undefined) {
      const first = breadth.get(below[0] as string) ?? 0;
      const last = breadth.get(below[below.length - 1] as string) ?? 0;
      breadth.set(id, (first + last) / 2);
    }
  }
  return { breadth, leaves };
}

const deepest = ({ level }: Forest): number => {
  let most = 1;
  for (const one of level.values()) if (one > most) most = one;
  return most;
};

function tree(found: Forest): Map<string, Point> {
  const { breadth, leaves } = breadths(found);
  // A deep and narrow tree is drawn flatter than wide, so that labels beside each other stay apart.
  const step = Math.max(0.5, leaves / ASPECT / deepest(found));
  return new Map([...breadth].map(([id, x]) => [id, { x, y: -(found.level.get(id) ?? 0) * step }]));
}

function radial(found: Forest): Map<string, Point> {
  const { breadth, leaves } = breadths(found);
  const several = found.roots.length > 1 ? 1 : 0;
  const step = Math.max(1, leaves / (2 * Math.PI) / (deepest(found) + several));
  return new Map(
    [...breadth].map(([id, place]) => {
      const angle = ((place + 0.5) / Math.max(1, leaves)) * 2 * Math.PI;
      const radius = ((found.level.get(id) ?? 0) + several) * step;
      return [id, { x: radius * Math.cos(angle), y: radius * Math.sin(angle) }];
    }),
  );
}

/** Levels as bands; a level of very many is several rows of its band. */
function layered(found: Forest): Map<string, Point> {
  const { breadth } = breadths(found);
  const bands: string[][] = [];
  for (const [id, level] of found.level) (bands[level] ??= []).push(id);
  const columns = Math.max(8, Math.ceil(Math.sqrt(found.level.size * ASPECT * 2)));
  const points = new Map<string, Point>();
  let y = 0;
  for (const band of bands) {
    band.sort((a, b) => (breadth.get(a) ?? 0) - (breadth.get(b) ?? 0));
    const rows = Math.ceil(band.length / columns);
    band.forEach((id, index) => {
      const row = index % rows;
      const across = Math.floor(index / rows);
      const width = Math.ceil(band.length / rows);
      points.set(id, { x: (across - (width - 1) / 2) * (columns / Math.max(width, columns / 3)), y: y - row * 0.8 });
    });
    y -= rows * 0.8 + 2;
  }
  return points;
}
