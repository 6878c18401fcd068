import { type ReactNode, useState } from "react";
import { useAnswer } from "../asking";
import { count, dayOf, momentOf, thisMonth } from "../figures";
import { AuditLogDocument, PromoterPageDocument, type PromoterPageQuery } from "../generated/graphql";
import { TheQuery } from "../parts/controls";
import { Figure, Levels, Mark, Money, Rank, Status, SumRows } from "../parts/marks";
import { Missing, Shown } from "../parts/state";
import { link } from "../route";
import { useSession } from "../session";
import { named, t, type Word } from "../words";
import { LockDialog, MoveDialog, UnlockDialog } from "./actions";
import { Facts, READING } from "./journal";
import { Downline, Entries, Orders, Payouts, to } from "./lists";
import { Month } from "./months";

export type Whole = NonNullable<PromoterPageQuery["promoter"]>;

export function PromoterPage({ code, search }: { code: string; search: URLSearchParams }): ReactNode {
  const month = search.get("month") ?? thisMonth();
  const answer = useAnswer(PromoterPageDocument, { code, month });
  /** How often something was done here: lists begin anew after it. */
  const [deeds, setDeeds] = useState(0);
  return (
    <main className="page" id="content">
      <Shown of={answer} lines={18}>
        {({ promoter }) =>
          promoter ? (
            <Found
              one={promoter}
              month={month}
              deeds={deeds}
              again={() => {
                setDeeds((before) => before + 1);
                answer.again();
              }}
            />
          ) : (
            <>
              <h1 className="code">{code}</h1>
              <Missing of={answer} />
            </>
          )
        }
      </Shown>
      <TheQuery text={String(PromoterPageDocument)} />
    </main>
  );
}

interface FoundProps {
  one: Whole;
  month: string;
  deeds: number;
  again: () => void;
}

function Found({ one, month, deeds, again }: FoundProps): ReactNode {
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
          <Entries key={`entries ${month} ${deeds}`} one={one} month={month} />
          <Orders key={`orders ${deeds}`} one={one} />
          <Payouts key={`payouts ${deeds}`} one={one} />
        </div>
        <div>
          <Standing one={one} />
          <Way one={one} />
          {one.team.byLevel.length > 0 && (
            <section>
              <h2>{t("who.levels")}</h2>
              <Levels rows={one.team.byLevel} />
            </section>
          )}
          <Downline key={deeds} one={one} />
          <History key={`history ${deeds}`} code={one.code} />
        </div>
      </div>
    </>
  );
}

function Head({ one, again }: { one: Whole; again: () => void }): ReactNode {
  const [open, setOpen] = useState<"move" | "lock" | "unlock">();
  const role = useSession()?.role;
  const [done, setDone] = useState<Word>();
  const close = (): void => setOpen(undefined);
  const finish = (word: Word) => (): void => {
    close();
    setDone(word);
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
        {done && <p className="good" role="status">{t(done)}</p>}
      </div>
      <div className="inline">
        {role !== "FINANCE" && (
          <a className="button" {...link(`explore?root=${encodeURIComponent(one.code)}`)}>
            {t("who.explore")}
          </a>
        )}
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
      {open === "move" && <MoveDialog code={one.code} onClose={close} onDone={finish("move.done")} />}
      {open === "lock" && <LockDialog codes={[one.code]} onClose={close} onDone={finish("lock.done")} />}
      {open === "unlock" && <UnlockDialog code={one.code} onClose={close} onDone={finish("unlock.done")} />}
    </header>
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
        <SumRows of={rows.filter(([, fen], index) => fen !== 0 || index < 4)} />
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
