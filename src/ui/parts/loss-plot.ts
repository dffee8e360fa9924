import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface Curve {
  readonly steps: readonly number[];
  readonly losses: readonly number[];
}

export interface LossPlot {
  draw(curve: Curve): void;
  destroy(): void;
}

const HEIGHT = 200;
/** Weight of the past in the smoothed line. */
const SMOOTHING = 0.85;

/** Exponential moving average that starts without bias. */
export function smooth(values: readonly number[]): number[] {
  let average = 0;
  let weight = 0;
  return values.map((value) => {
    average = SMOOTHING * average + (1 - SMOOTHING) * value;
    weight = SMOOTHING * weight + (1 - SMOOTHING);
    return average / weight;
  });
}

/** Draws into `host`, following its width and the colour scheme. */
export function makeLossPlot(host: HTMLElement, first: Curve): LossPlot {
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  let curve = first;
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
          { ...axis, size: 28, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000], grid: { show: false } },
          { ...axis, size: 36, space: 40 },
        ],
        series: [
          {},
          { stroke: color('--curve-raw'), width: 1, points: { show: false } },
          { stroke: color('--accent'), width: 2.5, points: { show: false } },
        ],
      },
      data(),
      host,
    );
  }

  function data(): uPlot.AlignedData {
    return [[...curve.steps], [...curve.losses], smooth(curve.losses)];
  }

  const onScheme = (): void => {
    plot.destroy();
    plot = make();
  };
  const onResize = new ResizeObserver(() => plot.setSize({ width: Math.max(240, host.clientWidth), height: HEIGHT }));
  scheme.addEventListener('change', onScheme);
  onResize.observe(host);

  return {
    draw(next) {
      curve = next;
      plot.setData(data());
    },
    destroy() {
      scheme.removeEventListener('change', onScheme);
      onResize.disconnect();
      plot.destroy();
    },
  };
}
