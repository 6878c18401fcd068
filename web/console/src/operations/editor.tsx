import type { ReactNode } from "react";

const KEYWORDS =
  "MATCH|OPTIONAL|WHERE|RETURN|WITH|AS|ORDER|BY|LIMIT|SKIP|UNWIND|CALL|DISTINCT|AND|OR|NOT|IN|IS|NULL|EXISTS|COUNT|COLLECT|CASE|WHEN|THEN|ELSE|END|DESC|ASC|STARTS|ENDS|CONTAINS|UNION|ALL|ANY|TRUE|FALSE";
const TOKENS = new RegExp(`('[^']*'?|"[^"]*"?)|(\\$\\w+)|\\b(\\d[\\d_.]*)\\b|\\b(${KEYWORDS})\\b`, "gi");
const CLASSES = ["text", "parameter", "quantity", "keyword"];

/** A text with its words coloured; what it means is the service's to judge. */
export function coloured(text: string): ReactNode[] {
  const shown: ReactNode[] = [];
  let from = 0;
  for (const match of text.matchAll(TOKENS)) {
    const kind = CLASSES[match.slice(1).findIndex((group) => group !== undefined)];
    shown.push(
      text.slice(from, match.index),
      <span key={match.index} className={kind}>
        {match[0]}
      </span>,
    );
    from = match.index + match[0].length;
  }
  return [...shown, text.slice(from), "\n"];
}

interface EditorProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  onRun: () => void;
}

/** A plain text field under its coloured copy: the browser's own editing, undo and input methods stay. */
export function Editor({ label, value, onChange, onRun }: EditorProps): ReactNode {
  return (
    <div className="editor">
      <pre aria-hidden="true">{coloured(value)}</pre>
      <textarea
        aria-label={label}
        value={value}
        spellCheck={false}
        rows={9}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            onRun();
          }
        }}
      />
    </div>
  );
}
