import { INVITE_URL } from "../../config";
import { words } from "../../words";

/** What a card that was sent to friends opens: they are nobody's promoters yet, so nothing is asked and nobody signs in. */
Page({
  data: { words, code: "" },

  onLoad({ code }: { code?: string }) {
    this.setData({ code: decodeURIComponent(code ?? "") });
  },

  onCopy() {
    wx.setClipboardData({ data: INVITE_URL.replace("{code}", encodeURIComponent(this.data.code)) });
  },
});
