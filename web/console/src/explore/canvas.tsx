import { MultiDirectedGraph } from "graphology";
import { type ReactNode, useEffect, useRef } from "react";
import Sigma from "sigma";
import { useDark } from "../theme";
import { t } from "../words";
import type { Point } from "./layouts";

export interface DrawnNode extends Point {
  id: string;
  label: string;
  size: number;
  colour: string;
  dim: boolean;
  marked: boolean;
}

export interface DrawnEdge {
  source: string;
  target: string;
  colour: string;
  width: number;
}

/** Everything as it is to be drawn, in the picture's own measure. */
export interface Drawing {
  nodes: DrawnNode[];
  edges: DrawnEdge[];
  dim: string;
  text: string;
}

interface CanvasProps {
  drawing: Drawing;
  onSelect: (id: string) => void;
  onOpen?: (id: string) => void;
}

const CROWD = 1500;

/** The picture in WebGL. It is for the eye and the pointer: what it says stands in a table as well. */
export function Canvas({ drawing, onSelect, onOpen }: CanvasProps): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const sigma = useRef<Sigma>(undefined);
  const told = useRef({ onSelect, onOpen });
  told.current = { onSelect, onOpen };
  const dark = useDark();
  const shape = useRef("");

  useEffect(() => {
    if (!place.current) return;
    const made = new Sigma(new MultiDirectedGraph(), place.current, {
      allowInvalidContainer: true,
      defaultEdgeType: "line",
      labelFont: 'system-ui, "PingFang SC", "Noto Sans CJK SC", sans-serif',
      labelSize: 11,
      labelDensity: 0.6,
      labelGridCellSize: 130,
      labelRenderedSizeThreshold: 5,
      zIndex: true,
      minCameraRatio: 0.002,
      maxCameraRatio: 4,
      stagePadding: 36,
    });
    made.on("clickNode", ({ node }) => told.current.onSelect(node));
    made.on("doubleClickNode", ({ node, preventSigmaDefault }) => {
      preventSigmaDefault();
      told.current.onOpen?.(node);
    });
    sigma.current = made;
    return () => {
      sigma.current = undefined;
      shape.current = "";
      made.kill();
    };
  }, []);

  useEffect(() => {
    const made = sigma.current;
    if (!made) return;
    made.setGraph(graphOf(drawing));
    made.setSetting("labelColor", { color: drawing.text });
    made.setSetting("hideEdgesOnMove", drawing.edges.length > CROWD);
    made.setSetting("defaultDrawNodeHover", hovered(drawing.text));
    const now = drawing.nodes.map((node) => `${node.id}${Math.round(node.x)}`).join();
    if (now !== shape.current) made.getCamera().setState({ x: 0.5, y: 0.5, ratio: 1, angle: 0 });
    shape.current = now;
    made.refresh();
  }, [drawing, dark]);

  return <div ref={place} className="canvas" role="img" aria-label={t("explore.picture")} />;
}

function graphOf(drawing: Drawing): MultiDirectedGraph {
  const graph = new MultiDirectedGraph();
  for (const node of drawing.nodes) {
    graph.mergeNode(node.id, {
      x: node.x,
      y: node.y,
      size: node.marked ? node.size + 3 : node.size,
      color: node.dim ? drawing.dim : node.colour,
      label: node.label,
      forceLabel: node.marked,
      zIndex: node.marked ? 2 : node.dim ? 0 : 1,
    });
  }
  for (const edge of drawing.edges) {
    graph.addEdge(edge.source, edge.target, { color: edge.colour, size: edge.width });
  }
  return graph;
}

/** sigma's own hover paints a white card; this one is the label in the page's colour, larger. */
function hovered(text: string) {
  return (paint: CanvasRenderingContext2D, data: { x: number; y: number; size: number; label?: string | null }): void => {
    paint.strokeStyle = text;
    paint.lineWidth = 1.5;
    paint.beginPath();
    paint.arc(data.x, data.y, data.size + 2, 0, Math.PI * 2);
    paint.stroke();
    if (!data.label) return;
    paint.fillStyle = text;
    paint.font = "600 12px system-ui, sans-serif";
    paint.fillText(data.label, data.x + data.size + 5, data.y + 4);
  };
}
