import { documents } from "../../documents";
import { type Connection, joined, type Listed, NOTHING, PAGED } from "../../paging";
import { BLANK, fill, thisMonth } from "../../screen";
import { ask } from "../../service";
import { words } from "../../words";

interface Earnings {
  me: { earnings: Record<string, number> | null; commissions: Connection | null } | null;
}

Page({
  ...PAGED,

  data: { ...BLANK, month: thisMonth(), earnings: null, open: "", ...(NOTHING as Listed<unknown>) },

  onShow() {
    void this.load();
  },

  page(after: string | null) {
    const { month, edges } = this.data;
    const shown = ask<Earnings>(documents.PhoneEarnings, { month, after }).then(({ me }) => ({
      earnings: me?.earnings ?? null,
      problem: me?.earnings && me.commissions ? "" : words.partly,
      ...joined(edges, after, me?.commissions),
    }));
    return fill(this, shown);
  },

  onMonth(event: WechatMiniprogram.PickerChange) {
    this.setData({ month: String(event.detail.value), earnings: null, ...NOTHING });
    void this.load();
  },

  /** Why an entry is what it is: shown, and hidden again. */
  onWhy(event: WechatMiniprogram.TouchEvent) {
    const { id } = event.currentTarget.dataset as { id: string };
    this.setData({ open: this.data.open === id ? "" : id });
  },
});
