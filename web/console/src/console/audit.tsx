import type { ReactNode } from "react";
import { useAnswer } from "../asking";
import { dayAfter, momentOf } from "../figures";
import { AuditLogDocument, type AuditFilter, type AuditLogQuery } from "../generated/graphql";
import { useMore } from "../more";
import { SearchBox, Text, TheQuery } from "../parts/controls";
import { Empty, Missing, Shown } from "../parts/state";
import { type Column, Table } from "../parts/table";
import { alter, link } from "../route";
import { t } from "../words";
import { Facts } from "./journal";

type Edge = NonNullable<AuditLogQuery["auditLog"]>["edges"][number];
/** How many of an entry's people are named in its row. */
const CODES_SHOWN = 3;

const columns = (): Column<Edge>[] => [
  { name: t("audit.seq"), number: true, cell: ({ node }) => node.seq },
  { name: t("audit.recorded"), cell: ({ node }) => momentOf(node.recordedAt) },
  { name: t("audit.actor"), cell: ({ node }) => <Narrowing name="actor" value={node.actor} /> },
  { name: t("audit.kind"), cell: ({ node }) => <Narrowing name="kind" value={node.kind} /> },
  { name: t("field.code"), cell: ({ node }) => <Codes codes={node.codes} count={node.codeCount} /> },
  { name: t("audit.facts"), cell: ({ node }) => <Facts of={node.facts} /> },
];

/** Who did what, the latest first, narrowed by who, what, whom and when. */
export default function Audit({ search }: { search: URLSearchParams }): ReactNode {
  const [actor, kind, code, from, to] = ["actor", "kind", "code", "from", "to"].map((name) => search.get(name) || null);
  const filter: AuditFilter = {
    actor,
    kind,
    code,
    recordedFrom: from && `${from}T00:00:00+08:00`,
    recordedTo: to && `${dayAfter(to)}T00:00:00+08:00`,
  };
  const more = useMore<Edge>(JSON.stringify(filter));
  const answer = useAnswer(AuditLogDocument, { filter, after: more.after });
  return (
    <main className="page" id="content">
      <header className="head">
        <h1>{t("nav.audit")}</h1>
        <div className="filters">
          <SearchBox label={t("audit.byCode")} value={code ?? ""} onChange={(to) => alter({ code: to })} />
          <SearchBox label={t("audit.byActor")} value={actor ?? ""} onChange={(to) => alter({ actor: to })} />
          <SearchBox label={t("audit.byKind")} value={kind ?? ""} onChange={(to) => alter({ kind: to })} />
          <Text quiet type="date" label={t("field.from")} value={from ?? ""} onChange={(day) => alter({ from: day })} />
          <Text quiet type="date" label={t("field.to")} value={to ?? ""} onChange={(day) => alter({ to: day })} />
        </div>
      </header>
      <Shown of={answer} lines={16}>
        {({ auditLog }) => {
          if (!auditLog) return <Missing of={answer} />;
          const rows = [...more.before, ...auditLog.edges];
          const { hasNextPage } = auditLog.pageInfo;
          return (
            <>
              {rows.length > 0 ? (
                <Table label={t("nav.audit")} columns={columns()} rows={rows} id={({ node }) => String(node.seq)} />
              ) : (
                <Empty>{hasNextPage ? t("audit.furtherBack") : t("audit.none")}</Empty>
              )}
              {hasNextPage && (
                <footer className="under">
                  <button type="button" onClick={() => more.next(auditLog)}>
                    {t("act.more")}
                  </button>
                </footer>
              )}
            </>
          );
        }}
      </Shown>
      <TheQuery text={String(AuditLogDocument)} />
    </main>
  );
}

/** A value of a row that narrows the log to its like. */
function Narrowing({ name, value }: { name: "actor" | "kind"; value: string }): ReactNode {
  return (
    <button type="button" className="plain code" title={t("audit.only", { value })} onClick={() => alter({ [name]: value })}>
      {value}
    </button>
  );
}

function Codes({ codes, count }: { codes: string[]; count: number }): ReactNode {
  const shown = codes.slice(0, CODES_SHOWN);
  return (
    <>
      {shown.map((code) => (
        <span key={code}>
          <a className="code" {...link(`promoter/${encodeURIComponent(code)}`)}>
            {code}
          </a>{" "}
        </span>
      ))}
      {count > shown.length && <span className="note">+{count - shown.length}</span>}
    </>
  );
}
