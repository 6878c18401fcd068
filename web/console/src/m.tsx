import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Pages } from "./phone/pages";
import { begin } from "./session";
import "./page.css";
import "./phone/phone.css";
import "./theme";

begin();
addEventListener("hashchange", () => location.hash.startsWith("#token=") && begin());
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Pages />
    </StrictMode>,
  );
}
