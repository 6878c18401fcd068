/** A question that somebody keeps under a name. */
export interface Kept {
  name: string;
  text: string;
}

const place = (owner: string): string => `promograph.questions.${owner}`;

const isKept = (one: unknown): one is Kept =>
  typeof one === "object" && one !== null && "name" in one && typeof one.name === "string" && "text" in one && typeof one.text === "string";

/** What `owner` keeps in this browser, in the order in which it was kept. */
export function kept(owner: string): Kept[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(place(owner)) ?? "[]");
    return Array.isArray(list) ? list.filter(isKept) : [];
  } catch {
    return [];
  }
}

export const keep = (owner: string, list: Kept[]): void => localStorage.setItem(place(owner), JSON.stringify(list));
