interface Connection<Edge> {
  pageInfo: { hasNextPage: boolean; endCursor?: string | null };
  edges: Edge[];
}

export interface Listed<Edge> {
  edges: Edge[];
  /** Where the next page begins; null after the last. */
  next: string | null;
}

export const NOTHING: Listed<never> = { edges: [], next: null };

/** Pages of a list one below the other. */
export function joined<Edge>(before: readonly Edge[], page: Connection<Edge> | null | undefined): Listed<Edge> {
  if (!page) return NOTHING;
  const { hasNextPage, endCursor } = page.pageInfo;
  return { edges: [...before, ...page.edges], next: hasNextPage ? (endCursor ?? null) : null };
}
