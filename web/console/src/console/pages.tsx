import { type ReactNode, Suspense, useEffect } from "react";
import { ConnectionBanner, Skeleton } from "../parts/state";
import { lost } from "../connection";
import { Preferences, Select } from "../parts/controls";
import { Fence, lazily } from "../parts/lazily";
import { SignedIn } from "../parts/sign";
import { decoded, go, link, usePlace } from "../route";
import { type Role, signOut, takeRole, useSession } from "../session";
import { named, t, useLanguage, type Word } from "../words";
import { READING } from "./journal";
import { PromoterList } from "./list";
import { PromoterPage } from "./promoter";

const Explore = lazily(async () => {
  const page = await import("../explore/explore");
  page.begin(location.search);
  return page;
});
const Risk = lazily(() => import("../operations/risk"));
const Detectors = lazily(() => import("../operations/detectors"));
const Workbench = lazily(() => import("../operations/workbench"));
const Dashboard = lazily(() => import("../operations/dashboard"));
const Audit = lazily(() => import("./audit"));

const STRUCTURES: Role[] = ["RISK", "OPERATOR", "ADMIN"];
const ASKING: Role[] = ["RISK", "ADMIN"];
const EVERYBODY: Role[] = ["OPERATOR", "RISK", "FINANCE", "ADMIN"];
const ROOMS: readonly { at: string; word: Word; key: string; roles: readonly Role[] }[] = [
  { at: "explore", word: "nav.explore", key: "e", roles: STRUCTURES },
  { at: "promoters", word: "nav.promoters", key: "p", roles: EVERYBODY },
  { at: "risk", word: "nav.risk", key: "r", roles: STRUCTURES },
  { at: "detectors", word: "nav.detectors", key: "t", roles: STRUCTURES },
  { at: "workbench", word: "nav.workbench", key: "w", roles: ASKING },
  { at: "dashboard", word: "nav.dashboard", key: "d", roles: EVERYBODY },
  { at: "audit", word: "nav.audit", key: "a", roles: READING },
];

export function Pages(): ReactNode {
  useLanguage();
  return (
    <SignedIn promoters={false}>
      <Frame />
    </SignedIn>
  );
}

function Frame(): ReactNode {
  const session = useSession();
  const place = usePlace();
  const rooms = ROOMS.filter((room) => session && room.roles.includes(session.role));
  useKeys(rooms);
  const [room = ""] = place.path.split("/");
  const isClosed = ROOMS.some(({ at }) => isIn(room, at)) && !rooms.some(({ at }) => isIn(room, at));
  useEffect(() => {
    if ((room === "" || isClosed) && rooms[0]) go(rooms[0].at, { replace: true });
  }, [room, isClosed]);
  return (
    <div className="frame">
      <a className="skip" href="#content">
        {t("nav.skip")}
      </a>
      <header className="bar">
        <span className="brand">promograph</span>
        <nav aria-label={t("nav.main")}>
          {rooms.map(({ at, word, key }) => (
            <a key={at} {...link(at)} title={`g ${key}`} aria-current={isIn(room, at) ? "page" : undefined}>
              {t(word)}
            </a>
          ))}
        </nav>
        <div className="who">
          <span className="note" title={t("keys.search")}>
            {session?.name}
          </span>
          {session?.kind === "cookie" && <RoleSwitch role={session.role} roles={session.roles} />}
          <Preferences />
          <button type="button" className="plain" onClick={() => void signOut()}>
            {t("sign.out")}
          </button>
        </div>
      </header>
      <ConnectionBanner />
      <Fence key={place.path}>
        <Suspense
          fallback={
            <main className="page">
              <Skeleton />
            </main>
          }
        >
          {page(room, place.path, place.search)}
        </Suspense>
      </Fence>
    </div>
  );
}

/** Which of the account's roles the session stands for: it sees and may do what that one does. */
function RoleSwitch({ role, roles }: { role: Role; roles: Role[] }): ReactNode {
  if (roles.length < 2) return <span className="note">{named("role", role)}</span>;
  return (
    <Select<Role>
      quiet
      label={t("sign.role")}
      value={role}
      options={roles.map((one) => [one, named("role", one)] as const)}
      onChange={(taken) => void takeRole(taken).then((answered) => answered || lost())}
    />
  );
}

const isIn = (room: string, at: string): boolean => room === at || (room === "promoter" && at === "promoters");

function page(room: string, path: string, search: URLSearchParams): ReactNode {
  const rest = decoded(path.slice(room.length + 1));
  if (room === "promoter" && rest) return <PromoterPage key={rest} code={rest} search={search} />;
  if (room === "explore") return <Explore search={search} />;
  if (room === "risk") return <Risk search={search} />;
  if (room === "detectors") return <Detectors search={search} />;
  if (room === "workbench") return <Workbench />;
  if (room === "dashboard") return <Dashboard search={search} />;
  if (room === "audit") return <Audit search={search} />;
  return <PromoterList search={search} />;
}

/** `/` searches, `g` and a letter goes to a page; nothing of it while somebody is typing. */
function useKeys(rooms: readonly { at: string; key: string }[]): void {
  useEffect(() => {
    let going = false;
    const onKey = (event: KeyboardEvent): void => {
      const at = event.target as HTMLElement;
      if (at.closest("input, textarea, select, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "/") {
        const box = document.querySelector<HTMLInputElement>("[data-search]");
        if (box) {
          event.preventDefault();
          box.focus();
          box.select();
        }
      }
      const room = going ? rooms.find(({ key }) => key === event.key) : undefined;
      going = event.key === "g";
      if (room) go(room.at);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [rooms.length]);
}
