import { type ReactNode, useMemo } from "react";
import { count, yuan } from "../figures";
import type { RelationKind } from "../generated/graphql";
import { named, t } from "../words";
import type { Picture } from "./drawn";
import type { Brought } from "./loading";
import { KINDS, largestVolume, VOLUMES, volumeBounds } from "./paint";
import type { ColourBy, View } from "./view";

/** A name in the style sheet, and what is of its colour. */
type Row = readonly [string, string];

interface LegendProps {
  view: View;
  picture: Picture;
  kinds: readonly RelationKind[];
  changes: Brought["changes"];
}

/** What colours and lines stand for, as far as there are any. */
export function Legend({ view, picture, kinds, changes }: LegendProps): ReactNode {
  const rows = useMemo(() => (changes ? changed(changes) : coloured(view.colour, picture)), [changes, view.colour, picture]);
  const byFindings = (view.colour === "finding" && !changes) || view.size === "finding";
  if (picture.part.nodes.length === 0) return null;
  return (
    <div className="legend">
      <ul>
        {rows.map(([name, text]) => (
          <li key={name}>
            <i className={`dot ${name}`} /> {text}
          </li>
        ))}
      </ul>
      {byFindings && <p>{t("explore.gravest")}</p>}
      <Lines kinds={kinds.filter((kind) => !view.hidden.includes(kind))} />
    </div>
  );
}

/** The colours of relations. */
export function Lines({ kinds }: { kinds: readonly RelationKind[] }): ReactNode {
  return (
    <ul className="lines">
      {kinds.map((kind) => (
        <li key={kind}>
          <i className={`stroke ${KINDS[kind]}`} /> {named("edge", kind)}
        </li>
      ))}
    </ul>
  );
}

const changed = ({ added, removed, moved }: NonNullable<Brought["changes"]>): Row[] => [
  ["good", `+${count(added)}`],
  ["bad", `−${count(removed)}`],
  ["series-3", `↷ ${count(moved)}`],
];

function coloured(by: ColourBy, { sums }: Picture): Row[] {
  switch (by) {
    case "rank":
      return [
        ["rank-1", t("rank.PROMOTER")],
        ["rank-2", t("rank.SENIOR")],
        ["rank-3", t("rank.ELITE")],
      ];
    case "status":
      return [
        ["series-1", t("status.ACTIVE")],
        ["bad", t("status.LOCKED")],
        ["muted", t("status.CLOSED")],
      ];
    case "volume": {
      const bounds = volumeBounds(largestVolume(sums)).map((fen) => yuan(Math.round(fen), true));
      const [least = ""] = bounds;
      return VOLUMES.map((name, place) => [name, place === 0 ? `≤ ${least}` : `> ${bounds[place - 1]}`]);
    }
    case "finding":
      return [
        ["bad", "≥ 90"],
        ["series-3", "< 90"],
        ["rank-1", t("explore.unnamed")],
      ];
    case "level":
      return [];
  }
}
