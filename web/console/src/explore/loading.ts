import { useEffect, useState } from "react";
import { lost, useReturns } from "../connection";
import {
  ExploreDiffDocument,
  ExploreExpandDocument,
  type ExploreExpandQuery,
  ExplorePathDocument,
  ExploreRingDocument,
  ExploreTreeDocument,
} from "../generated/graphql";
import { session } from "../session";
import { type Answered, ask, Unreachable } from "../wire";
import { type Edge, nodeOf, type Part, partOf, treeOf } from "./picture";
import { endOf, LIMIT_MAX, type View } from "./view";

/** What one question has brought; `told` is what else is to be said about it. */
export interface Brought extends Part {
  truncated?: boolean;
  absent?: boolean;
  hops?: number;
  changes?: { added: number; removed: number; moved: number; unchanged: number };
  /** Of an expanded promoter: direct downlines in all, and whether all are there. */
  direct?: { code: string; total: number; shown: number };
}

interface Question {
  key: string;
  run: () => Promise<Brought>;
}

const NOTHING: Part = { nodes: [], edges: [] };
const DEEP = 1000;
const PAGE = 50;

const referral = (source: string, target: string): Edge => ({ source, target, kind: "REFERRED" });

async function tree(root: string, depth: number, limit: number, at: string): Promise<Brought> {
  const found = (await ask(ExploreTreeDocument, { root, depth, limit, at: endOf(at) })).data.networkColumns;
  if (!found) return { ...NOTHING, absent: true };
  return { ...treeOf(found), truncated: found.truncated };
}

async function difference({ root, depth, limit, at, since }: View): Promise<Brought> {
  const to = endOf(at) ?? new Date().toISOString();
  const answer = await ask(ExploreDiffDocument, { root, from: endOf(since) ?? to, to, depth, limit: Math.min(limit, 1000) });
  const diff = answer.data.networkDiff;
  if (!diff) return { ...NOTHING, absent: true };
  const part = partOf(diff.nodes.map(({ node }) => node), diff.edges.map(({ edge, state }) => ({ ...edge, change: state })));
  return {
    nodes: part.nodes.map((node, at) => ({ ...node, change: diff.nodes[at]?.state ?? "UNCHANGED" })),
    edges: part.edges,
    truncated: diff.truncated,
    changes: diff,
  };
}

/** So many pages of somebody's direct downline, the largest teams first. */
async function expanded(code: string, pages: number): Promise<Brought> {
  const brought: Brought = { nodes: [], edges: [] };
  let after: string | null = null;
  for (let page = 0; page < pages; page += 1) {
    const answer: Answered<ExploreExpandQuery> = await ask(ExploreExpandDocument, { code, after });
    const { promoter } = answer.data;
    if (!promoter) return brought;
    const downline: NonNullable<ExploreExpandQuery["promoter"]>["downline"] = promoter.downline;
    for (const { node } of downline.edges) {
      brought.nodes.push(nodeOf({ id: node.id, kind: "PROMOTER", label: node.code, promoter: node }));
      brought.edges.push(referral(code, node.code));
    }
    brought.direct = { code, total: downline.totalCount, shown: Math.min(downline.totalCount, (page + 1) * PAGE) };
    after = downline.pageInfo.endCursor ?? null;
    if (!downline.pageInfo.hasNextPage) break;
  }
  return brought;
}

async function path(from: string, to: string): Promise<Brought> {
  const { relation } = (await ask(ExplorePathDocument, { from, to, via: null })).data;
  if (!relation) return { ...NOTHING, hops: -1 };
  const part = partOf(relation.nodes, relation.edges);
  return { nodes: part.nodes, edges: part.edges.map((edge) => ({ ...edge, onPath: true })), hops: relation.hops };
}

async function ring(code: string): Promise<Brought> {
  const found = (await ask(ExploreRingDocument, { code })).data.ring;
  if (!found) return NOTHING;
  return { ...partOf(found.structure.nodes, found.structure.edges), truncated: found.truncated };
}

function questions(view: View): Question[] {
  const { root, depth, limit, at, since } = view;
  if (!root) return view.from && view.to ? [{ key: `path ${view.from} ${view.to}`, run: () => path(view.from, view.to) }] : [];
  const first: Question = since
    ? { key: `diff ${root} ${depth} ${limit} ${at} ${since}`, run: () => difference(view) }
    : { key: `tree ${root} ${depth} ${limit} ${at}`, run: () => tree(root, depth, limit, at) };
  return [
    first,
    ...view.expanded.map(([code, pages]) => ({ key: `expand ${code} ${pages}`, run: () => expanded(code, pages) })),
    ...view.branches.map((code) => ({ key: `branch ${code} ${at}`, run: () => tree(code, DEEP, LIMIT_MAX, at) })),
    ...view.rings.map((code) => ({ key: `ring ${code}`, run: () => ring(code) })),
    ...(view.from && view.to ? [{ key: `path ${view.from} ${view.to}`, run: () => path(view.from, view.to) }] : []),
  ];
}

const kept = new Map<string, Brought>();
const KEPT_MAX = 80;
const asking = new Map<string, Promise<Brought>>();

const own = (key: string): string => `${session()?.name} ${key}`;

/** The answer to come; whoever asks the same meanwhile waits for the same. What was answered is kept. */
function asked({ key, run }: Question): Promise<Brought> {
  const name = own(key);
  const under = asking.get(name);
  if (under) return under;
  const answer = run()
    .then((brought) => {
      kept.set(name, brought);
      const oldest = kept.keys().next();
      if (kept.size > KEPT_MAX && !oldest.done) kept.delete(oldest.value);
      return brought;
    })
    .finally(() => asking.delete(name));
  asking.set(name, answer);
  return answer;
}

/** Ask what a view is made from before its page stands: making a picture ready takes as long as the answer. */
export function begin(view: View): void {
  for (const question of questions(view)) if (!kept.has(own(question.key))) asked(question).catch(() => undefined); // the page asks again, and says why
}

export interface Loaded {
  /** By question, in the order in which they were asked; those that are not there yet are left out. */
  parts: Brought[];
  /** Names what is there: as long as it stays the same, so do the parts. */
  there: string;
  loading: boolean;
  failed: Error | undefined;
}

/** Everything a view is made from. Going back to an earlier view asks nothing again. */
export function useParts(view: View): Loaded {
  const returns = useReturns();
  const wanted = questions(view);
  const name = wanted.map((one) => one.key).join("|");
  const [, arrived] = useState(0);
  const [failed, setFailed] = useState<{ name: string; error: Error }>();

  const there = wanted.filter(({ key }) => kept.has(own(key))).map(({ key }) => key);

  useEffect(() => {
    let current = true;
    for (const question of wanted) {
      if (kept.has(own(question.key))) {
        // What was begun before the page stood may have been answered since this view was rendered.
        if (!there.includes(question.key)) arrived((before) => before + 1);
        continue;
      }
      asked(question).then(
        () => {
          if (current) arrived((before) => before + 1);
        },
        (error: Error) => {
          if (error instanceof Unreachable) lost();
          else if (current) setFailed({ name, error });
        },
      );
    }
    return () => {
      current = false;
    };
  }, [name, returns]);

  const parts = there.flatMap((key) => kept.get(own(key)) ?? []);
  const error = failed?.name === name ? failed.error : undefined;
  return { parts, there: there.join("|"), loading: parts.length < wanted.length && !error, failed: error };
}
