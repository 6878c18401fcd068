import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { forget, useAction, useAnswer } from "../asking";
import { count, momentOf, percent, yuan } from "../figures";
import { DetectorsDocument, type DetectorsQuery, SetDetectorDocument, TryDetectorDocument } from "../generated/graphql";
import { Dialog, Text, TheQuery } from "../parts/controls";
import { NotDone, Refusals, Shown } from "../parts/state";
import { Table } from "../parts/table";
import { alter } from "../route";
import { useSession } from "../session";
import { named, t } from "../words";
import { Score } from "./risk";
import "./operations.css";

type Detector = NonNullable<DetectorsQuery["detectors"]>[number];
type Chosen = Record<string, string>;

export default function Detectors({ search }: { search: URLSearchParams }): ReactNode {
  const key = search.get("key");
  const answer = useAnswer(DetectorsDocument, {});
  return (
    <main className="page" id="content">
      <header className="head">
        <h1>{t("detect.title")}</h1>
      </header>
      <Shown of={answer} lines={14}>
        {({ detectors }) => (
          <div className="detectors">
            {detectors?.map((one) => <One key={one.key} of={one} open={one.key === key} again={answer.again} />)}
          </div>
        )}
      </Shown>
      <TheQuery text={String(DetectorsDocument)} />
    </main>
  );
}

const isWhole = (text: string): boolean => Number.isSafeInteger(Number(text));

/** The parameters that differ from those in force, as the service takes them; an empty field leaves its own as it is. */
function differing(of: Detector, chosen: Chosen): { key: string; value: number }[] {
  return of.settings
    .map(({ key, value }) => ({ key, value: Number(chosen[key] || value), before: value }))
    .filter((one) => one.value !== one.before)
    .map(({ key, value }) => ({ key, value }));
}

function One({ of, open, again }: { of: Detector; open: boolean; again: () => void }): ReactNode {
  const place = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    if (open) place.current?.scrollIntoView({ block: "nearest" });
  }, []);
  const [chosen, setChosen] = useState<Chosen>({});
  const [setting, setSetting] = useState(false);
  const [done, setDone] = useState(false);
  const trying = useAction(TryDetectorDocument);
  const [tried, setTried] = useState<{ given: string; answer: Awaited<ReturnType<typeof trying.act>> }>();
  const role = useSession()?.role;
  const changes = differing(of, chosen);
  const isSound = Object.values(chosen).every(isWhole);
  /** What a trial is of: what came of other parameters, or beside others in force, tells nothing of these. */
  const given = JSON.stringify([of.parameterSet.number, changes]);
  const trial = tried?.given === given ? tried.answer?.tryDetector : undefined;
  const { lastScan } = of;
  return (
    <details
      ref={place}
      className="detector"
      open={open}
      onToggle={(event) => {
        const isOpen = event.currentTarget.open;
        if (isOpen !== open) alter({ key: isOpen ? of.key : null });
      }}
    >
      <summary>
        <b>{of.title}</b>
        <span className="code note">{of.key}</span>
        <span className="note">{t("detect.version", { version: of.version, set: of.parameterSet.number })}</span>
        {of.mayLock && <span className="mark LOCKED status">{t("detect.mayLock")}</span>}
        <span>{t("detect.open", { count: count(of.open) })}</span>
        <span className="note">
          {t("detect.precision", { confirmed: count(of.confirmed), reviewed: count(of.reviewed) })}
          {of.reviewed > 0 && ` · ${percent(Math.floor((of.confirmed * 10_000) / of.reviewed))}`}
        </span>
      </summary>
      <p>{of.description}</p>
      <p className="note">
        {lastScan
          ? t("detect.last", { at: momentOf(lastScan.at), found: count(lastScan.found), ms: count(lastScan.tookMs) })
          : t("detect.never")}
      </p>
      {of.reviews.length > 0 && <Reviews of={of} />}
      <div className="settings">
        {of.settings.map((one) => (
          <div key={one.key}>
            <Text
              label={`${one.meaning} (${one.unit.toLowerCase()})`}
              type="number"
              min={String(one.least)}
              max={String(one.most)}
              placeholder={String(one.value)}
              value={chosen[one.key] ?? String(one.value)}
              onChange={(value) => {
                setDone(false);
                setChosen({ ...chosen, [one.key]: value });
              }}
            />
            {!isWhole(chosen[one.key] ?? "") && (
              <small className="problem" role="alert">
                {t("detect.whole", { given: chosen[one.key] ?? "" })}
              </small>
            )}
            <small>{t("detect.bounds", { least: count(one.least), most: count(one.most), default: count(one.default) })}</small>
          </div>
        ))}
      </div>
      {(role === "RISK" || role === "ADMIN") && (
        <div className="inline">
          <button
            type="button"
            disabled={!isSound || trying.busy}
            onClick={async () => setTried({ given, answer: await trying.act({ key: of.key, parameters: changes }) })}
          >
            {trying.busy ? `${t("state.loading")}…` : t("detect.try")}
          </button>
          <button type="button" disabled={!isSound || changes.length === 0} onClick={() => setSetting(true)}>
            {t("detect.set")}
          </button>
        </div>
      )}
      {done && <p className="good" role="status">{t("detect.done")}</p>}
      <NotDone error={trying.failed} />
      <Refusals of={trial} />
      {trial && trial.errors.length === 0 && (
        <>
          <p role="status">
            {t("detect.tried", {
              found: count(trial.found),
              raised: count(trial.raised),
              changed: count(trial.changed),
              closed: count(trial.closed),
              locked: count(trial.locked),
              money: yuan(trial.atStakeFen),
            })}
            {lastScan?.parameterSet === of.parameterSet.number && ` ${t("detect.before", { found: count(lastScan.found) })}`}
          </p>
          {trial.findings.length > 0 && (
            <Table
              label={t("detect.try")}
              rows={trial.findings}
              id={(one) => one.sentence}
              columns={[
                { name: t("field.score"), number: true, cell: (one) => <Score of={one.score} /> },
                { name: t("detect.outcome"), cell: (one) => named("outcome", one.outcome) },
                { name: t("field.reason"), cell: (one) => one.sentence },
                { name: t("field.stake"), number: true, cell: (one) => yuan(one.atStakeFen) },
              ]}
            />
          )}
        </>
      )}
      {setting && (
        <Setting
          of={of}
          changes={changes}
          onClose={() => setSetting(false)}
          onDone={() => {
            setSetting(false);
            setChosen({});
            setDone(true);
            again();
          }}
        />
      )}
    </details>
  );
}

function Reviews({ of }: { of: Detector }): ReactNode {
  return (
    <Table
      label={t("detect.reviews")}
      rows={of.reviews}
      id={(one) => `${one.detectorVersion}-${one.parameterSet}`}
      columns={[
        { name: t("detect.versionOf"), number: true, cell: (one) => one.detectorVersion },
        { name: t("detect.setOf"), number: true, cell: (one) => one.parameterSet },
        { name: named("finding", "CONFIRMED"), number: true, cell: (one) => count(one.confirmed) },
        { name: named("finding", "DISMISSED"), number: true, cell: (one) => count(one.dismissed) },
        { name: t("detect.precisionOf"), number: true, cell: (one) => percent(one.precisionPct * 100) },
      ]}
    />
  );
}

interface SettingProps {
  of: Detector;
  changes: { key: string; value: number }[];
  onClose: () => void;
  onDone: () => void;
}

function Setting({ of, changes, onClose, onDone }: SettingProps): ReactNode {
  const [reason, setReason] = useState("");
  const setting = useAction(SetDetectorDocument);
  const [refused, setRefused] = useState<{ errors: { message: string }[] }>();
  async function set(event: FormEvent): Promise<void> {
    event.preventDefault();
    const answer = await setting.act({ key: of.key, parameters: changes, reason, basedOn: of.parameterSet.number });
    if (!answer) return;
    setRefused(answer.setDetectorParameters);
    if (answer.setDetectorParameters.errors.length > 0) return;
    forget();
    onDone();
  }
  return (
    <Dialog title={of.title} onClose={onClose}>
      <form className="form" onSubmit={set}>
        <ul>
          {changes.map((one) => (
            <li key={one.key}>
              {of.settings.find(({ key }) => key === one.key)?.meaning}: <b>{count(one.value)}</b>
            </li>
          ))}
        </ul>
        <Text label={t("field.reason")} value={reason} onChange={setReason} required />
        <Refusals of={refused} />
        <NotDone error={setting.failed} />
        <div className="inline end">
          <button type="button" onClick={onClose}>
            {t("act.cancel")}
          </button>
          <button type="submit" className="main" disabled={setting.busy}>
            {t("act.confirm")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
