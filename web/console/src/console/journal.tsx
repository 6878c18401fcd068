import type { ReactNode } from "react";
import type { Role } from "../session";

/** As the service has it: who may read the journal. */
export const READING: readonly Role[] = ["RISK", "ADMIN"];

/** What is known of an entry, three lines of it; all of it under the pointer. */
export function Facts({ of }: { of: unknown }): ReactNode {
  const text = told(of);
  return (
    <span className="facts" title={text}>
      {text}
    </span>
  );
}

/** Facts as `name value` pairs, the short ones first; what they hold in turn stands beside its name. */
function told(facts: unknown): string {
  return pairs(facts, "")
    .sort((a, b) => a.length - b.length)
    .join(" · ");
}

function pairs(value: unknown, name: string): string[] {
  if (value === null || typeof value !== "object") return value === null || !name ? [] : [`${name} ${String(value)}`];
  if (Array.isArray(value)) return value.length > 0 ? [`${name} ${JSON.stringify(value)}`] : [];
  return Object.entries(value).flatMap(([inner, held]) => pairs(held, name ? `${name}.${inner}` : inner));
}
