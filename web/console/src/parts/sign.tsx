import { type FormEvent, type ReactNode, useState } from "react";
import { forget } from "../asking";
import { adopt, read, signIn, useExpired, useSession } from "../session";
import { t, type Word } from "../words";
import { Preferences, Text } from "./controls";

const SAID: Record<string, Word> = { refused: "sign.refused", absent: "sign.absent", lost: "state.notSent" };

/** Signing in by name and password, or by a token; `promoters` is whether the page is theirs. */
export function SignInForm({ promoters }: { promoters: boolean }): ReactNode {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [token, setToken] = useState("");
  const [said, setSaid] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function byPassword(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    forget();
    const word = SAID[await signIn(name, password)];
    setBusy(false);
    setSaid(word && t(word));
  }

  function byToken(event: FormEvent): void {
    event.preventDefault();
    const session = read(token);
    if (session === null) return setSaid(t("sign.badToken"));
    if (!promoters && session.role === "PROMOTER") return setSaid(t("sign.promoterHere", { place: "/m/" }));
    if (promoters && session.role !== "PROMOTER") return setSaid(t("sign.staffThere"));
    forget();
    adopt(session);
  }

  return (
    <div className="sign">
      <p className="brand">promograph</p>
      {!promoters && (
        <form onSubmit={byPassword}>
          <h1>{t("sign.title")}</h1>
          <Text label={t("sign.name")} value={name} onChange={setName} autoComplete="username" required />
          <Text
            label={t("sign.password")}
            value={password}
            onChange={setPassword}
            type="password"
            autoComplete="current-password"
            required
          />
          <button type="submit" className="main" disabled={busy}>
            {t("sign.in")}
          </button>
        </form>
      )}
      <form onSubmit={byToken} className="second">
        {promoters && <h1>{t("app.team")}</h1>}
        {promoters && <p>{t("sign.phone")}</p>}
        <Text label={t("sign.token")} value={token} onChange={setToken} type="password" autoComplete="off" required />
        <button type="submit">{t("sign.use")}</button>
      </form>
      {said && (
        <p className="problem" role="alert">
          {said}
        </p>
      )}
      <Preferences />
    </div>
  );
}

/** The page once somebody is signed in. An ended session is asked for again over the page, which stays as it is. */
export function SignedIn({ promoters, children }: { promoters: boolean; children: ReactNode }): ReactNode {
  const session = useSession();
  const expired = useExpired();
  const fits = session !== null && (session.role === "PROMOTER") === promoters;
  if (!fits) {
    return (
      <main className="lone">
        <SignInForm promoters={promoters} />
      </main>
    );
  }
  return (
    <>
      {expired && (
        <div className="over" role="dialog" aria-label={t("sign.in")}>
          <p className="problem">{t("sign.expired")}</p>
          <SignInForm promoters={promoters} />
        </div>
      )}
      {children}
    </>
  );
}
