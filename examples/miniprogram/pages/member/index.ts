import { documents } from "../../documents";
import { type Connection, joined, type Listed, NOTHING, PAGED } from "../../paging";
import { BLANK, fill, thisMonth } from "../../screen";
import { ask } from "../../service";
import { words } from "../../words";

interface Member {
  promoter: { downline: Connection | null } | null;
}

Page({
  ...PAGED,

  data: { ...BLANK, code: "", month: thisMonth(), promoter: null, ...(NOTHING as Listed<unknown>) },

  onLoad({ code }: { code?: string }) {
    this.setData({ code: decodeURIComponent(code ?? "") });
    void this.load();
  },

  page(after: string | null) {
    const { code, month, edges } = this.data;
    const shown = ask<Member>(documents.PhoneMember, { code, month, after }).then(({ promoter }) => ({
      promoter,
      problem: promoter ? "" : words.absent,
      ...joined(edges, after, promoter?.downline),
    }));
    return fill(this, shown);
  },
});
