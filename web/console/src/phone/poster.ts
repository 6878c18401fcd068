import QRCode from "qrcode";

export interface Invitation {
  code: string;
  name: string;
  address: string;
  text: string;
}

const WIDTH = 600;
const HEIGHT = 840;
const FONT = 'system-ui, -apple-system, "PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif';

/** A picture to save or forward, as a data address; always light, since cameras read dark on light best. */
export async function poster({ code, name, address, text }: Invitation): Promise<string> {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const paint = canvas.getContext("2d");
  if (paint === null) throw new Error("no canvas");
  paint.fillStyle = "#ffffff";
  paint.fillRect(0, 0, WIDTH, HEIGHT);
  paint.fillStyle = "#1f3fae";
  paint.fillRect(0, 0, WIDTH, 168);
  paint.textAlign = "center";
  written(paint, name, { y: 82, size: 44, weight: 600, colour: "#ffffff" });
  written(paint, text, { y: 132, size: 26, weight: 400, colour: "#dfe6ff" });
  const code2 = document.createElement("canvas");
  await QRCode.toCanvas(code2, address, { width: 420, margin: 0, errorCorrectionLevel: "M" });
  paint.drawImage(code2, (WIDTH - 420) / 2, 220, 420, 420);
  written(paint, code, { y: 722, size: 48, weight: 600, colour: "#15171a" });
  written(paint, new URL(address).host, { y: 778, size: 24, weight: 400, colour: "#5b6068" });
  return canvas.toDataURL("image/png");
}

interface Hand {
  y: number;
  size: number;
  weight: number;
  colour: string;
}

function written(paint: CanvasRenderingContext2D, text: string, { y, size, weight, colour }: Hand): void {
  paint.font = `${weight} ${size}px ${FONT}`;
  paint.fillStyle = colour;
  paint.fillText(text, WIDTH / 2, y, WIDTH - 60);
}
