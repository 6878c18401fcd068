import { documents } from "../../documents";
import { BLANK, fill, thisMonth } from "../../screen";
import { ask } from "../../service";
import { words } from "../../words";

interface Home {
  me: object | null;
}

Page({
  data: { ...BLANK, month: thisMonth(), me: null as object | null, shown: 5 },

  onShow() {
    void this.load();
  },

  onPullDownRefresh() {
    void this.load();
  },

  load() {
    const home = ask<Home>(documents.PhoneHome, { month: this.data.month });
    return fill(this, home.then(({ me }) => ({ me, problem: me ? "" : words.partly })));
  },

  /** Of who is one order short, everybody that was answered. */
  onMore() {
    this.setData({ shown: 100 });
  },

  onMonth(event: WechatMiniprogram.PickerChange) {
    this.setData({ month: String(event.detail.value), me: null });
    void this.load();
  },
});
