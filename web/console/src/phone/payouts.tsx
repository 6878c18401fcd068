import type { ReactNode } from "react";
import { useAnswer } from "../asking";
import { dayOf, yuan } from "../figures";
import { PhonePayoutsDocument, type PhonePayoutsQuery } from "../generated/graphql";
import { useMore } from "../more";
import { Figure, Mark, Money } from "../parts/marks";
import { Empty, Shown } from "../parts/state";
import { t } from "../words";

type Payout = NonNullable<NonNullable<PhonePayoutsQuery["me"]>["payouts"]>["edges"][number];

export function Payouts(): ReactNode {
  const more = useMore<Payout>("payouts");
  const answer = useAnswer(PhonePayoutsDocument, { after: more.after });
  return (
    <>
      <h1>{t("pay.title")}</h1>
      <Shown of={answer} lines={10}>
        {({ me }) =>
          me?.balance && me.payouts ? (
            <>
              <dl className="figures two">
                <Figure label={t("home.released")}>
                  <Money fen={me.balance.releasedFen} />
                </Figure>
                <Figure label={t("home.onTheWay")}>
                  <Money fen={me.balance.onTheWayFen} />
                </Figure>
                <Figure label={t("home.observing")}>
                  <Money fen={me.balance.observingFen} />
                </Figure>
                <Figure label={t("pay.paid")} note={`${t("pay.withheld")} ${yuan(me.balance.withheldTaxFen)}`}>
                  <Money fen={me.balance.paidFen} />
                </Figure>
                {me.balance.heldFen !== 0 && (
                  <Figure label={t("pay.held")}>
                    <Money fen={me.balance.heldFen} />
                  </Figure>
                )}
                {me.balance.owedFen !== 0 && (
                  <Figure label={t("home.owed")}>
                    <Money fen={-me.balance.owedFen} />
                  </Figure>
                )}
              </dl>
              {me.payouts.edges.length === 0 && <Empty>{t("pay.none")}</Empty>}
              <ul className="rows">
                {[...more.before, ...me.payouts.edges].map(({ node }) => (
                  <li key={node.id}>
                    <div className="row">
                      <span>
                        <strong>{dayOf(node.finishedAt ?? node.createdAt)}</strong> <Mark kind="pay" value={node.status} />
                        <small>
                          {t("field.gross")} {yuan(node.grossFen)} · {t("field.tax")} {yuan(node.taxFen)}
                          {node.reason && ` · ${node.reason}`}
                        </small>
                      </span>
                      <Money fen={node.netFen} />
                    </div>
                  </li>
                ))}
              </ul>
              {me.payouts.pageInfo.hasNextPage && (
                <button type="button" className="wide" onClick={() => me.payouts && more.next(me.payouts)}>
                  {t("act.more")}
                </button>
              )}
            </>
          ) : (
            <Empty>{t("state.absent")}</Empty>
          )
        }
      </Shown>
    </>
  );
}
