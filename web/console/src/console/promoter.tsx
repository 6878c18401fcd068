import { type ReactNode, useState } from "react";
import { useAnswer } from "../asking";
import { count, dayOf, momentOf, thisMonth } from "../figures";
import { AuditLogDocument, PromoterPageDocument, type PromoterPageQuery } from "../generated/graphql";
import { MonthPicker, TheQuery } from "../parts/controls";
import { Figure, Levels, Mark, Money, Rank, Status } from "../parts/marks";
import { Empty, Shown } from "../parts/state";
import { Table } from "../parts/table";
import { alter, go, link } from "../route";
import { useSession } from "../session";
import { named, t } from "../words";
import { LockDialog, MoveDialog, UnlockDialog } from "./actions";
import { Facts, READING } from "./journal";

export type Whole = NonNullable<PromoterPageQuery["promoter"]>;
const to = (code: string): string => `promoter/${encodeURIComponent(code)}`;

export function PromoterPage({ code, search }: { code: string; search: URLSearchParams }): ReactNode {
  const month = search.get("month") ?? thisMonth();
  const answer = useAnswer(PromoterPageDocument, { code, month });
  return (
    <main className="page" id="content">
      <Shown of={answer} lines={18}>
        {({ promoter }) =>
          promoter ? (
            <Found one={promoter} month={month} again={answer.again} />
          ) : (
            <>
              <h1 className="code">{code}</h1>
              <Empty>{t("state.absent")}</Empty>
            </>
          )
        }
      </Shown>
      <TheQuery text={String(PromoterPageDocument)} />
    </main>
  );
}

function Found({ one, month, again }: { one: Whole; month: string; again: () => void }): ReactNode {
  return (
    <>
      <Head one={one} again={again} />
      <dl className="figures">
        <Figure label={t("field.sales")} note={`${count(one.sales.orders)} ${t("field.orders")} · ${count(one.sales.buyers)} ${t("field.buyers")}`}>
          <Money fen={one.sales.volumeFen} />
        </Figure>
        <Figure label={t("field.teamVolume")} note={`${count(one.team.orders)} ${t("field.orders")}`}>
          <Money fen={one.team.volumeFen} />
        </Figure>
        <Figure label={t("field.team")} note={`${count(one.team.directCount)} ${t("field.direct")} · ${count(one.team.validDirectCount)} ${t("field.valid")}`}>
          {count(one.team.size)}
        </Figure>
        <Figure label={t("field.depth")}>{count(one.team.maxDepth)}</Figure>
        {one.compliance && (
          <Figure label={t("who.compliance")} note={t("who.complianceOf", one.compliance)}>
            <Mark kind="compliance" value={one.compliance.state} />
          </Figure>
        )}
      </dl>
      <div className="columns">
        <div>
          <Month one={one} month={month} />
          <Entries one={one} />
          <Sales one={one} />
        </div>
        <div>
          <Standing one={one} />
          <Way one={one} />
          <Team one={one} />
          <History code={one.code} />
        </div>
      </div>
    </>
  );
}

function Head({ one, again }: { one: Whole; again: () => void }): ReactNode {
  const [open, setOpen] = useState<"move" | "lock" | "unlock">();
  const role = useSession()?.role;
  const close = (): void => setOpen(undefined);
  const done = (): void => {
    close();
    again();
  };
  const chain = [...one.upline].reverse();
  return (
    <header className="head">
      <div>
        <h1>
          {one.name ?? one.code} <span className="code note">{one.code}</span> <Rank value={one.rank} /> <Status value={one.status} always />
        </h1>
        <nav className="chain note" aria-label={t("who.chain")}>
          {chain.length === 0 && t("who.root")}
          {chain.map((above) => (
            <span key={above.code}>
              <a {...link(to(above.code))}>{above.name ?? above.code}</a> ›{" "}
            </span>
          ))}
          {chain.length > 0 && <span>{one.name ?? one.code}</span>}
          <span>
            {" "}
            · {t("field.joined")} {dayOf(one.joinedAt)} {one.phone && `· ${one.phone}`}
          </span>
        </nav>
        {one.lock && (
          <p className="problem">
            {named("status", "LOCKED")} {momentOf(one.lock.since)}: {one.lock.reason}
          </p>
        )}
      </div>
      <div className="inline">
        <a className="button" {...link(`explore?root=${encodeURIComponent(one.code)}`)}>
          {t("who.explore")}
        </a>
        {(role === "OPERATOR" || role === "ADMIN") && (
          <button type="button" onClick={() => setOpen("move")}>
            {t("who.move")}
          </button>
        )}
        {role !== "FINANCE" &&
          (one.status === "LOCKED" ? (
            <button type="button" onClick={() => setOpen("unlock")}>
              {t("who.unlock")}
            </button>
          ) : (
            <button type="button" className="danger" onClick={() => setOpen("lock")}>
              {t("who.lock")}
            </button>
          ))}
      </div>
      {open === "move" && <MoveDialog code={one.code} onClose={close} onDone={done} />}
      {open === "lock" && <LockDialog codes={[one.code]} onClose={close} onDone={done} />}
      {open === "unlock" && <UnlockDialog code={one.code} onClose={close} onDone={done} />}
    </header>
  );
}

function Month({ one, month }: { one: Whole; month: string }): ReactNode {
  return (
    <section>
      <header className="head">
        <h2>{t("earn.total", { month })}</h2>
        <MonthPicker month={month} onChange={(chosen) => alter({ month: chosen })} />
      </header>
      <dl className="figures">
        <Figure label={t("field.sales")} note={`${count(one.monthSales.orders)} ${t("field.orders")}`}>
          <Money fen={one.monthSales.volumeFen} />
        </Figure>
        {one.earnings && (
          <Figure
            label={t("earn.title")}
            note={[
              [t("earn.base"), one.earnings.baseFen],
              [t("earn.override"), one.earnings.overrideFen],
              [t("earn.tier"), one.earnings.tierFen],
              [t("earn.clawback"), one.earnings.clawbackFen],
            ]
              .filter(([, fen]) => fen !== 0)
              .map(([label, fen], index) => (
                <span key={String(label)}>
                  {index > 0 && " · "}
                  {label} <Money fen={Number(fen)} />
                </span>
              ))}
          >
            <Money fen={one.earnings.totalFen} />
          </Figure>
        )}
      </dl>
      {one.statement && <Statement of={one.statement} />}
    </section>
  );
}

function Statement({ of }: { of: NonNullable<Whole["statement"]> }): ReactNode {
  const rows = [
    [t("who.opening"), of.openingFen, true],
    [t("earn.base"), of.baseFen, false],
    [t("earn.override"), of.overrideFen, false],
    [t("earn.tier"), of.tierFen, false],
    [t("earn.adjustment"), of.adjustmentFen + of.returnedFen, false],
    [t("earn.clawback"), of.clawbackFen + of.voidedFen, false],
    [t("who.paidOut"), of.paidOutFen, false],
    [t("who.closing"), of.closingFen, true],
  ] as const;
  return (
    <details>
      <summary>
        {t("who.statement")} · {t("who.closing")} <Money fen={of.closingFen} />
      </summary>
      <dl className="sums">
        {rows
          .filter(([, fen, always]) => always || fen !== 0)
          .map(([label, fen]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>
                <Money fen={fen} />
              </dd>
            </div>
          ))}
      </dl>
    </details>
  );
}

function Entries({ one }: { one: Whole }): ReactNode {
  const edges = one.commissions?.edges ?? [];
  return (
    <section>
      <h2>
        {t("who.entries")} <span className="note">{one.commissions && count(one.commissions.totalCount)}</span>
      </h2>
      {edges.length === 0 ? (
        <Empty>{t("earn.none")}</Empty>
      ) : (
        <ul className="entries">
          {edges.map(({ node }) => (
            <li key={node.id}>
              <details>
                <summary>
                  <span>
                    {named("kind", node.kind)}
                    {node.level > 0 && ` L${node.level}`} <Mark kind="entry" value={node.state} />
                  </span>
                  <span className="code note">{node.order?.number}</span>
                  <Money fen={node.amountFen} signed />
                </summary>
                <p className="note">{node.explanation}</p>
              </details>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Sales({ one }: { one: Whole }): ReactNode {
  const orders = one.orders?.edges ?? [];
  const payouts = one.payouts?.edges ?? [];
  return (
    <>
      <section>
        <h2>
          {t("who.orders")} <span className="note">{one.orders && count(one.orders.totalCount)}</span>
        </h2>
        {orders.length === 0 ? (
          <Empty />
        ) : (
          <Table
            label={t("who.orders")}
            rows={orders}
            id={({ node }) => node.number}
            columns={[
              { name: t("field.number"), cell: ({ node }) => <span className="code">{node.number}</span> },
              { name: t("field.state"), cell: ({ node }) => <span className="note">{node.status}</span> },
              { name: t("field.buyer"), cell: ({ node }) => <span className="code">{node.buyerCode}</span> },
              { name: t("field.paid"), cell: ({ node }) => momentOf(node.paidAt) },
              { name: t("field.net"), number: true, cell: ({ node }) => <Money fen={node.netFen} /> },
            ]}
          />
        )}
      </section>
      <section>
        <h2>
          {t("who.payouts")} <span className="note">{one.payouts && count(one.payouts.totalCount)}</span>
        </h2>
        {payouts.length === 0 ? (
          <Empty />
        ) : (
          <Table
            label={t("who.payouts")}
            rows={payouts}
            id={({ node }) => node.id}
            columns={[
              { name: t("field.created"), cell: ({ node }) => dayOf(node.createdAt) },
              { name: t("field.state"), cell: ({ node }) => <Mark kind="pay" value={node.status} /> },
              { name: t("field.gross"), number: true, cell: ({ node }) => <Money fen={node.grossFen} /> },
              { name: t("field.tax"), number: true, cell: ({ node }) => <Money fen={node.taxFen} /> },
              { name: t("field.net"), number: true, cell: ({ node }) => <Money fen={node.netFen} /> },
            ]}
          />
        )}
      </section>
    </>
  );
}

function Standing({ one }: { one: Whole }): ReactNode {
  const { balance } = one;
  if (!balance) return null;
  const rows = [
    [t("home.observing"), balance.observingFen],
    [t("home.released"), balance.releasedFen],
    [t("home.onTheWay"), balance.onTheWayFen],
    [t("pay.paid"), balance.paidFen],
    [t("pay.withheld"), balance.withheldTaxFen],
    [t("pay.held"), balance.heldFen],
    [t("home.owed"), -balance.owedFen],
  ] as const;
  return (
    <section>
      <h2>{t("who.money")}</h2>
      <dl className="sums">
        {rows
          .filter(([, fen], index) => fen !== 0 || index < 4)
          .map(([label, fen]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>
                <Money fen={fen} />
              </dd>
            </div>
          ))}
      </dl>
    </section>
  );
}

function Way({ one }: { one: Whole }): ReactNode {
  return (
    <>
      {one.promotion.nextRank && (
        <section>
          <h2>
            {t("who.promotion")} <Rank value={one.promotion.nextRank} />
          </h2>
          {one.promotion.routes.map((route) => (
            <p key={route.detail} className={route.satisfied ? "good" : "note"}>
              {route.detail}
            </p>
          ))}
        </section>
      )}
      {one.findings && one.findings.length > 0 && (
        <section>
          <h2>{t("who.findings")}</h2>
          <ul className="entries">
            {one.findings.map((finding) => (
              <li key={finding.id}>
                <a {...link(`risk?closed=1&id=${encodeURIComponent(finding.id)}`)}>
                  <b className="number">{finding.score}</b> {finding.sentence} <Mark kind="finding" value={finding.status} />
                </a>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Team({ one }: { one: Whole }): ReactNode {
  const edges = one.downline.edges;
  return (
    <>
      {one.team.byLevel.length > 0 && (
        <section>
          <h2>{t("who.levels")}</h2>
          <Levels rows={one.team.byLevel} />
        </section>
      )}
      {edges.length > 0 && (
        <section>
          <h2>
            {t("who.downline")} <span className="note">{count(one.downline.totalCount)}</span>
          </h2>
          <Table
            label={t("who.downline")}
            rows={edges}
            id={({ node }) => node.code}
            onOpen={({ node }) => go(to(node.code))}
            columns={[
              {
                name: t("field.code"),
                cell: ({ node }) => (
                  <a className="code" {...link(to(node.code))}>
                    {node.code}
                  </a>
                ),
              },
              { name: t("field.name"), cell: ({ node }) => node.name },
              {
                name: t("field.rank"),
                cell: ({ node }) => (
                  <>
                    <Rank value={node.rank} /> <Status value={node.status} />
                  </>
                ),
              },
              { name: t("field.team"), number: true, cell: ({ node }) => count(node.team.size) },
              { name: t("field.teamVolume"), number: true, cell: ({ node }) => <Money fen={node.team.volumeFen} short /> },
            ]}
          />
        </section>
      )}
    </>
  );
}

/** What was done to it and by whom, the latest first, for those who may read the journal. */
function History({ code }: { code: string }): ReactNode {
  const role = useSession()?.role;
  const { data } = useAnswer(AuditLogDocument, role && READING.includes(role) ? { filter: { code }, first: 8 } : null);
  const log = data?.auditLog;
  if (!log || log.edges.length === 0) return null;
  return (
    <section>
      <h2>{t("who.history")}</h2>
      <ul className="entries history">
        {log.edges.map(({ node }) => (
          <li key={node.seq}>
            <span className="note">{momentOf(node.recordedAt)}</span> <b>{node.kind}</b> <span className="note">{node.actor}</span>{" "}
            <Facts of={node.facts} />
          </li>
        ))}
      </ul>
      {log.pageInfo.hasNextPage && <a {...link(`audit?code=${encodeURIComponent(code)}`)}>{t("act.more")}</a>}
    </section>
  );
}
