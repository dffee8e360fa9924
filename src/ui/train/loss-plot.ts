import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface Line {
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** A CSS custom property. */
  readonly color: string;
  readonly width: number;
  /** Points without a line between them. */
  readonly isDots?: boolean;
}

export interface LossPlot {
  draw(lines: readonly Line[]): void;
  destroy(): void;
}

const HEIGHT = 220;
type Column = (number | null)[];

/** `line`'s values at the places of `x`; undefined where it has others. Both x are sorted. */
function spread(line: Line, x: readonly number[]): Column | undefined {
  const column: Column = new Array<null>(x.length).fill(null);
  let at = 0;
  for (const [i, place] of line.x.entries()) {
    while (at < x.length && (x[at] ?? 0) < place) at += 1;
    if (x[at] !== place) return undefined;
    column[at] = line.y[i] ?? null;
  }
  return column;
}

/**
 * Columns over one x axis, as uPlot wants them. A run's lines are of its own steps, or of some of them: put beside each other
 * without the search and the sorting that strangers need.
 */
function align(lines: readonly Line[]): uPlot.AlignedData {
  const [first] = lines;
  if (first === undefined) return [[]];
  // Copied: the lines grow in place, and a picture is of what was there when it was asked for.
  const columns = lines.map((line) => (line.x === first.x ? line.y.slice() : spread(line, first.x)));
  const isWhole = (column: Column | undefined): column is Column => column !== undefined;
  if (columns.every(isWhole)) return [first.x.slice(), ...columns];
  return uPlot.join(lines.map(({ x, y }) => [x.slice(), y.slice()]));
}

const shapeOf = (lines: readonly Line[]): string => lines.map(({ color, width }) => `${color}${width}`).join();

/** Draws into `host`, following its width and the colour scheme. */
export function makeLossPlot(host: HTMLElement, initial: readonly Line[]): LossPlot {
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  let lines = initial;
  let plot = make();

  function make(): uPlot {
    const style = getComputedStyle(host);
    const color = (name: string): string => style.getPropertyValue(name).trim();
    const axis = {
      stroke: color('--muted'),
      font: `12px ${style.fontFamily}`,
      grid: { stroke: color('--line'), width: 1 },
      ticks: { show: false },
    };
    return new uPlot(
      {
        width: Math.max(240, host.clientWidth),
        height: HEIGHT,
        padding: [8, 12, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false }, y: { range: (_plot, _low, high) => [0, Math.max(high * 1.05, 0.1)] } },
        axes: [
          { ...axis, size: 28, space: 60, grid: { show: false } },
          { ...axis, size: 36, space: 40 },
        ],
        series: [
          {},
          ...lines.map(({ color: name, width, isDots = false }) => ({
            stroke: color(name),
            width: isDots ? 0 : width,
            spanGaps: !isDots,
            points: isDots
              ? { show: true, size: 8, fill: color('--paper'), stroke: color(name), width: 2 }
              : { show: false },
          })),
        ],
      },
      align(lines),
      host,
    );
  }

  const remake = (): void => {
    plot.destroy();
    plot = make();
  };
  const onResize = new ResizeObserver(() => plot.setSize({ width: Math.max(240, host.clientWidth), height: HEIGHT }));
  scheme.addEventListener('change', remake);
  onResize.observe(host);

  return {
    draw(next) {
      const isSame = shapeOf(next) === shapeOf(lines);
      lines = next;
      if (isSame) plot.setData(align(lines));
      else remake();
    },
    destroy() {
      scheme.removeEventListener('change', remake);
      onResize.disconnect();
      plot.destroy();
    },
  };
}
