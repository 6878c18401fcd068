import { documents } from "../../documents";
import { BLANK, fill, thisMonth } from "../../screen";
import { ask } from "../../service";

Page({
  data: { ...BLANK, month: thisMonth(), me: null, shown: 5 },

  onShow() {
    void this.load();
  },

  onPullDownRefresh() {
    void this.load();
  },

  load() {
    return fill(this, ask(documents.PhoneHome, { month: this.data.month }));
  },

  /** Of who is one order short, everybody that was answered. */
  onMore() {
    this.setData({ shown: 100 });
  },

  onMonth(event: WechatMiniprogram.PickerChange) {
    this.setData({ month: String(event.detail.value) });
    void this.load();
  },
});
