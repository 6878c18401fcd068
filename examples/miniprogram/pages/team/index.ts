import { documents } from "../../documents";
import { type Connection, joined, type Listed, NOTHING, PAGED } from "../../paging";
import { BLANK, fill } from "../../screen";
import { ask } from "../../service";
import { words } from "../../words";

interface Team {
  me: { team: { byLevel: { level: number; size: number }[] }; downline: Connection | null } | null;
}

/** Deeper than any tree. */
const EVERYBODY = 1000;
/** After so long without a key, somebody has typed what they look for. */
const TYPED_MS = 300;

let typing: ReturnType<typeof setTimeout> | undefined;

Page({
  ...PAGED,

  data: { ...BLANK, search: "", level: 0, levels: [words.allLevels], ...(NOTHING as Listed<unknown>) },

  onLoad() {
    void this.load();
  },

  /** The first page of what is looked for, or the one behind those that are shown. */
  page(after: string | null) {
    const { search, level, edges } = this.data;
    const variables = { depth: EVERYBODY, level: level || null, search: search || null, orderBy: "TEAM_VOLUME_DESC", after };
    const shown = ask<Team>(documents.PhoneTeam, variables).then(({ me }) => ({
      levels: [words.allLevels, ...(me?.team.byLevel ?? []).map((one) => `${one.level} ${words.level} · ${one.size}`)],
      problem: me?.downline ? "" : words.partly,
      ...joined(edges, after, me?.downline),
    }));
    return fill(this, shown);
  },

  onSearch(event: WechatMiniprogram.Input) {
    this.setData({ search: event.detail.value.trim(), next: null });
    if (typing !== undefined) clearTimeout(typing);
    typing = setTimeout(() => void this.load(), TYPED_MS);
  },

  onLevel(event: WechatMiniprogram.PickerChange) {
    this.setData({ level: Number(event.detail.value), next: null });
    void this.load();
  },
});
