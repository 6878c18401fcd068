export interface Connection<Edge = unknown> {
  pageInfo: { hasNextPage: boolean; endCursor?: string | null };
  edges: Edge[];
}

export interface Listed<Edge> {
  edges: Edge[];
  /** Where the next page begins; null after the last. */
  next: string | null;
}

export const NOTHING: Listed<never> = { edges: [], next: null };

/** Pages of a list one below the other; `after` is where this one begins. One that was not answered leaves the rest. */
export function joined<Edge>(
  shown: readonly Edge[],
  after: string | null,
  page: Connection<Edge> | null | undefined,
): Listed<Edge> {
  const before = after === null ? [] : shown;
  if (!page) return { edges: [...before], next: after };
  const { hasNextPage, endCursor } = page.pageInfo;
  return { edges: [...before, ...page.edges], next: hasNextPage ? (endCursor ?? null) : null };
}

/** A screen that shows a list: `page` asks for what is behind a cursor, or for the first of it. */
interface Paged {
  data: { next: string | null; loading: boolean };
  page(after: string | null): Promise<void>;
}

/** What every such screen does when it is pulled down and when its end is reached. */
export const PAGED = {
  load(this: Paged) {
    return this.page(null);
  },

  onPullDownRefresh(this: Paged) {
    void this.page(null);
  },

  onReachBottom(this: Paged) {
    if (this.data.next !== null && !this.data.loading) void this.page(this.data.next);
  },
};
