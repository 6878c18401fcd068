import { type FormEvent, type ReactNode, Suspense, useMemo, useRef, useState } from "react";
import { useAction, useAnswer } from "../asking";
import { count } from "../figures";
import { AskOwnDocument, type AskOwnQuery, AskQuestionDocument, QuestionsDocument, type QuestionsQuery } from "../generated/graphql";
import { Text } from "../parts/controls";
import { lazily } from "../parts/lazily";
import { Empty, NotDone, Refusals, Shown, Skeleton } from "../parts/state";
import { Table } from "../parts/table";
import { link } from "../route";
import { useSession } from "../session";
import { t } from "../words";
import { Editor } from "./editor";
import { drawable } from "./drawable";
import { keep, type Kept, kept } from "./kept";
import "./operations.css";

const Graph = lazily(() => import("./graph"));

type Question = NonNullable<QuestionsQuery["questions"]>[number];
type Answer = NonNullable<AskOwnQuery["explore"]>;
const FIRST = "MATCH (a:Promoter)-[:REFERRED]->(b:Promoter)\nRETURN a.code AS above, b.code AS below\nLIMIT 50";
/** What was being written is there again after a reload. */
const KEY = "promograph.workbench";

export default function Workbench(): ReactNode {
  const questions = useAnswer(QuestionsDocument, {});
  const [question, setQuestion] = useState<Question>();
  const [text, setText] = useState(() => sessionStorage.getItem(KEY) ?? FIRST);
  const [given, setGiven] = useState<Record<string, string>>({});
  const [answer, setAnswer] = useState<Answer>();
  const own = useAction(AskOwnDocument);
  const saved = useAction(AskQuestionDocument);
  const busy = own.busy || saved.busy;
  /** Of what was asked last: an answer that comes after another question was chosen is not its answer. */
  const asked = useRef(0);

  function choose(chosen: Question | undefined): void {
    asked.current += 1;
    setQuestion(chosen);
    setGiven({});
    setAnswer(undefined);
  }

  function write(written: string): void {
    sessionStorage.setItem(KEY, written);
    setText(written);
  }

  function parameters(): Record<string, string | number> {
    const named = (question?.parameters ?? []).filter(({ name }) => given[name]);
    // What is no whole number goes as it was typed: the service says so, instead of taking none for the default.
    const value = (text: string, kind: string): string | number => (kind === "Int" && /^\s*-?\d+\s*$/.test(text) ? Number(text) : text);
    return Object.fromEntries(named.map(({ name, kind }) => [name, value(given[name] ?? "", kind)]));
  }

  async function run(): Promise<void> {
    asked.current += 1;
    const mine = asked.current;
    const found = question
      ? (await saved.act({ name: question.name, parameters: parameters() }))?.askQuestion
      : (await own.act({ cypher: text, parameters: null }))?.explore;
    if (found && mine === asked.current) setAnswer(found);
  }

  return (
    <main className="page" id="content">
      <header className="head">
        <h1>{t("bench.title")}</h1>
      </header>
      <div className="bench">
        <aside aria-label={t("bench.saved")}>
          <h2>{t("bench.saved")}</h2>
          <Shown of={questions}>
            {(data) => (
              <ul>
                <li>
                  <button type="button" className="plain" aria-pressed={!question} onClick={() => choose(undefined)}>
                    {t("bench.ownText")}
                  </button>
                </li>
                {data.questions?.map((one) => (
                  <li key={one.name}>
                    <button type="button" className="plain" aria-pressed={question?.name === one.name} onClick={() => choose(one)}>
                      {one.title}
                    </button>
                  </li>
                ))}
              </ul>
            )}
          </Shown>
          <KeptQuestions
            text={question ? undefined : text}
            onOpen={(opened) => {
              choose(undefined);
              write(opened);
            }}
          />
        </aside>
        <div className="form">
          {question ? (
            <>
              {question.parameters.map((one) => (
                <Text
                  key={one.name}
                  label={`${one.name}: ${one.meaning}`}
                  placeholder={one.default ?? ""}
                  value={given[one.name] ?? ""}
                  onChange={(value) => setGiven({ ...given, [one.name]: value })}
                />
              ))}
              <pre tabIndex={0}>{question.cypher}</pre>
            </>
          ) : (
            <Editor label={t("bench.text")} value={text} onChange={write} onRun={() => void run()} />
          )}
          <div className="inline">
            <button type="button" className="main" disabled={busy} onClick={() => void run()}>
              {t("act.run")}
            </button>
            <span className="note">{t("bench.keys")}</span>
          </div>
          <NotDone error={(question ? saved : own).failed} />
          <Refusals of={answer} />
          {answer && answer.errors.length === 0 && <Found of={answer} />}
        </div>
      </div>
    </main>
  );
}

/** Texts of one's own by name, in this browser; `text` is what would be kept. */
function KeptQuestions({ text, onOpen }: { text: string | undefined; onOpen: (text: string) => void }): ReactNode {
  const owner = useSession()?.name ?? "";
  const [list, setList] = useState<Kept[]>(() => kept(owner));
  const [name, setName] = useState("");

  function change(changed: Kept[]): void {
    keep(owner, changed);
    setList(changed);
  }

  function add(event: FormEvent): void {
    event.preventDefault();
    const called = name.trim();
    if (text === undefined || called === "") return;
    change([...list.filter((one) => one.name !== called), { name: called, text }]);
    setName("");
  }

  return (
    <>
      <h2>{t("bench.kept")}</h2>
      {list.length > 0 && (
        <ul className="kept">
          {list.map((one) => (
            <li key={one.name}>
              <button type="button" className="plain" onClick={() => onOpen(one.text)}>
                {one.name}
              </button>
              <button
                type="button"
                className="plain remove"
                aria-label={t("bench.remove", { name: one.name })}
                onClick={() => change(list.filter((other) => other !== one))}
              >
                ✕
              </button>
            </li>
          ))}
        </ul>
      )}
      {text !== undefined && (
        <form className="inline" onSubmit={add}>
          <Text quiet label={t("bench.keepAs")} placeholder={t("bench.keepAs")} value={name} onChange={setName} required />
          <button type="submit">{t("act.save")}</button>
        </form>
      )}
    </>
  );
}

function Found({ of }: { of: Answer }): ReactNode {
  const [asGraph, setAsGraph] = useState(false);
  const rows = Array.isArray(of.rows) ? (of.rows as unknown[][]) : [];
  const graph = useMemo(() => (asGraph ? drawable(of.columns, rows) : undefined), [of, asGraph]);
  return (
    <>
      <div className="inline">
        <div className="inline" role="group" aria-label={t("explore.layout")}>
          <button type="button" aria-pressed={!asGraph} onClick={() => setAsGraph(false)}>
            {t("bench.table")}
          </button>
          <button type="button" aria-pressed={asGraph} onClick={() => setAsGraph(true)}>
            {t("bench.graph")}
          </button>
        </div>
        <span className="note" role="status">
          {t("bench.rows", { count: count(rows.length), ms: count(of.tookMs) })}
          {of.truncated && ` · ${t("state.truncated")}`}
        </span>
      </div>
      {graph && graph.nodes.length > 0 && (
        <Suspense fallback={<Skeleton />}>
          <Graph {...graph} />
        </Suspense>
      )}
      {graph?.nodes.length === 0 && <Empty>{t("bench.noGraph")}</Empty>}
      {!asGraph && (
        <Table
          label={t("bench.table")}
          rows={rows.map((cells, index) => ({ cells, index }))}
          id={(row) => String(row.index)}
          columns={of.columns.map((name, at) => ({
            name,
            number: typeof rows[0]?.[at] === "number",
            cell: (row: { cells: unknown[] }) => <Cell of={row.cells[at]} name={name} />,
          }))}
        />
      )}
    </>
  );
}

/** Codes lead to their promoter; what is no text or number is shown as it came. */
function Cell({ of, name }: { of: unknown; name: string }): ReactNode {
  if (typeof of === "string" && /code|above|below|promoter|referrer/i.test(name)) {
    return (
      <a className="code" {...link(`promoter/${encodeURIComponent(of)}`)}>
        {of}
      </a>
    );
  }
  return typeof of === "object" && of !== null ? <span className="code">{JSON.stringify(of)}</span> : String(of ?? "");
}
