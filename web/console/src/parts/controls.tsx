import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { isCodelike, monthAfter, thisMonth } from "../figures";
import { alter } from "../route";
import { paint, type Theme, useTheme } from "../theme";
import { type Language, speak, t, useLanguage } from "../words";

interface SelectProps<Value extends string> {
  label: string;
  value: Value;
  options: readonly (readonly [Value, string])[];
  onChange: (value: Value) => void;
  quiet?: boolean;
}

export function Select<Value extends string>({ label, value, options, onChange, quiet }: SelectProps<Value>): ReactNode {
  return (
    <label className={quiet ? "field quiet" : "field"}>
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.target.value as Value)}>
        {options.map(([key, name]) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

interface TextProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  type?: string;
  required?: boolean;
  placeholder?: string;
  quiet?: boolean;
  autoComplete?: string;
  min?: string;
  max?: string;
}

export function Text({ label, onChange, quiet, ...rest }: TextProps): ReactNode {
  return (
    <label className={quiet ? "field quiet" : "field"}>
      <span>{label}</span>
      <input {...rest} spellCheck={false} onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}

/** What is being typed, and how it changes: it is handed on once the fingers rest, and follows the value given. */
export function useRested(value: string, onRest: (value: string) => void): [string, (text: string) => void] {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onRest(text.trim()), 250);
    return () => clearTimeout(timer);
  }, [text]);
  return [text, setText];
}

/** What a list is searched for, and how it changes. Only codes stand in an address: addresses are kept, shared and logged. */
export function useSought(search: URLSearchParams): [string, (text: string) => void] {
  const [hidden, setHidden] = useState("");
  const seek = (text: string): void => {
    setHidden(isCodelike(text) ? "" : text);
    alter({ q: isCodelike(text) ? text : "" });
  };
  return [hidden || (search.get("q") ?? ""), seek];
}

/** A search that waits until the fingers rest. `/` brings the caret here from anywhere. */
export function SearchBox({ label, value, onChange }: { label: string; value: string; onChange: (v: string) => void }): ReactNode {
  const [text, setText] = useRested(value, onChange);
  const input = useRef<HTMLInputElement>(null);
  return (
    <input
      ref={input}
      className="search"
      type="search"
      aria-label={label}
      placeholder={label}
      value={text}
      spellCheck={false}
      autoComplete="off"
      data-search
      onChange={(event) => setText(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") onChange(text.trim());
        if (event.key === "Escape") input.current?.blur();
      }}
    />
  );
}

export function MonthPicker({ month, onChange }: { month: string; onChange: (month: string) => void }): ReactNode {
  const last = thisMonth();
  return (
    <div className="months" role="group" aria-label={t("field.month")}>
      <button type="button" aria-label={t("month.previous")} onClick={() => onChange(monthAfter(month, -1))}>
        ‹
      </button>
      <span>{month}</span>
      <button type="button" aria-label={t("month.next")} disabled={month >= last} onClick={() => onChange(monthAfter(month, 1))}>
        ›
      </button>
    </div>
  );
}

export function Preferences(): ReactNode {
  const theme = useTheme();
  const language = useLanguage();
  return (
    <div className="preferences">
      <Select<Language>
        quiet
        label={t("language.label")}
        value={language}
        options={[
          ["zh-CN", "中文"],
          ["en", "English"],
        ]}
        onChange={speak}
      />
      <Select<Theme>
        quiet
        label={t("theme.label")}
        value={theme}
        options={[
          ["system", t("theme.system")],
          ["light", t("theme.light")],
          ["dark", t("theme.dark")],
        ]}
        onChange={paint}
      />
    </div>
  );
}

/** The text of the query behind what is shown, and what it is asked with: its name tells it from others beside it. */
export function TheQuery({ text, variables }: { text: string; variables?: object }): ReactNode {
  return (
    <details className="query">
      <summary>
        {t("act.query")}
        {variables && ` · ${/\b(?:query|mutation|subscription) (\w+)/.exec(text)?.[1] ?? ""}`}
      </summary>
      <pre tabIndex={0}>{text.trim()}</pre>
      {variables && <pre tabIndex={0}>{JSON.stringify(variables, null, 2)}</pre>}
    </details>
  );
}

/** A dialog over the page: Esc and the backdrop close it, and the browser keeps the focus within. */
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const name = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={name}
      onClose={onClose}
      onMouseDown={(event) => event.target === dialog.current && onClose()}
    >
      <header>
        <h2 id={name}>{title}</h2>
        <button type="button" className="plain" aria-label={t("act.close")} onClick={onClose}>
          ✕
        </button>
      </header>
      {children}
    </dialog>
  );
}

/** Copies, and says so for a moment. */
export function Copy({ text, label }: { text: () => string; label: string }): ReactNode {
  const [copied, setCopied] = useState(false);
  return (
    <button
      type="button"
      onClick={async () => {
        await navigator.clipboard?.writeText(text());
        setCopied(true);
        setTimeout(() => setCopied(false), 1500);
      }}
    >
      {copied ? t("act.copied") : label}
    </button>
  );
}
