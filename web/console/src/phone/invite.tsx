import { type ReactNode, useEffect, useState } from "react";
import { useAnswer } from "../asking";
import { PhoneInviteDocument } from "../generated/graphql";
import { Copy, Preferences } from "../parts/controls";
import { Missing, Shown } from "../parts/state";
import { t } from "../words";
import { poster } from "./poster";

/** Where an invitation leads: the shop's address, if the deployment has told one, else our own page. */
export function invitation(code: string): string {
  const told = document.querySelector<HTMLMetaElement>('meta[name="invite-url"]')?.content;
  return told ? told.replace("{code}", encodeURIComponent(code)) : `${location.origin}/m/join/${encodeURIComponent(code)}`;
}

export function Invite(): ReactNode {
  const answer = useAnswer(PhoneInviteDocument, {});
  return (
    <>
      <h1>{t("invite.title")}</h1>
      <Shown of={answer} lines={8}>
        {({ me }) => (me ? <Poster code={me.code} name={me.name ?? me.code} /> : <Missing of={answer} />)}
      </Shown>
    </>
  );
}

function Poster({ code, name }: { code: string; name: string }): ReactNode {
  const [picture, setPicture] = useState<string>();
  const address = invitation(code);
  useEffect(() => {
    let current = true;
    void poster({ code, name, address, text: t("invite.text") }).then((made) => current && setPicture(made));
    return () => {
      current = false;
    };
  }, [code, name, address]);
  return (
    <div className="poster">
      {picture ? <img src={picture} alt={`${t("invite.poster")}: ${code}`} width={300} height={420} /> : <div className="blank" />}
      <p className="note">{t("invite.press")}</p>
      <div className="inline">
        <a className="button main" href={picture} download={`invite-${code}.png`}>
          {t("invite.save")}
        </a>
        <Copy text={() => address} label={t("invite.copy")} />
      </div>
      <p className="code">{address}</p>
    </div>
  );
}

/** Where our own invitations lead: the code to be given when buying or signing up. Nothing is asked for. */
export function Join({ code }: { code: string }): ReactNode {
  return (
    <main className="lone">
      <div className="sign">
        <p className="brand">promograph</p>
        <h1>{t("join.title")}</h1>
        <p className="note">{t("join.code")}</p>
        <p className="large code">{code}</p>
        <p>{t("join.how")}</p>
        <Copy text={() => code} label={t("act.copy")} />
        <Preferences />
      </div>
    </main>
  );
}
