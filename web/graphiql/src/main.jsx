import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./page.css";

import { GraphiQL } from "graphiql";
import { useMemo, useState } from "react";
import { createRoot } from "react-dom/client";

import { fetcherFor } from "./fetcher.js";
import { storageWithoutHeaders } from "./storage.js";
import { rememberedToken, rememberToken, takeTokenFromFragment } from "./token.js";

const DEFAULT_QUERY = `# Every request needs a token. This prints one
# to paste into "Token" above:
#
#     promograph token --role ADMIN
#
# Ctrl-Enter runs the query, Ctrl-Space completes,
# the book on the left is the documentation.
# Money is in fen, rates are in basis points.

query {
  plan {
    version
    overrideBp
  }
}
`;

function TokenBar({ token, onToken }) {
  const [text, setText] = useState(token);
  const use = (event) => {
    event.preventDefault();
    setText(onToken(text));
  };
  return (
    <form className="token-bar" onSubmit={use}>
      <strong>promograph</strong>
      <label htmlFor="token">Token</label>
      <input
        id="token"
        type="password"
        autoComplete="off"
        spellCheck={false}
        placeholder="promograph token --role ADMIN"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={use}
      />
      <button type="submit">Use</button>
      <output>{token ? "sent with every request of this tab" : "no token: requests are refused"}</output>
    </form>
  );
}

function Page() {
  const [token, setToken] = useState(rememberedToken);
  // A new fetcher makes GraphiQL read the schema again, which is what a new role wants.
  const fetcher = useMemo(() => fetcherFor(token), [token]);
  const use = (text) => {
    const kept = rememberToken(text);
    setToken(kept);
    return kept;
  };
  return (
    <>
      <TokenBar token={token} onToken={use} />
      <main>
        <GraphiQL
          fetcher={fetcher}
          defaultQuery={DEFAULT_QUERY}
          shouldPersistHeaders={false}
          storage={storageWithoutHeaders}
        />
      </main>
    </>
  );
}

takeTokenFromFragment();
createRoot(document.getElementById("root")).render(<Page />);
