import type { ReactNode } from "react";
import { compact, signedYuan, yuan } from "../figures";
import { named } from "../words";

export const Rank = ({ value }: { value: string }): ReactNode => (
  <span className={`mark rank ${value}`}>{named("rank", value)}</span>
);

/** Nothing where all is well: only what differs deserves ink. */
export const Status = ({ value, always = false }: { value: string; always?: boolean }): ReactNode =>
  value === "ACTIVE" && !always ? null : <span className={`mark status ${value}`}>{named("status", value)}</span>;

export const Mark = ({ kind, value }: { kind: string; value: string }): ReactNode => (
  <span className={`mark ${kind} ${value}`}>{named(kind, value)}</span>
);

export function Money({ fen, signed = false, short = false }: { fen: number; signed?: boolean; short?: boolean }): ReactNode {
  return <span className={fen < 0 ? "money minus" : "money"}>{signed ? signedYuan(fen) : yuan(fen, short)}</span>;
}

/** Sums of money by their labels, as rows of a description list. */
export function SumRows({ of }: { of: readonly (readonly [label: string, fen: number, ...unknown[]])[] }): ReactNode {
  return of.map(([label, fen]) => (
    <div key={label}>
      <dt>{label}</dt>
      <dd>
        <Money fen={fen} />
      </dd>
    </div>
  ));
}

export function Figure({ label, children, note }: { label: string; children: ReactNode; note?: ReactNode }): ReactNode {
  return (
    <div className="figure">
      <dt>{label}</dt>
      <dd>{children}</dd>
      {note !== undefined && <dd className="note">{note}</dd>}
    </div>
  );
}

/** A bar from 0 to 1, told to those who do not see it. */
export function Progress({ label, done }: { label: string; done: number }): ReactNode {
  const value = Math.round(Math.max(0, Math.min(1, done)) * 100);
  return <progress aria-label={label} max={100} value={value} />;
}

/** Levels as bars: people to the left of the eye, sales to the right. */
export function Levels({ rows }: { rows: { level: number; size: number; volumeFen: number }[] }): ReactNode {
  const most = Math.max(1, ...rows.map((row) => row.size));
  return (
    <ul className="levels">
      {rows.map((row) => (
        <li key={row.level}>
          <span className="key">L{row.level}</span>
          <progress aria-label={`L${row.level}`} max={most} value={row.size} />
          <span className="number">{compact(row.size)}</span>
          <span className="number">{yuan(row.volumeFen, true)}</span>
        </li>
      ))}
    </ul>
  );
}
