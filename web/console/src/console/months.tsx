import { type ReactNode, useState } from "react";
import { useAnswer } from "../asking";
import { saved } from "../explore/exports";
import { count, lastMonths } from "../figures";
import { PromoterMonthsDocument } from "../generated/graphql";
import { MonthPicker } from "../parts/controls";
import { Figure, Money, SumRows } from "../parts/marks";
import { Missing, Problem, Shown } from "../parts/state";
import { Table } from "../parts/table";
import { alter } from "../route";
import { authorization, useSession } from "../session";
import { t } from "../words";
import type { Whole } from "./promoter";

type Twelve = [string, string, string, string, string, string, string, string, string, string, string, string];

/** What somebody sold and earned in a month, on paper too, and in the months before. */
export function Month({ one, month }: { one: Whole; month: string }): ReactNode {
  const role = useSession()?.role;
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
      {(role === "FINANCE" || role === "ADMIN") && <StatementFiles code={one.code} month={month} />}
      <Months key={one.code} code={one.code} month={month} />
    </section>
  );
}

/** The statement of the month as files for finance. */
function StatementFiles({ code, month }: { code: string; month: string }): ReactNode {
  const [failed, setFailed] = useState<Error>();
  async function fetched(form: "csv" | "xlsx"): Promise<void> {
    setFailed(undefined);
    const asked = new URLSearchParams({ promoter: code, month });
    const answer = await fetch(`/exports/statement.${form}?${asked}`, { headers: authorization() }).catch(() => null);
    if (answer?.ok) saved(`statement-${code}-${month}.${form}`, await answer.blob(), "");
    else setFailed(new Error(t("state.failed")));
  }
  return (
    <>
      <div className="inline">
        {(["xlsx", "csv"] as const).map((form) => (
          <button key={form} type="button" onClick={() => void fetched(form)}>
            {t("who.file", { form: form.toUpperCase() })}
          </button>
        ))}
      </div>
      {failed && <Problem error={failed} />}
    </>
  );
}

/** Sales and earnings of the twelve months up to the one shown, asked for once somebody opens it. */
function Months({ code, month }: { code: string; month: string }): ReactNode {
  const [open, setOpen] = useState(false);
  const months = lastMonths(month, 12).reverse();
  const [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11] = months as Twelve;
  const asked = { code, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11 };
  const answer = useAnswer(PromoterMonthsDocument, open ? asked : null);
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("who.months")}</summary>
      {open && (
        <Shown of={answer} lines={12}>
          {({ promoter: of }) => {
            if (!of) return <Missing of={answer} />;
            const sales = [of.sales0, of.sales1, of.sales2, of.sales3, of.sales4, of.sales5, of.sales6, of.sales7, of.sales8, of.sales9, of.sales10, of.sales11];
            const earned = [of.earned0, of.earned1, of.earned2, of.earned3, of.earned4, of.earned5, of.earned6, of.earned7, of.earned8, of.earned9, of.earned10, of.earned11];
            return (
              <Table
                label={t("who.months")}
                rows={months.map((name, at) => ({ name, sales: sales[at], earned: earned[at] }))}
                id={({ name }) => name}
                onOpen={({ name }) => alter({ month: name })}
                chosen={month}
                columns={[
                  { name: t("field.month"), cell: ({ name }) => name },
                  { name: t("field.orders"), number: true, cell: ({ sales: sold }) => count(sold?.orders ?? 0) },
                  { name: t("field.sales"), number: true, cell: ({ sales: sold }) => <Money fen={sold?.volumeFen ?? 0} /> },
                  { name: t("earn.title"), number: true, cell: ({ earned: paid }) => paid && <Money fen={paid.totalFen} /> },
                ]}
              />
            );
          }}
        </Shown>
      )}
    </details>
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
        <SumRows of={rows.filter(([, fen, always]) => always || fen !== 0)} />
      </dl>
    </details>
  );
}
