import { Component, type ComponentType, lazy, type LazyExoticComponent, type ReactNode } from "react";
import { lost, returned } from "../connection";
import { t } from "../words";

/** A part of the page that is fetched when it is first shown; what does not come is fetched once more when the service is back. */
export function lazily<Props>(load: () => Promise<{ default: ComponentType<Props> }>): LazyExoticComponent<ComponentType<Props>> {
  return lazy(() =>
    load().catch(async () => {
      lost();
      await returned();
      restyle();
      return load();
    }),
  );
}

/** Style sheets that did not come. Vite asks for each once, whatever comes of it. */
const missed = new Set<HTMLLinkElement>();
const onError = ({ target }: Event): void => {
  if (target instanceof HTMLLinkElement && target.rel === "stylesheet") missed.add(target);
};
// It does not bubble.
addEventListener("error", onError, { capture: true });

function restyle(): void {
  for (const link of missed) link.replaceWith(link.cloneNode());
  missed.clear();
}

/** Keeps what goes wrong in one page from taking the others away. */
export class Fence extends Component<{ children: ReactNode }, { isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError(): { isBroken: boolean } {
    return { isBroken: true };
  }

  override render(): ReactNode {
    if (!this.state.isBroken) return this.props.children;
    return (
      <div className="page">
        <div className="problem" role="alert">
          <p>{t("state.broken")}</p>
          <button type="button" onClick={() => location.reload()}>
            {t("state.reload")}
          </button>
        </div>
      </div>
    );
  }
}
