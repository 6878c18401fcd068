import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { type ReactNode, useEffect, useRef } from "react";
import { compact } from "../figures";
import { colour, useDark } from "../theme";

echarts.use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

export interface Series {
  name: string;
  /** None where nothing is known, which is not 0. */
  values: (number | null)[];
  line?: boolean;
}

interface ChartProps {
  label: string;
  categories: string[];
  /** Whether every category is named, aslant, however narrow it is. */
  everyName?: boolean;
  series: Series[];
  onPick?: (category: string) => void;
}

/** Named in full: widths of words are measured outside the page, where there is nothing to inherit. */
const FONT = 'system-ui, "PingFang SC", "Noto Sans CJK SC", sans-serif';
const COLOURS = ["series-1", "series-2", "series-3"];

/** Bars or lines over categories. Tooltips are drawn, not written as HTML: the page's policy takes no styles. */
export default function Chart({ label, categories, everyName = false, series, onPick }: ChartProps): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const dark = useDark();
  useEffect(() => {
    if (!place.current) return;
    const chart = echarts.init(place.current, null, { renderer: "svg" });
    const text = colour("text");
    const muted = colour("muted");
    const line = { lineStyle: { color: colour("line") } };
    chart.setOption({
      animation: false,
      color: COLOURS.map(colour),
      textStyle: { color: text, fontFamily: FONT },
      grid: { left: 8, right: 8, top: series.length > 1 ? 32 : 12, bottom: 4, containLabel: true },
      legend: series.length > 1 ? { top: 0, left: 0, textStyle: { color: muted, fontFamily: FONT }, itemHeight: 8, itemWidth: 12 } : undefined,
      tooltip: {
        trigger: "axis",
        renderMode: "richText",
        backgroundColor: colour("panel"),
        borderColor: colour("line"),
        textStyle: { color: text },
        valueFormatter: (value: unknown) => figure(value as number | null),
      },
      xAxis: { type: "category", data: categories, axisLine: line, axisTick: { show: false }, axisLabel: everyName ? { color: muted, interval: 0, rotate: 40 } : { color: muted } },
      yAxis: { type: "value", splitLine: line, axisLabel: { color: muted, formatter: (value: number) => compact(value) } },
      series: series.map((one) =>
        one.line
          ? { type: "line", name: one.name, data: one.values, symbolSize: 5 }
          : { type: "bar", name: one.name, data: one.values, barMaxWidth: 26, itemStyle: { borderRadius: [3, 3, 0, 0] } },
      ),
    });
    chart.on("click", (event) => onPick?.(event.name));
    const watch = new ResizeObserver(() => chart.resize());
    watch.observe(place.current);
    return () => {
      watch.disconnect();
      chart.dispose();
    };
  }, [categories, series, dark]);
  const told = categories.map((name, at) => `${name} ${series.map((one) => figure(one.values[at])).join(" / ")}`);
  return <div ref={place} className="chart" role="img" aria-label={`${label}: ${told.join("; ")}`} />;
}

const figure = (value: number | null | undefined): string => (value == null ? "—" : compact(value));
