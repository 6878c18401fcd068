import { documents } from "../../documents";
import { BLANK, fill, thisMonth } from "../../screen";
import { ask } from "../../service";

Page({
  data: { ...BLANK, month: thisMonth(), me: null },

  onShow() {
    void this.load();
  },

  onPullDownRefresh() {
    void this.load();
  },

  load() {
    return fill(this, ask(documents.PhoneHome, { month: this.data.month }));
  },

  onMonth(event: WechatMiniprogram.PickerChange) {
    this.setData({ month: String(event.detail.value) });
    void this.load();
  },
});
