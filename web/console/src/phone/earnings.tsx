import type { ReactNode } from "react";
import { useAnswer } from "../asking";
import { dayOf, thisMonth } from "../figures";
import { PhoneEarningsDocument, type PhoneEarningsQuery } from "../generated/graphql";
import { MonthPicker } from "../parts/controls";
import { Mark, Money, SumRows } from "../parts/marks";
import { Empty, Missing, Shown } from "../parts/state";
import { alter } from "../route";
import { named, t } from "../words";
import { useMore } from "../more";

type Me = NonNullable<PhoneEarningsQuery["me"]>;

export function Earnings({ search }: { search: URLSearchParams }): ReactNode {
  const month = search.get("month") ?? thisMonth();
  const more = useMore<NonNullable<Me["commissions"]>["edges"][number]>(month);
  const answer = useAnswer(PhoneEarningsDocument, { month, after: more.after });
  return (
    <>
      <h1>{t("earn.title")}</h1>
      <MonthPicker month={month} onChange={(chosen) => alter({ month: chosen })} />
      <Shown of={answer} lines={12}>
        {({ me }) =>
          me?.earnings && me.commissions ? (
            <>
              <Sums month={month} earnings={me.earnings} />
              <section>
                <h2>{t("earn.entries")}</h2>
                {me.commissions.totalCount === 0 && <Empty>{t("earn.none")}</Empty>}
                <ul className="rows">
                  {[...more.before, ...me.commissions.edges].map(({ node }) => (
                    <li key={node.id}>
                      <details>
                        <summary>
                          <span>
                            <strong>
                              {named("kind", node.kind)}
                              {node.level > 0 && ` L${node.level}`}
                            </strong>{" "}
                            <Mark kind="entry" value={node.state} />
                            <small>
                              {node.order ? `${node.order.number} · ${dayOf(node.order.paidAt)}` : node.dueOn ? `${t("field.due")} ${node.dueOn}` : t("earn.why")}
                            </small>
                          </span>
                          <Money fen={node.amountFen} signed />
                        </summary>
                        <p className="why">{node.explanation}</p>
                      </details>
                    </li>
                  ))}
                </ul>
                {me.commissions.pageInfo.hasNextPage && (
                  <button type="button" className="wide" onClick={() => me.commissions && more.next(me.commissions)}>
                    {t("act.more")}
                  </button>
                )}
              </section>
            </>
          ) : (
            <Missing of={answer} />
          )
        }
      </Shown>
    </>
  );
}

function Sums({ month, earnings }: { month: string; earnings: NonNullable<Me["earnings"]> }): ReactNode {
  const lines = [
    [t("earn.base"), earnings.baseFen],
    [t("earn.override"), earnings.overrideFen],
    [t("earn.tier"), earnings.tierFen],
    [t("earn.adjustment"), earnings.adjustmentFen],
    [t("earn.clawback"), earnings.clawbackFen],
  ] as const;
  return (
    <section className="sums">
      <p className="note">{t("earn.total", { month })}</p>
      <p className="large">
        <Money fen={earnings.totalFen} />
      </p>
      <dl>
        <SumRows of={lines.filter(([, fen], index) => fen !== 0 || index < 2)} />
      </dl>
    </section>
  );
}
