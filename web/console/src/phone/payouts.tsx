import { type ReactNode, useState } from "react";
import { useAction, useAnswer } from "../asking";
import { dayOf, yuan } from "../figures";
import { PhoneAcceptContractDocument, PhonePayoutsDocument, type PhonePayoutsQuery } from "../generated/graphql";
import { useMore } from "../more";
import { Figure, Mark, Money } from "../parts/marks";
import { Empty, type Errors, Missing, NotDone, Refusals, Shown } from "../parts/state";
import { t } from "../words";

type Payout = NonNullable<NonNullable<PhonePayoutsQuery["me"]>["payouts"]>["edges"][number];

export function Payouts(): ReactNode {
  const more = useMore<Payout>("payouts");
  const answer = useAnswer(PhonePayoutsDocument, { after: more.after });
  return (
    <>
      <h1>{t("pay.title")}</h1>
      <Shown of={answer} lines={10}>
        {({ me, contract }) =>
          me?.balance && me.payouts ? (
            <>
              {contract && me.acceptedContract !== contract.version && (
                <ToAccept contract={contract} code={me.code} onAccepted={answer.again} />
              )}
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
            <Missing of={answer} />
          )
        }
      </Shown>
    </>
  );
}

interface ToAcceptProps {
  contract: NonNullable<PhonePayoutsQuery["contract"]>;
  code: string;
  onAccepted: () => void;
}

/** The contract in force, as long as it is not accepted: nobody is paid without. */
function ToAccept({ contract, code, onAccepted }: ToAcceptProps): ReactNode {
  const { act, busy, failed } = useAction(PhoneAcceptContractDocument);
  const [said, setSaid] = useState<Errors>();
  async function accept(): Promise<void> {
    const answer = await act({ code, version: contract.version });
    setSaid(answer?.acceptContract);
    // Refused or not, what is asked anew shows where it stands: another version may be in force by now, to be read first.
    if (answer) onAccepted();
  }
  return (
    <section className="contract">
      <h2>{t("contract.title")}</h2>
      <p>{t("contract.why")}</p>
      <details>
        <summary>
          {contract.title} ({contract.version})
        </summary>
        <p className="why">{contract.body}</p>
      </details>
      <Refusals of={said} />
      <NotDone error={failed} />
      <button type="button" className="main wide" disabled={busy} onClick={() => void accept()}>
        {t("contract.accept")}
      </button>
    </section>
  );
}
