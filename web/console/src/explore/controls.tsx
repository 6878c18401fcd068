import { type ReactNode, useEffect, useState } from "react";
import { useAnswer } from "../asking";
import { RANKS, STATUSES } from "../console/list";
import { count, dayAfter, dayOf, phoneOf } from "../figures";
import { ExploreFindDocument, type RelationKind } from "../generated/graphql";
import { SearchBox, Select, Text, useRested } from "../parts/controls";
import { Rank, Status } from "../parts/marks";
import { Empty, Missing, Shown } from "../parts/state";
import { named, t } from "../words";
import type { Change } from "./explore";
import type { Loaded } from "./loading";
import { COLOURS, LAYOUTS, LIMIT_MAX, SIZES, type View } from "./view";

/** Search as one types; Enter or a click opens a tree. */
export function Find({ onPick }: { onPick: (code: string) => void }): ReactNode {
  const [sought, setSought] = useState("");
  const phone = phoneOf(sought);
  const answer = useAnswer(ExploreFindDocument, sought ? { search: phone ?? sought, isPhone: phone !== null } : null);
  const pick = (code: string): void => {
    setSought("");
    onPick(code);
  };
  return (
    <div className="find">
      <SearchBox label={t("explore.find")} value={sought} onChange={setSought} />
      {sought && (
        <Shown of={answer} lines={3}>
          {({ promoters, findPromoters }) => {
            const found = new Map([promoters, findPromoters].flatMap((page) => page?.edges ?? []).map(({ node }) => [node.code, node]));
            return found.size > 0 ? (
              <ul className="picks">
                {[...found.values()].map((node) => (
                  <li key={node.code}>
                    <button type="button" className="plain" onClick={() => pick(node.code)}>
                      <span className="code">{node.code}</span> {node.name} <Rank value={node.rank} /> <Status value={node.status} />
                      <span className="note number">{count(node.team.size)}</span>
                    </button>
                  </li>
                ))}
              </ul>
            ) : answer.refused[0] ? (
              <Missing of={answer} />
            ) : (
              <Empty>{t("list.none")}</Empty>
            );
          }}
        </Shown>
      )}
    </div>
  );
}

interface ControlsProps {
  view: View;
  change: Change;
  loaded: Loaded;
  kinds: readonly RelationKind[];
}

export function Controls({ view, change, loaded, kinds }: ControlsProps): ReactNode {
  const any = ["", t("field.any")] as const;
  return (
    <>
      <div className="segments" role="group" aria-label={t("explore.layout")}>
        {LAYOUTS.map((layout) => (
          <button key={layout} type="button" aria-pressed={view.layout === layout} onClick={() => change({ layout })}>
            {named("layout", layout)}
          </button>
        ))}
      </div>
      <div className="inline">
        <Select label={t("explore.size")} value={view.size} options={SIZES.map((by) => [by, named("by", by)] as const)} onChange={(size) => change({ size })} />
        <Select label={t("explore.colour")} value={view.colour} options={COLOURS.map((by) => [by, named("by", by)] as const)} onChange={(colour) => change({ colour })} />
      </div>
      <div className="inline">
        <Select
          label={t("explore.levels")}
          value={String(view.depth)}
          options={[1, 2, 3, 4, 6, 10, 1000].map((many) => [String(many), many === 1000 ? t("field.any") : String(many)] as const)}
          onChange={(depth) => change({ depth: Number(depth) })}
        />
        <Select
          label={t("explore.limit")}
          value={String(view.limit)}
          options={[100, 500, 2000, 10_000, LIMIT_MAX].map((many) => [String(many), count(many)] as const)}
          onChange={(limit) => change({ limit: Number(limit) })}
        />
      </div>
      <Dates view={view} change={change} />
      <fieldset>
        <legend>{t("act.filter")}</legend>
        <div className="inline">
          <Select label={t("field.rank")} value={view.rank} options={[any, ...RANKS.map((one) => [one, named("rank", one)] as const)]} onChange={(rank) => change({ rank })} />
          <Select label={t("field.status")} value={view.status} options={[any, ...STATUSES.map((one) => [one, named("status", one)] as const)]} onChange={(status) => change({ status })} />
        </div>
        <Least yuan={view.minYuan} onChange={(minYuan) => change({ minYuan })} />
        {kinds.length > 1 && (
          <div className="checks">
            {kinds.map((kind) => (
              <label key={kind}>
                <input
                  type="checkbox"
                  checked={!view.hidden.includes(kind)}
                  onChange={(event) =>
                    change({ hidden: event.target.checked ? view.hidden.filter((one) => one !== kind) : [...view.hidden, kind] })
                  }
                />{" "}
                {named("edge", kind)}
              </label>
            ))}
          </div>
        )}
      </fieldset>
      <Path view={view} change={change} loaded={loaded} />
    </>
  );
}

function Least({ yuan, onChange }: { yuan: number; onChange: (yuan: number) => void }): ReactNode {
  const [text, setText] = useRested(yuan ? String(yuan) : "", (rested) => onChange(Number(rested) || 0));
  return <Text label={`${t("field.sales")} ≥ ¥`} type="number" min="0" value={text} onChange={setText} />;
}

const DAY_MS = 86_400_000;
const SPAN_DAYS = 730;

/** A day by hand or by a slider over two years; the right end is now. */
function Dates({ view, change }: { view: View; change: Change }): ReactNode {
  const today = dayOf(new Date().toISOString());
  const ago = view.at ? (Date.parse(today) - Date.parse(view.at)) / DAY_MS : 0;
  const [sliding, setSliding] = useState<number>();
  const dayAgo = (days: number): string => (days <= 0 ? "" : dayAfter(today, -days));
  const value = sliding ?? SPAN_DAYS - Math.min(SPAN_DAYS, ago);
  const shown = (sliding === undefined ? view.at : dayAgo(SPAN_DAYS - sliding)) || t("explore.now");
  const settle = (): void => {
    if (sliding !== undefined) change({ at: dayAgo(SPAN_DAYS - sliding) });
    setSliding(undefined);
  };
  return (
    <fieldset>
      <legend>{t("field.date")}</legend>
      <input
        type="range"
        aria-label={t("field.date")}
        aria-valuetext={shown}
        min={0}
        max={SPAN_DAYS}
        value={value}
        onChange={(event) => setSliding(Number(event.target.value))}
        onPointerUp={settle}
        onKeyUp={settle}
        onBlur={settle}
      />
      <div className="inline">
        <Text label={shown} type="date" max={today} value={view.at} onChange={(at) => change({ at })} />
        <Text label={t("explore.since")} type="date" max={today} value={view.since} onChange={(since) => change({ since, expanded: [], branches: [] })} />
      </div>
    </fieldset>
  );
}

function Path({ view, change, loaded }: { view: View; change: Change; loaded: Loaded }): ReactNode {
  const [from, setFrom] = useState(view.from);
  const [to, setTo] = useState(view.to);
  useEffect(() => setFrom(view.from), [view.from]);
  useEffect(() => setTo(view.to), [view.to]);
  const hops = loaded.parts.find((part) => part.hops !== undefined)?.hops;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        change({ from: from.trim(), to: to.trim() });
      }}
    >
      <fieldset>
        <legend>{t("explore.path")}</legend>
        <div className="inline">
          <Text label={t("explore.pathFrom")} value={from} onChange={setFrom} />
          <Text label={t("explore.pathTo")} value={to} onChange={setTo} />
        </div>
        <div className="inline">
          <button type="submit">{t("act.search")}</button>
          {(view.from || view.to) && (
            <button type="button" onClick={() => change({ from: "", to: "" })}>
              {t("act.reset")}
            </button>
          )}
          {hops !== undefined && (
            <span className="note" role="status">
              {hops === null ? t("explore.gaveUp") : hops < 0 ? t("explore.noPath", { hops: 12 }) : t("explore.hops", { hops })}
            </span>
          )}
        </div>
      </fieldset>
    </form>
  );
}
