import { MERCHANT_ID } from "../../config";
import { documents } from "../../documents";
import { type Connection, joined, type Listed, NOTHING, PAGED } from "../../paging";
import { BLANK, fill, sentence } from "../../screen";
import { ask } from "../../service";
import { words } from "../../words";

interface Contract {
  version: string;
  title: string;
  body: string;
}

interface Payouts {
  contract: Contract | null;
  me: { code: string; acceptedContract: string | null; balance: object | null; payouts: Connection | null } | null;
}

interface Accepted {
  acceptContract: { errors: { message: string }[] };
}

Page({
  ...PAGED,

  data: {
    ...BLANK,
    code: "",
    balance: null as object | null,
    contract: null as Contract | null,
    accepting: false,
    ...(NOTHING as Listed<unknown>),
  },

  onShow() {
    void this.load();
  },

  page(after: string | null) {
    const { edges } = this.data;
    const shown = ask<Payouts>(documents.PhonePayouts, { after }).then(({ me, contract }) => ({
      code: me?.code ?? "",
      balance: me?.balance ?? null,
      contract: me && contract?.version !== me.acceptedContract ? contract : null,
      problem: me?.balance && me.payouts ? "" : words.partly,
      ...joined(edges, after, me?.payouts),
    }));
    return fill(this, shown);
  },

  /** The version that was read, whatever is in force by now: accepting is done once for it, however often it is sent. */
  async onAccept() {
    const { code, contract } = this.data;
    if (contract === null) return;
    this.setData({ accepting: true, problem: "" });
    try {
      const { acceptContract } = await ask<Accepted>(documents.PhoneAcceptContract, { code, version: contract.version });
      const [refused] = acceptContract.errors;
      // Refused or not, what is asked anew shows where it stands: another version may be in force by now, to be read first.
      await this.load();
      if (refused) this.setData({ problem: refused.message });
    } catch (error) {
      this.setData({ problem: sentence(error) });
    } finally {
      this.setData({ accepting: false });
    }
  },

  /** Opens WeChat's own page on which the receiver confirms; what became of it, the service hears from WeChat. */
  onConfirm(event: WechatMiniprogram.TouchEvent) {
    const { confirmation } = event.currentTarget.dataset as { confirmation: string };
    const { appId } = wx.getAccountInfoSync().miniProgram;
    wx.requestMerchantTransfer({
      mchId: MERCHANT_ID,
      appId,
      package: confirmation,
      success: () => void this.load(),
      fail: ({ errMsg }) => this.setData({ problem: errMsg }),
    });
  },
});
