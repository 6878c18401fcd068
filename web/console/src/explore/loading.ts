import { useEffect, useState } from "react";
import { alsoKept, FRESH_MS } from "../asking";
import { lost, useReturns } from "../connection";
import {
  ExploreDiffDocument,
  ExploreExpandDocument,
  type ExploreExpandQuery,
  ExplorePathDocument,
  ExplorePurchasesDocument,
  ExploreRingDocument,
  ExploreTreeDocument,
} from "../generated/graphql";
import { session, useRenewals } from "../session";
import { ask, type Document, Unreachable } from "../wire";
import { type Edge, nodeOf, type Part, partOf, treeOf } from "./picture";
import { endOf, LIMIT_MAX, type View } from "./view";

/** Why there is more than a question has brought. */
export type Cut = "LEVELS" | "PEOPLE" | "DIFFERENCE" | "ORDERS";

/** What one question has brought; the rest is what else is to be said about it. */
export interface Brought extends Part {
  cut?: Cut | undefined;
  absent?: boolean;
  /** Of the way between two: -1 is none, null that the search gave up. */
  hops?: number | null;
  changes?: { added: number; removed: number; moved: number; unchanged: number };
  /** Of an expanded promoter: direct downlines in all, and how many of them are there. */
  direct?: { code: string; total: number; shown: number };
  /** How many others share an identifier with somebody. */
  ring?: { code: string; others: number };
  /** How many have bought through somebody. */
  purchases?: { code: string; buyers: number };
}

/** What the service is asked, as it can be shown, and what is made of its answer. */
export interface Question {
  key: string;
  document: string;
  variables: object;
  run: () => Promise<Brought>;
}

const NOTHING: Part = { nodes: [], edges: [] };
const DEEP = 1000;
const PAGE = 50;
/** So many people the service compares. */
export const DIFFERENCE_MAX = 1000;

const referral = (source: string, target: string): Edge => ({ source, target, kind: "REFERRED" });

/** An answer of which nothing was refused: what is left out of a picture would be taken for what is not there. */
async function whole<Result, Variables>(document: Document<Result, Variables>, variables: Variables): Promise<Result> {
  const { data, refused } = await ask(document, variables);
  if (refused[0]) throw refused[0];
  return data;
}

function question<Result, Variables extends object>(
  key: string,
  document: Document<Result, Variables>,
  variables: Variables,
  made: (data: Result) => Brought,
): Question {
  return { key, document: String(document), variables, run: async () => made(await whole(document, variables)) };
}

function tree(root: string, depth: number, limit: number, at: string): Question {
  const variables = { root, depth, limit, at: endOf(at) };
  return question(`tree ${root} ${depth} ${limit} ${at}`, ExploreTreeDocument, variables, ({ networkColumns: found }) => {
    if (!found) return { ...NOTHING, absent: true };
    return { ...treeOf(found), cut: found.truncated ? (found.codes.length < limit ? "LEVELS" : "PEOPLE") : undefined };
  });
}

function difference({ root, depth, limit, at, since }: View): Question {
  const to = endOf(at) ?? new Date().toISOString();
  const most = Math.min(limit, DIFFERENCE_MAX);
  const variables = { root, from: endOf(since) ?? to, to, depth, limit: most };
  return question(`diff ${root} ${depth} ${limit} ${at} ${since}`, ExploreDiffDocument, variables, ({ networkDiff: diff }) => {
    if (!diff) return { ...NOTHING, absent: true };
    const part = partOf(diff.nodes.map(({ node }) => node), diff.edges.map(({ edge, state }) => ({ ...edge, change: state })));
    const full = most === DIFFERENCE_MAX ? "DIFFERENCE" : "PEOPLE";
    return {
      nodes: part.nodes.map((node, place) => ({ ...node, change: diff.nodes[place]?.state ?? "UNCHANGED" })),
      edges: part.edges,
      cut: diff.truncated ? (diff.nodes.length < most ? "LEVELS" : full) : undefined,
      changes: diff,
    };
  });
}

/** So many pages of somebody's direct downline, the largest teams first. */
function expanded(code: string, pages: number): Question {
  const run = async (): Promise<Brought> => {
    const brought: Brought = { nodes: [], edges: [] };
    let after: string | null = null;
    for (let page = 0; page < pages; page += 1) {
      const { promoter }: ExploreExpandQuery = await whole(ExploreExpandDocument, { code, after });
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
  };
  return { key: `expand ${code} ${pages}`, document: String(ExploreExpandDocument), variables: { code, after: null }, run };
}

/** The same of a day: the largest own sales first, as teams are known of today alone. */
function expandedAt(code: string, pages: number, at: string): Question {
  const variables = { root: code, depth: 1, limit: LIMIT_MAX, at: endOf(at) };
  return question(`expand ${code} ${pages} ${at}`, ExploreTreeDocument, variables, ({ networkColumns: found }) => {
    if (!found) return NOTHING;
    const [, ...below] = treeOf(found).nodes;
    const nodes = below.sort((a, b) => b.salesFen - a.salesFen).slice(0, pages * PAGE);
    return {
      nodes,
      edges: nodes.map((node) => referral(code, node.id)),
      direct: { code, total: below.length, shown: nodes.length },
    };
  });
}

function path(from: string, to: string): Question {
  return question(`path ${from} ${to}`, ExplorePathDocument, { from, to, via: null }, ({ relation }) => {
    if (!relation) return { ...NOTHING, hops: -1 };
    if (relation.truncated) return { ...NOTHING, hops: null };
    const part = partOf(relation.nodes, relation.edges);
    return { nodes: part.nodes, edges: part.edges.map((edge) => ({ ...edge, onPath: true })), hops: relation.hops };
  });
}

function ring(code: string): Question {
  return question(`ring ${code}`, ExploreRingDocument, { code }, ({ ring: found }) => {
    if (!found) return NOTHING;
    const part = partOf(found.structure.nodes, found.structure.edges);
    return { ...part, cut: found.truncated ? "PEOPLE" : undefined, ring: { code, others: found.people - 1 } };
  });
}

/** Who has bought through somebody, of the latest orders. */
function purchases(code: string): Question {
  return question(`purchases ${code}`, ExplorePurchasesDocument, { code }, ({ promoter }) => {
    const orders = promoter?.orders;
    const buyers = [...new Set(orders?.edges.map(({ node }) => node.buyerCode))];
    return {
      nodes: buyers.map((buyer) => ({ id: buyer, kind: "BUYER", label: buyer, salesFen: 0 })),
      edges: buyers.map((buyer) => ({ source: buyer, target: code, kind: "PURCHASED_THROUGH" })),
      cut: orders?.pageInfo.hasNextPage ? "ORDERS" : undefined,
      purchases: { code, buyers: buyers.length },
    };
  });
}

/** All that a view is made from, the tree first. */
export function questions(view: View): Question[] {
  const { root, depth, limit, at } = view;
  const between = view.from && view.to ? [path(view.from, view.to)] : [];
  if (!root) return between;
  return [
    view.since ? difference(view) : tree(root, depth, limit, at),
    ...view.expanded.map(([code, pages]) => (at ? expandedAt(code, pages, at) : expanded(code, pages))),
    ...view.branches.map((code) => tree(code, DEEP, LIMIT_MAX, at)),
    ...view.rings.map(ring),
    ...view.purchases.map(purchases),
    ...between,
  ];
}

/** What a question has brought, when it was last asked, and a number of its own until the answer is another one. */
interface Kept {
  brought: Brought;
  at: number;
  version: number;
}

const kept = new Map<string, Kept>();
alsoKept.push(kept);
const KEPT_MAX = 80;
let versions = 0;

function keep(name: string, brought: Brought): void {
  const before = kept.get(name);
  const isSame = before !== undefined && JSON.stringify(before.brought) === JSON.stringify(brought);
  kept.delete(name);
  // The same as before stays the same: what is drawn of it is not drawn anew.
  kept.set(name, isSame ? Object.assign(before, { at: Date.now() }) : { brought, at: Date.now(), version: (versions += 1) });
  const oldest = kept.keys().next();
  if (kept.size > KEPT_MAX && !oldest.done) kept.delete(oldest.value);
}

const asking = new Map<string, Promise<Brought>>();

const own = (key: string): string => `${session()?.name} ${key}`;

/** The answer to come; whoever asks the same meanwhile waits for the same. What was answered is kept. */
function asked({ key, run }: Question): Promise<Brought> {
  const name = own(key);
  const under = asking.get(name);
  if (under) return under;
  const answer = run()
    .then((brought) => {
      if (own(key) === name) keep(name, brought);
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
  /** By question, in the order in which they were asked; those that are not there yet are left out, and all before the first is there. */
  parts: Brought[];
  /** Names what is there: as long as it stays the same, so do the parts. */
  there: string;
  loading: boolean;
  failed: Error | undefined;
  again: () => void;
}

/**
 * Everything a view is made from. Going back to an earlier view asks nothing again; what was kept for a while when this
 * page was opened is shown at once and asked anew, unless it is of a day that is over.
 */
export function useParts(view: View): Loaded {
  const returns = useReturns();
  const renewals = useRenewals();
  const [openedAt] = useState(Date.now);
  const [times, setTimes] = useState(0);
  const wanted = questions(view);
  const name = wanted.map((one) => one.key).join("|");
  const [, arrived] = useState(0);
  const [failed, setFailed] = useState<{ name: string; error: Error }>();

  const found = wanted.map(({ key }) => kept.get(own(key)));
  // What lies over a tree hangs in the air without it: edges would lead to nobody.
  const there = found[0] ? found.filter((one) => one !== undefined) : [];

  useEffect(() => {
    let current = true;
    setFailed(undefined);
    for (const question of wanted) {
      const answered = kept.get(own(question.key));
      // What was begun before the page stood may have been answered since this view was rendered.
      if (answered && !there.includes(answered)) arrived((before) => before + 1);
      if (answered && (view.at || answered.at > openedAt - FRESH_MS)) continue;
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
  }, [name, returns, renewals, times]);

  const error = failed?.name === name ? failed.error : undefined;
  return {
    parts: there.map(({ brought }) => brought),
    there: there.map(({ version }) => version).join("|"),
    loading: there.length < wanted.length && !error,
    failed: error,
    again: () => setTimes((before) => before + 1),
  };
}
