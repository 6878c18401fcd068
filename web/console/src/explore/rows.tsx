import { type ReactNode, useMemo, useState } from "react";
import { count } from "../figures";
import { Money, Rank, Status } from "../parts/marks";
import { Table } from "../parts/table";
import { named, t } from "../words";
import type { Picture } from "./drawn";
import type { Change } from "./explore";
import type { View } from "./view";

const STEP = 100;

/** The picture in words: whoever cannot see it, or wants numbers, reads it here. */
export function Rows({ picture, view, change }: { picture: Picture; view: View; change: Change }): ReactNode {
  const [most, setMost] = useState(STEP);
  const { part, forest, sums, matching } = picture;
  const pinned = new Set(view.pinned);
  const sorted = useMemo(
    () =>
      part.nodes
        .filter((node) => matching.has(node.id))
        .map((node) => ({ node, level: forest.level.get(node.id) ?? 0 }))
        .sort((a, b) => a.level - b.level || b.node.salesFen - a.node.salesFen)
        .map(({ node }) => node),
    [picture],
  );
  const rows = pinned.size ? [...sorted.filter((node) => pinned.has(node.label)), ...sorted.filter((node) => !pinned.has(node.label))] : sorted;
  if (rows.length === 0) return null;
  return (
    <section className="rows">
      <h2>{t("explore.table")}</h2>
      <Table
        main
        label={t("explore.table")}
        rows={rows.slice(0, most)}
        id={(node) => node.id}
        chosen={rows.find((node) => node.label === view.selected)?.id}
        onOpen={(node) => change({ selected: node.label })}
        columns={[
          {
            name: t("field.code"),
            cell: (node) => (
              <>
                {pinned.has(node.label) && "● "}
                <span className="code">{node.label}</span>
              </>
            ),
          },
          { name: "L", number: true, cell: (node) => forest.level.get(node.id) },
          {
            name: t("field.rank"),
            cell: (node) =>
              node.rank ? (
                <>
                  <Rank value={node.rank} /> <Status value={node.status ?? ""} />
                </>
              ) : (
                named(node.kind === "BUYER" ? "node" : "edge", node.kind)
              ),
          },
          { name: t("field.sales"), number: true, cell: (node) => <Money fen={node.salesFen} short /> },
          { name: t("explore.peopleShown"), number: true, cell: (node) => count(sums.get(node.id)?.people ?? 0) },
        ]}
      />
      {rows.length > most && (
        <button type="button" onClick={() => setMost(most + STEP * 5)}>
          {t("act.more")} ({count(rows.length - most)})
        </button>
      )}
    </section>
  );
}
