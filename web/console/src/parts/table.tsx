import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";

export interface Column<Row> {
  name: string;
  /** Numbers stand to the right. */
  number?: boolean;
  cell: (row: Row) => ReactNode;
}

interface TableProps<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  id: (row: Row) => string;
  onOpen?: (row: Row) => void;
  chosen?: string | undefined;
  /** Whether j and k work from anywhere on the page, this being what the page is about. */
  main?: boolean;
}

/** A table that is walked with j and k or the arrows, and opened with Enter. */
export function Table<Row>({ label, columns, rows, id, onOpen, chosen, main }: TableProps<Row>): ReactNode {
  const [at, setAt] = useState(-1);
  const body = useRef<HTMLTableSectionElement>(null);
  useEffect(() => setAt(-1), [rows.length === 0]);

  function move(to: number): void {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    setAt(next);
    const row = body.current?.rows[next];
    row?.focus();
    row?.scrollIntoView({ block: "nearest" });
  }

  function onKey(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (target.closest("a, button, input, select, textarea") && event.key === "Enter") return;
    if (event.key === "j" || event.key === "ArrowDown") move(at + 1);
    else if (event.key === "k" || event.key === "ArrowUp") move(at - 1);
    else if (event.key === "Enter" && rows[at] && onOpen) onOpen(rows[at]);
    else return;
    event.preventDefault();
  }

  useEffect(() => {
    if (!main) return;
    const fromAnywhere = (event: globalThis.KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (target !== document.body || event.ctrlKey || event.metaKey) return;
      if (event.key === "j" || event.key === "k") move(at + (event.key === "j" ? 1 : -1));
    };
    addEventListener("keydown", fromAnywhere);
    return () => removeEventListener("keydown", fromAnywhere);
  });

  return (
    <div className="scroll" tabIndex={onOpen ? -1 : 0}>
      <table aria-label={label} onKeyDown={onOpen && onKey}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" className={column.number ? "number" : undefined}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {rows.map((row, index) => (
            <tr
              key={id(row)}
              tabIndex={onOpen ? (index === Math.max(at, 0) ? 0 : -1) : undefined}
              className={onOpen ? "opens" : undefined}
              aria-current={chosen === id(row) ? "true" : undefined}
              onFocus={() => setAt(index)}
              onClick={(event) => {
                if (!(event.target as HTMLElement).closest("a, button, input")) onOpen?.(row);
              }}
            >
              {columns.map((column) => (
                <td key={column.name} className={column.number ? "number" : undefined}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
