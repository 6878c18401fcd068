import type { Drawing } from "./canvas";
import type { Edge, Forest, Node, Sums } from "./picture";

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[sign] ?? sign);

/** A cell for spreadsheets: what would be taken for a formula there is text. */
function cell(value: string | number): string {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

/** A line each, with money in fen. */
export function csv(nodes: Node[], found: Forest, sums: Map<string, Sums>): string {
  const labels = new Map(nodes.map((node) => [node.id, node.label]));
  const head = ["kind", "code", "above", "level", "rank", "status", "joined_at", "sales_fen", "people_below_shown", "sales_below_shown_fen"];
  const rows = nodes.map((node) => [
    node.kind,
    node.label,
    labels.get(found.parent.get(node.id) ?? "") ?? "",
    found.level.get(node.id) ?? 0,
    node.rank ?? "",
    node.status ?? "",
    node.joinedAt === undefined ? "" : new Date(node.joinedAt).toISOString(),
    node.salesFen,
    sums.get(node.id)?.people ?? 0,
    sums.get(node.id)?.salesFen ?? 0,
  ]);
  return `\uFEFF${[head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

/** Of a #rrggbb of the style sheet. */
function gexfColour(hex: string): string {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return `<viz:color r="${r}" g="${g}" b="${b}"/>`;
}

/** GEXF 1.3, which Gephi reads, with places and colours. */
export function gexf(nodes: Node[], edges: Edge[], drawing: Drawing): string {
  const drawn = new Map(drawing.nodes.map((node) => [node.id, node]));
  const value = (name: string, of: string | number | undefined): string =>
    of === undefined ? "" : `<attvalue for="${name}" value="${escaped(String(of))}"/>`;
  const body = nodes.map((node) => {
    const at = drawn.get(node.id);
    const place = at ? `${gexfColour(at.dim ? drawing.dim : at.colour)}<viz:position x="${at.x.toFixed(3)}" y="${at.y.toFixed(3)}" z="0"/><viz:size value="${at.size.toFixed(2)}"/>` : "";
    const facts = value("kind", node.kind) + value("rank", node.rank) + value("status", node.status) + value("sales_fen", node.salesFen);
    return `<node id="${escaped(node.id)}" label="${escaped(node.label)}"><attvalues>${facts}</attvalues>${place}</node>`;
  });
  const lines = edges.map(
    (edge, index) =>
      `<edge id="${index}" source="${escaped(edge.source)}" target="${escaped(edge.target)}" kind="${edge.kind}" label="${edge.kind}"/>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3">
<graph defaultedgetype="directed"><attributes class="node">
<attribute id="kind" title="kind" type="string"/><attribute id="rank" title="rank" type="string"/>
<attribute id="status" title="status" type="string"/><attribute id="sales_fen" title="sales_fen" type="long"/>
</attributes><nodes>
${body.join("\n")}
</nodes><edges>
${lines.join("\n")}
</edges></graph></gexf>
`;
}

const WIDTH = 2000;
const MARGIN = 60;

/** The whole picture, not the part in view. */
export function svg(drawing: Drawing, marked: ReadonlySet<string>, background: string): string {
  const xs = drawing.nodes.map((node) => node.x);
  const ys = drawing.nodes.map((node) => node.y);
  const least = (all: number[]): number => all.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (all: number[]): number => all.reduce((a, b) => Math.max(a, b), -Infinity);
  const [left, right, bottom, top] = [least(xs), most(xs), least(ys), most(ys)];
  const scale = (WIDTH - 2 * MARGIN) / Math.max(right - left, (top - bottom) * 1.7, 1e-9);
  const height = Math.round((top - bottom) * scale + 2 * MARGIN);
  const at = new Map(
    drawing.nodes.map((node) => [node.id, { x: MARGIN + (node.x - left) * scale, y: MARGIN + (top - node.y) * scale }]),
  );
  const lines = drawing.edges.map((edge) => {
    const [a, b] = [at.get(edge.source), at.get(edge.target)];
    return a && b
      ? `<line x1="${a.x.toFixed(1)}" y1="${a.y.toFixed(1)}" x2="${b.x.toFixed(1)}" y2="${b.y.toFixed(1)}" stroke="${edge.colour}" stroke-width="${edge.width}"/>`
      : "";
  });
  const named = drawing.nodes.length <= 400;
  const dots = drawing.nodes.map((node) => {
    const { x, y } = at.get(node.id) ?? { x: 0, y: 0 };
    const label = named || marked.has(node.id) ? `<text x="${(x + node.size + 4).toFixed(1)}" y="${(y + 4).toFixed(1)}">${escaped(node.label)}</text>` : "";
    return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${node.size.toFixed(1)}" fill="${node.dim ? drawing.dim : node.colour}"/>${label}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">
<rect width="100%" height="100%" fill="${background}"/>
<g>${lines.join("")}</g>
<g font-family="system-ui, sans-serif" font-size="12" fill="${drawing.text}">${dots.join("")}</g>
</svg>
`;
}

/** The same as pixels. */
export async function png(drawing: Drawing, marked: ReadonlySet<string>, background: string): Promise<Blob> {
  const address = URL.createObjectURL(new Blob([svg(drawing, marked, background)], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.width;
    canvas.height = image.height;
    canvas.getContext("2d")?.drawImage(image, 0, 0);
    return await new Promise((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png");
    });
  } finally {
    URL.revokeObjectURL(address);
  }
}

export function saved(name: string, content: string | Blob, type: string): void {
  const blob = typeof content === "string" ? new Blob([content], { type }) : content;
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
