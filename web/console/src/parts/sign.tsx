import { type FormEvent, Fragment, type ReactNode, useEffect, useRef, useState } from "react";
import { forget } from "../asking";
import { adopt, read, signIn, useExpired, useSession } from "../session";
import { t, type Word } from "../words";
import { Preferences, Text } from "./controls";
import { Notice } from "./state";

const SAID: Record<string, Word> = { refused: "sign.refused", absent: "sign.absent", lost: "state.notSent" };

/** Signing in by name and password, or by a token; `promoters` is whether the page is theirs. */
export function SignInForm({ promoters }: { promoters: boolean }): ReactNode {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [token, setToken] = useState("");
  const [said, setSaid] = useState<string>();
  const [busy, setBusy] = useState(false);
  // Pages under an ended session stay as they are; what they show is asked for anew once it is followed by another.
  const isOver = useExpired();

  async function byPassword(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    if (!isOver) forget();
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
    if (!isOver) forget();
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

/** Over the page, and over a dialog of it: only what the browser itself lays on top can be reached then. */
function Again({ promoters }: { promoters: boolean }): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = (): void => dialog.current?.showModal();
  useEffect(open, []);
  // Refusing to be cancelled holds once in Chromium, the key refused holds always; whatever else closes it opens it anew.
  return (
    <dialog
      ref={dialog}
      className="over"
      aria-label={t("sign.in")}
      onKeyDown={(event) => event.key === "Escape" && event.preventDefault()}
      onCancel={(event) => event.preventDefault()}
      onClose={open}
    >
      <p className="problem">{t("sign.expired")}</p>
      <SignInForm promoters={promoters} />
    </dialog>
  );
}

/** The page once somebody is signed in. It stays as it is while an ended session is asked for again, but not for another person. */
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
      {expired && <Again promoters={promoters} />}
      <Notice />
      <Fragment key={session.name}>{children}</Fragment>
    </>
  );
}
