import type { Role } from "../session";

/** As the service has it: who may read the journal. */
export const READING: readonly Role[] = ["RISK", "ADMIN"];

/** Facts as `name value` pairs; what is not a word or a number as JSON. */
export function told(facts: unknown): string {
  if (typeof facts !== "object" || facts === null) return "";
  return Object.entries(facts)
    .map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" · ");
}
