import { create } from "qrcode";
import { INVITE_URL } from "../../config";
import { documents } from "../../documents";
import { BLANK, fill } from "../../screen";
import { ask } from "../../service";
import { words } from "../../words";

interface Invite {
  me: { code: string; name: string | null } | null;
}

type Paint = WechatMiniprogram.CanvasRenderingContext.CanvasRenderingContext2D;

const WIDTH = 600;
const HEIGHT = 840;
const SQUARE = 420;

Page({
  data: { ...BLANK, me: null as Invite["me"] },

  onLoad() {
    void this.load();
  },

  async load() {
    await fill(this, ask<Invite>(documents.PhoneInvite).then(({ me }) => ({ me, problem: me ? "" : words.partly })));
    if (this.data.me) this.paint(this.data.me.code, this.data.me.name ?? this.data.me.code);
  },

  onShareAppMessage() {
    return { title: words.shareTitle, path: `/pages/join/index?code=${encodeURIComponent(this.data.me?.code ?? "")}` };
  },

  paint(code: string, name: string) {
    wx.createSelectorQuery()
      .select("#poster")
      .node(({ node }) => {
        const canvas = node as WechatMiniprogram.Canvas;
        canvas.width = WIDTH;
        canvas.height = HEIGHT;
        draw(canvas.getContext("2d") as Paint, code, name);
      })
      .exec();
  },

  onSave() {
    wx.createSelectorQuery()
      .select("#poster")
      .node(({ node }) => {
        const canvas = node as WechatMiniprogram.Canvas;
        wx.canvasToTempFilePath({
          canvas,
          success: ({ tempFilePath }) => wx.saveImageToPhotosAlbum({ filePath: tempFilePath }),
        });
      })
      .exec();
  },
});

/** A picture to save: always dark on light, which cameras read best. */
function draw(paint: Paint, code: string, name: string): void {
  paint.fillStyle = "#ffffff";
  paint.fillRect(0, 0, WIDTH, HEIGHT);
  paint.fillStyle = "#1f3fae";
  paint.fillRect(0, 0, WIDTH, 168);
  paint.textAlign = "center";
  written(paint, name, 82, 44, "#ffffff");
  written(paint, words.inviteWith, 132, 26, "#dfe6ff");
  square(paint, INVITE_URL.replace("{code}", encodeURIComponent(code)));
  written(paint, code, 722, 48, "#15171a");
}

/** The QR code of an address, which is ASCII: given as bytes, since a mini-program has no TextEncoder. */
function square(paint: Paint, address: string): void {
  const bytes = Uint8ClampedArray.from(address, (character) => character.charCodeAt(0));
  const { modules } = create([{ data: bytes, mode: "byte" }], { errorCorrectionLevel: "M" });
  const side = Math.floor(SQUARE / modules.size);
  const left = (WIDTH - side * modules.size) / 2;
  paint.fillStyle = "#000000";
  for (let row = 0; row < modules.size; row += 1) {
    for (let column = 0; column < modules.size; column += 1) {
      if (modules.get(row, column)) paint.fillRect(left + column * side, 220 + row * side, side, side);
    }
  }
}

function written(paint: Paint, text: string, y: number, size: number, colour: string): void {
  paint.font = `600 ${size}px sans-serif`;
  paint.fillStyle = colour;
  paint.fillText(text, WIDTH / 2, y, WIDTH - 60);
}
