import type { Loaded } from "./loading";
import type { Picture } from "./drawn";
import { DEFAULTS, type View } from "./view";

/** What a button or a key does to a view. */
type Step = Partial<View>;

const without = (codes: string[], code: string): string[] => codes.filter((one) => one !== code);
const toggledIn = (codes: string[], code: string): string[] => (codes.includes(code) ? without(codes, code) : [...codes, code]);

/** Another tree; how it looks, its day and who is pinned stay. */
export const rooted = ({ layout, size, colour, at, pinned }: View, root: string): Step => ({
  ...DEFAULTS,
  layout,
  size,
  colour,
  at,
  pinned,
  root,
  selected: root,
});

export const pinned = (view: View, code: string): Step => ({ pinned: toggledIn(view.pinned, code) });
export const ringed = (view: View, code: string): Step => ({ rings: toggledIn(view.rings, code) });
export const bought = (view: View, code: string): Step => ({ purchases: toggledIn(view.purchases, code) });
export const branched = (view: View, code: string): Step => ({ branches: [...view.branches, code], ...opened(view, code) });

const opened = (view: View, code: string): Step => ({ collapsed: without(view.collapsed, code) });

/** Whether something below somebody can be shown that is not. */
export function isExpandable(view: View, code: string, { parts }: Loaded): boolean {
  const direct = parts.find((part) => part.direct?.code === code)?.direct;
  return view.collapsed.includes(code) || !direct || direct.shown < direct.total;
}

/** Opens what is folded, else asks for the next page of the direct downline. */
export function expanded(view: View, code: string): Step {
  if (view.collapsed.includes(code)) return opened(view, code);
  const pages = view.expanded.find(([one]) => one === code)?.[1] ?? 0;
  return { expanded: [...view.expanded.filter(([one]) => one !== code), [code, pages + 1]] };
}

export const isCollapsible = (view: View, id: string, code: string, { forest }: Picture): boolean =>
  forest.children.has(id) && !view.collapsed.includes(code);

export const collapsed = (view: View, code: string): Step => ({ collapsed: [...view.collapsed, code] });

/** A second click opens what is closed and closes what is open. */
export function toggled(view: View, id: string, code: string, picture: Picture): Step {
  if (isCollapsible(view, id, code, picture)) return { ...collapsed(view, code), selected: code };
  if (!view.collapsed.includes(code) && view.expanded.some(([one]) => one === code)) return { selected: code };
  return { ...expanded(view, code), selected: code };
}
