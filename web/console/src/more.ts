import { useState } from "react";

interface Page<Edge> {
  pageInfo: { endCursor?: string | null };
  edges: Edge[];
}

export interface More<Edge> {
  after: string | null;
  /** What earlier pages of this list have brought. */
  before: Edge[];
  next: (page: Page<Edge>) => void;
  /** Back to the first page. */
  first: () => void;
}

/** Pages of a list one below the other; another list begins at its first page. */
export function useMore<Edge>(list: string): More<Edge> {
  const [state, setState] = useState<{ list: string; after: string | null; before: Edge[] }>({ list, after: null, before: [] });
  const { after, before } = state.list === list ? state : { after: null, before: [] };
  return {
    after,
    before,
    next: (page) => setState({ list, after: page.pageInfo.endCursor ?? null, before: [...before, ...page.edges] }),
    first: () => setState({ list, after: null, before: [] }),
  };
}
