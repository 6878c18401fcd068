import { MultiDirectedGraph } from "graphology";
import { type ReactNode, useEffect, useRef } from "react";
import Sigma from "sigma";
import { EdgeLineProgram, EdgeRectangleProgram, NodePointProgram } from "sigma/rendering";
import type { CameraState, EdgeDisplayData, NodeDisplayData } from "sigma/types";
import { useDark } from "../theme";
import { t } from "../words";
import { useKeys } from "./keys";
import type { Point } from "./layouts";

export interface DrawnNode extends Point {
  id: string;
  label: string;
  size: number;
  colour: string;
  dim: boolean;
}

export interface DrawnEdge {
  source: string;
  target: string;
  colour: string;
  width: number;
}

/** Everything as it is to be drawn, in the picture's own measure; the view is kept for as long as the points are the same. */
export interface Drawing {
  points: ReadonlyMap<string, Point>;
  nodes: DrawnNode[];
  edges: DrawnEdge[];
  dim: string;
  text: string;
}

interface CanvasProps {
  drawing: Drawing;
  /** Who stands out: the selected and the pinned. */
  marked: ReadonlySet<string>;
  onSelect: (id: string) => void;
  onOpen?: (id: string) => void;
  /** What of it was looked at, as `onCamera` told it; the first points are shown so, and those of a picture that is settling, others whole. */
  camera?: string;
  /** Whether more of the picture is to come. */
  settling?: boolean;
  /** Called when somebody has looked at another part; "" is the whole. */
  onCamera?: (camera: string) => void;
  /** Whether + − 0 work from anywhere on the page, this being its only picture. */
  main?: boolean;
}

const CROWD = 1500;
/** Points: sigma's own circles are an instance each, and a machine without a graphics card draws those one by one. */
const NODES = { circle: NodePointProgram };
/** Edges of one pixel, and smooth ones of a width; under the names that sigma has, as it makes every name it knows ready. */
const EDGES = { line: EdgeLineProgram, arrow: EdgeRectangleProgram };
const THIN = "line";
const WIDE = "arrow";
const CLEAR = "#00000000";
/** By how many pixels the radius of the marked is larger. */
const MARK = 3;
const ZOOM_MS = 150;
const WHOLE: CameraState = { x: 0.5, y: 0.5, ratio: 1, angle: 0 };
const CAMERA_RESTS_MS = 300;

/** The picture in WebGL. It is for the eye and the pointer: what it says stands in a table as well. */
export function Canvas({ drawing, marked, onSelect, onOpen, camera = "", settling = false, onCamera, main }: CanvasProps): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const sigma = useRef<Sigma>(undefined);
  const told = useRef({ onSelect, onOpen, marked, camera, onCamera });
  told.current = { onSelect, onOpen, marked, camera, onCamera };
  /** Whether the picture has been whole since it was empty. */
  const settled = useRef(false);
  const dark = useDark();
  const shown = useRef<Pick<Drawing, "points" | "text">>(undefined);

  useEffect(() => {
    if (!place.current) return;
    const made = new Sigma(unseen(), place.current, {
      allowInvalidContainer: true,
      nodeProgramClasses: NODES,
      edgeProgramClasses: EDGES,
      nodeReducer: (id, own) => (told.current.marked.has(id) ? { ...own, size: own["size"] + MARK, forceLabel: true } : own),
      // Edges that look alike share what they look like: sigma would make an object of its own for each.
      edgeReducer: (_, own) => own["look"],
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
    let resting: ReturnType<typeof setTimeout> | undefined;
    made.getCamera().on("updated", (state) => {
      made.getContainer().dataset["zoom"] = (1 / state.ratio).toFixed(2);
      clearTimeout(resting);
      if (settled.current) resting = setTimeout(() => told.current.onCamera?.(cameraText(state)), CAMERA_RESTS_MS);
    });
    sigma.current = made;
    return () => {
      clearTimeout(resting);
      sigma.current = undefined;
      shown.current = undefined;
      made.kill();
    };
  }, []);

  useEffect(() => {
    const made = sigma.current;
    if (!made) return;
    // Each change of a setting, and of the graph, looks at every node again.
    if (drawing.text !== shown.current?.text) {
      made.setSetting("labelColor", { color: drawing.text });
      made.setSetting("defaultDrawNodeHover", hovered(drawing.text));
    }
    const crowded = drawing.edges.length > CROWD;
    if (made.getSetting("hideEdgesOnMove") !== crowded) made.setSetting("hideEdgesOnMove", crowded);
    if (drawing.points !== shown.current?.points) {
      made.getCamera().setState(settled.current ? WHOLE : cameraOf(told.current.camera));
    }
    shown.current = drawing;
    made.setGraph(graphOf(drawing));
    tell(made, drawing);
  }, [drawing, dark]);

  useEffect(() => {
    settled.current = drawing.nodes.length > 0 && (settled.current || !settling);
  }, [drawing, settling]);

  useEffect(() => {
    redrawn(sigma.current, marked);
    return () => redrawn(sigma.current, marked);
  }, [marked]);

  const nearer = (): void => void sigma.current?.getCamera().animatedZoom({ duration: ZOOM_MS });
  const farther = (): void => void sigma.current?.getCamera().animatedUnzoom({ duration: ZOOM_MS });
  const whole = (): void => void sigma.current?.getCamera().animatedReset({ duration: ZOOM_MS });
  useKeys(main ? { "+": nearer, "=": nearer, "-": farther, "0": whole } : {});

  return (
    <div className="picture">
      <div ref={place} className="canvas" role="img" aria-label={t("explore.picture")} />
      <div className="zoom" role="group" aria-label={t("explore.zoom")}>
        <button type="button" title="+" aria-label={t("explore.zoomIn")} onClick={nearer}>
          +
        </button>
        <button type="button" title="−" aria-label={t("explore.zoomOut")} onClick={farther}>
          −
        </button>
        <button type="button" title="0" aria-label={t("explore.fit")} onClick={whole}>
          ⤢
        </button>
      </div>
    </div>
  );
}

const cameraText = ({ x, y, ratio }: CameraState): string =>
  x === WHOLE.x && y === WHOLE.y && ratio === WHOLE.ratio ? "" : [x, y, ratio].map((number) => Number(number.toFixed(6))).join();

function cameraOf(text: string): CameraState {
  const [x, y, ratio] = text.split(",").map(Number);
  return x !== undefined && y !== undefined && ratio ? { x, y, ratio, angle: 0 } : WHOLE;
}

/** Draws some again, in their places: nothing else is looked at. */
function redrawn(made: Sigma | undefined, ids: ReadonlySet<string>): void {
  const nodes = [...ids].filter((id) => made?.getGraph().hasNode(id));
  made?.refresh({ partialGraph: { nodes }, skipIndexation: true, schedule: true });
}

/** Two people and edges that nobody sees: drawing them, WebGL makes its programs ready while the answer is on its way. */
function unseen(): MultiDirectedGraph {
  const graph = new MultiDirectedGraph();
  for (const at of [0, 1]) graph.addNode(at, nodeLook({ id: "", label: "", x: at, y: at, size: 1, colour: CLEAR, dim: false }, CLEAR));
  for (const type of [THIN, WIDE]) graph.addEdge(0, 1, { look: edgeLook(CLEAR, 1, type) });
  return graph;
}

/** Whoever drives the page from outside learns what is drawn, and where the first node is, in pixels of the picture. */
function tell(made: Sigma, { nodes }: Drawing): void {
  const { dataset } = made.getContainer();
  const [first] = nodes;
  const at = first ? made.graphToViewport(first) : { x: 0, y: 0 };
  dataset["nodes"] = String(nodes.length);
  dataset["first"] = `${Math.round(at.x)} ${Math.round(at.y)}`;
}

function graphOf(drawing: Drawing): MultiDirectedGraph {
  const graph = new MultiDirectedGraph();
  for (const node of drawing.nodes) graph.addNode(node.id, nodeLook(node, drawing.dim));
  const crowded = drawing.edges.length > CROWD;
  const looks = new Map<string, { look: EdgeDisplayData }>();
  drawing.edges.forEach(({ source, target, colour, width }, at) => {
    const name = `${width} ${colour}`;
    let alike = looks.get(name);
    if (!alike) looks.set(name, (alike = { look: edgeLook(colour, width, crowded && width === 1 ? THIN : WIDE) }));
    graph.addDirectedEdgeWithKey(at, source, target, alike);
  });
  return graph;
}

// Everything that sigma asks of a look stands in it: what it has to add to an object, it adds slowly.
const nodeLook = ({ x, y, size, colour, label, dim }: DrawnNode, dimmed: string): NodeDisplayData => ({
  x,
  y,
  size,
  color: dim ? dimmed : colour,
  label,
  zIndex: dim ? 0 : 1,
  type: "circle",
  hidden: false,
  highlighted: false,
  forceLabel: false,
});
const edgeLook = (color: string, size: number, type: string): EdgeDisplayData => ({
  color,
  size,
  type,
  label: "",
  zIndex: 0,
  hidden: false,
  forceLabel: false,
});

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
