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
/** Columns over one x axis, as uPlot wants them; lines of the same x share it without a search. */
function align(lines: readonly Line[]): uPlot.AlignedData {
  const [first] = lines;
  if (first === undefined) return [[]];
  if (lines.every(({ x }) => x === first.x)) return [[...first.x], ...lines.map(({ y }) => [...y])];
  return uPlot.join(lines.map(({ x, y }) => [[...x], [...y]]));
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
