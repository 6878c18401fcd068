import { type ReactNode, useLayoutEffect, useRef } from "react";
import { Dialog } from "../parts/controls";
import { t } from "../words";

/** What keys do, by their names; nothing of it while somebody types or a dialog is open, or right after a `g`. */
export function useKeys(doings: Record<string, (() => void) | undefined>): void {
  // The letter after a `g` names a page of the console.
  const afterG = useRef(false);
  // With what is shown, not after it: who sees the new picture may press its keys.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const { key, ctrlKey, metaKey, altKey } = event;
      const going = afterG.current;
      afterG.current = key === "g";
      if (going || altKey || (event.target as HTMLElement).closest("input, textarea, select, dialog")) return;
      const doing = doings[ctrlKey || metaKey ? `Ctrl+${event.shiftKey ? "Shift+" : ""}${key.toLowerCase()}` : key];
      if (!doing) return;
      event.preventDefault();
      doing();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
}

/** All keys of this page. */
export function Keys({ onClose }: { onClose: () => void }): ReactNode {
  return (
    <Dialog title={t("keys.title")} onClose={onClose}>
      <ul>
        {[t("explore.keys"), t("keys.search")]
          .flatMap((keys) => keys.split(" · "))
          .map((key) => (
            <li key={key}>{key}</li>
          ))}
      </ul>
    </Dialog>
  );
}
