import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Pages } from "./console/pages";
import { begin, resume } from "./session";
import "./page.css";
import "./console/console.css";
import "./theme";

begin();
void resume().then(() => {
  const root = document.getElementById("root");
  if (root) {
    createRoot(root).render(
      <StrictMode>
        <Pages />
      </StrictMode>,
    );
  }
});
