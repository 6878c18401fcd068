import type { ReactNode } from "react";
import { Fence } from "../parts/lazily";
import { ConnectionBanner } from "../parts/state";
import { SignedIn } from "../parts/sign";
import { decoded, link, usePlace } from "../route";
import { t, useLanguage, type Word } from "../words";
import { Earnings } from "./earnings";
import { Home } from "./home";
import { Invite, Join } from "./invite";
import { Member } from "./member";
import { Payouts } from "./payouts";
import { Team } from "./team";

const TABS: readonly (readonly [string, Word, string])[] = [
  ["", "nav.home", "M4 11.5 12 5l8 6.5V20H4z"],
  ["team", "nav.team", "M12 4a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM6 20a3 3 0 1 1 0-6 3 3 0 0 1 0 6zm12 0a3 3 0 1 1 0-6 3 3 0 0 1 0 6zM12 10v3m-6 1v-1h12v1"],
  ["earnings", "nav.earnings", "M7 5l5 7 5-7M7 12h10M7 16h10M12 12v8"],
  ["payouts", "nav.payouts", "M4 7h16v11H4zM4 11h16M8 15h3"],
  ["invite", "nav.invite", "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 14h2v2h-2zM14 18h2v2h-2zM18 18h2v2h-2z"],
];

export function Pages(): ReactNode {
  useLanguage();
  const place = usePlace();
  const joining = /^join\/([^/]+)$/.exec(place.path);
  if (joining?.[1]) return <Join code={decoded(joining[1])} />;
  return (
    <SignedIn promoters>
      <div className="phone">
        <ConnectionBanner />
        <main id="content">
          <Fence key={place.path}>{page(place.path, place.search)}</Fence>
        </main>
        <nav className="tabs" aria-label={t("nav.main")}>
          {TABS.map(([to, word, path]) => (
            <a key={to} {...link(to)} aria-current={(place.path.split("/")[0] ?? "") === to ? "page" : undefined}>
              <svg viewBox="0 0 24 24" aria-hidden="true">
                <path d={path} />
              </svg>
              {t(word)}
            </a>
          ))}
        </nav>
      </div>
    </SignedIn>
  );
}

function page(path: string, search: URLSearchParams): ReactNode {
  const [name, code] = path.split("/");
  if (name === "team") return <Team search={search} />;
  if (name === "member" && code) return <Member code={decoded(code)} search={search} />;
  if (name === "earnings") return <Earnings search={search} />;
  if (name === "payouts") return <Payouts />;
  if (name === "invite") return <Invite />;
  return <Home search={search} />;
}
