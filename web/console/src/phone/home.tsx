import { type ReactNode, useState } from "react";
import { useAnswer } from "../asking";
import { count, thisMonth, yuan } from "../figures";
import { PhoneHomeDocument, type PhoneHomeQuery } from "../generated/graphql";
import { MonthPicker, Preferences } from "../parts/controls";
import { Figure, Money, Progress, Rank } from "../parts/marks";
import { Empty, Missing, Shown } from "../parts/state";
import { alter, link } from "../route";
import { signOut } from "../session";
import { named, t } from "../words";

type Me = NonNullable<PhoneHomeQuery["me"]>;
/** How many of a list are asked for, and how many of them are shown until more are wanted. */
const ASKED = 100;
const SHOWN = 5;

export function Home({ search }: { search: URLSearchParams }): ReactNode {
  const month = search.get("month") ?? thisMonth();
  const answer = useAnswer(PhoneHomeDocument, { month });
  return (
    <>
      <MonthPicker month={month} onChange={(chosen) => alter({ month: chosen })} />
      <Shown of={answer} lines={12}>
        {({ me }) => (me ? <Mine me={me} month={month} /> : <Missing of={answer} />)}
      </Shown>
      <footer className="foot">
        <Preferences />
        <button type="button" className="plain" onClick={() => void signOut()}>
          {t("sign.out")}
        </button>
      </footer>
    </>
  );
}

function Mine({ me, month }: { me: Me; month: string }): ReactNode {
  const { balance } = me;
  return (
    <>
      <header className="hello">
        <h1>{t("home.hello", { name: me.name ?? me.code })}</h1>
        <p>
          <Rank value={me.rank} /> <span className="code">{me.code}</span>
        </p>
      </header>
      {me.lock && (
        <section className="problem">
          <strong>{t("home.locked")}</strong>
          <p>{me.lock.reason}</p>
        </section>
      )}
      <dl className="figures two">
        <Figure label={t("home.sales")} note={t("home.orders", { count: count(me.sales.orders) })}>
          <Money fen={me.sales.volumeFen} />
        </Figure>
        <Figure label={t("home.earned")} note={<a {...link(`earnings?month=${month}`)}>{t("earn.why")}</a>}>
          {me.earnings ? <Money fen={me.earnings.totalFen} /> : "—"}
        </Figure>
        <Figure label={t("home.team")} note={t("home.members", { count: count(me.team.size) })}>
          <Money fen={me.team.volumeFen} />
        </Figure>
        {balance && (
          <Figure
            label={t("home.released")}
            note={balance.owedFen > 0 ? `${t("home.owed")} ${yuan(balance.owedFen)}` : `${t("home.observing")} ${yuan(balance.observingFen)}`}
          >
            <Money fen={balance.releasedFen} />
          </Figure>
        )}
      </dl>
      <NextRank promotion={me.promotion} />
      <OneShort members={me.promotion.nearlyValid} />
    </>
  );
}

/** Who would count by one more order, the nearest first. */
function OneShort({ members }: { members: Me["promotion"]["nearlyValid"] }): ReactNode {
  const [isWhole, setIsWhole] = useState(false);
  if (members.length === 0) {
    return (
      <section>
        <h2>{t("home.short")}</h2>
        <Empty>{t("home.noneShort")}</Empty>
      </section>
    );
  }
  return (
    <section>
      <h2>
        {t("home.short")} · {t("home.members", { count: members.length < ASKED ? members.length : `${ASKED}+` })}
      </h2>
      <p className="note">{t("home.shortWhy")}</p>
      <ul className="rows">
        {members.slice(0, isWhole ? ASKED : SHOWN).map((one) => (
          <li key={one.code}>
            <a {...link(`member/${one.code}`)}>
              <span>
                <strong>{one.name ?? one.code}</strong>
                <small>{one.code}</small>
              </span>
              <span className="note">{t("home.orders", { count: one.sales.orders })}</span>
            </a>
          </li>
        ))}
      </ul>
      {!isWhole && members.length > SHOWN && (
        <button type="button" className="wide" onClick={() => setIsWhole(true)}>
          {t("act.more")}
        </button>
      )}
    </section>
  );
}

function NextRank({ promotion }: { promotion: Me["promotion"] }): ReactNode {
  if (promotion.nextRank === null || promotion.nextRank === undefined) {
    return (
      <section>
        <p>{t("home.topRank")}</p>
      </section>
    );
  }
  return (
    <section>
      <h2>{t("home.nextRank", { rank: named("rank", promotion.nextRank) })}</h2>
      {promotion.eligible && <p className="good">{t("home.eligible")}</p>}
      {promotion.routes.map((route) => (
        <div className="route" key={route.__typename}>
          <p>{route.detail}</p>
          {route.__typename === "ValidDownlinesRoute" ? (
            <Progress label={route.detail} done={route.required ? route.current / route.required : 1} />
          ) : (
            <div className="split">
              {route.months.map((one) => (
                <Progress key={one.month} label={one.month} done={one.salesFen / Math.max(1, route.requiredFen)} />
              ))}
            </div>
          )}
        </div>
      ))}
    </section>
  );
}
