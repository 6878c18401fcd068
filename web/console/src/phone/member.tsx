import type { ReactNode } from "react";
import { useAnswer } from "../asking";
import { count, dayOf, thisMonth } from "../figures";
import { PhoneMemberDocument } from "../generated/graphql";
import { useMore } from "../more";
import { Figure, Levels, Money, Rank, Status } from "../parts/marks";
import { Missing, Shown } from "../parts/state";
import { link } from "../route";
import { named, t } from "../words";
import { type Edge, Members } from "./team";

export function Member({ code, search }: { code: string; search: URLSearchParams }): ReactNode {
  const pages = useMore<Edge>(code);
  const month = search.get("month") ?? thisMonth();
  const answer = useAnswer(PhoneMemberDocument, { code, month, after: pages.after });
  return (
    <>
      <a className="backwards" {...link("team")}>
        ‹ {t("nav.team")}
      </a>
      <Shown of={answer} lines={12}>
        {({ promoter: one }) =>
          one ? (
            <>
              <header className="hello">
                <h1>{one.name ?? one.code}</h1>
                <p>
                  <Rank value={one.rank} /> <Status value={one.status} /> <span className="code">{one.code}</span>{" "}
                  <span className="note">
                    {t("field.joined")} {dayOf(one.joinedAt)}
                  </span>
                </p>
                {one.upline.length > 0 && (
                  <p className="note">
                    {t("field.referrer")}{" "}
                    {one.upline.map((above, index) => (
                      <span key={above.code}>
                        {index > 0 && " ← "}
                        <a {...link(index === one.upline.length - 1 ? "" : `member/${above.code}`)}>{above.name ?? above.code}</a>
                      </span>
                    ))}
                  </p>
                )}
              </header>
              <dl className="figures two">
                <Figure label={`${t("field.sales")} · ${month}`} note={t("home.orders", { count: count(one.monthSales.orders) })}>
                  <Money fen={one.monthSales.volumeFen} />
                </Figure>
                <Figure
                  label={`${t("field.sales")} · ${t("member.allTime")}`}
                  note={t("home.orders", { count: count(one.sales.orders) })}
                >
                  <Money fen={one.sales.volumeFen} />
                </Figure>
                <Figure label={t("field.teamVolume")} note={t("home.members", { count: count(one.team.size) })}>
                  <Money fen={one.team.volumeFen} />
                </Figure>
                <Figure label={t("field.valid")}>{count(one.team.validDirectCount)}</Figure>
              </dl>
              {one.promotion.nextRank && (
                <section>
                  <h2>{t("home.nextRank", { rank: named("rank", one.promotion.nextRank) })}</h2>
                  {one.promotion.routes.map((route) => (
                    <p key={route.detail} className={route.satisfied ? "good" : ""}>
                      {route.detail}
                    </p>
                  ))}
                </section>
              )}
              {one.team.byLevel.length > 0 && (
                <section>
                  <h2>{t("who.levels")}</h2>
                  <Levels rows={one.team.byLevel} />
                </section>
              )}
              {one.downline.totalCount > 0 && (
                <section>
                  <h2>{t("member.below")}</h2>
                  <Members downline={one.downline} pages={pages} nobody={t("state.empty")} />
                </section>
              )}
            </>
          ) : (
            <Missing of={answer} />
          )
        }
      </Shown>
    </>
  );
}
