import { useMemo, useRef } from 'preact/hooks';
import type { StepMetrics } from '../../../workers/engine/contract.ts';
import { t } from '../messages/language.ts';
import { makeSmoother } from './smooth.ts';
import { curve } from './training.ts';
import { Plot } from './plot.tsx';

/** A run's steps as columns that grow with it: ten times a second, only what is new is looked at. */
class LossColumns {
  readonly x: number[] = [];
  readonly losses: number[] = [];
  readonly trend: number[] = [];
  readonly #smooth = makeSmoother();
  readonly #steps: readonly StepMetrics[];

  constructor(steps: readonly StepMetrics[]) {
    this.#steps = steps;
  }

  isOf(steps: readonly StepMetrics[]): boolean {
    return this.#steps === steps;
  }

  takeNew(): void {
    for (let i = this.x.length; i < this.#steps.length; i += 1) {
      const { step = 0, loss = 0 } = this.#steps[i] ?? {};
      this.x.push(step);
      this.losses.push(loss);
      this.trend.push(this.#smooth(loss));
    }
  }
}

/** The loss of the run that goes on: each step, the trend, and the checks on examples kept back. */
export function LossChart() {
  const now = curve.value;
  const columns = useRef<LossColumns | undefined>(undefined);
  const lines = useMemo(() => {
    if (columns.current?.isOf(now.steps) !== true) columns.current = new LossColumns(now.steps);
    columns.current.takeNew();
    const { x, losses, trend: smoothed } = columns.current;
    const raw = { x, y: losses, color: '--curve-raw', width: 1 };
    const trend = { x, y: smoothed, color: '--accent', width: 2.5 };
    if (now.evals.length === 0) return [raw, trend];
    const held = { x: now.evals.map(({ step }) => step), y: now.evals.map(({ evalLoss }) => evalLoss) };
    return [raw, trend, { ...held, color: '--curve-held', width: 1, isDots: true }];
  }, [now]);
  const { steps, evals } = now;
  const texts = t().train.chart;
  const summary = texts.summary(steps[0]?.loss ?? 0, steps.at(-1)?.loss ?? 0, steps.length);
  return (
    <figure class="chart">
      <Plot lines={lines} summary={summary} />
      <figcaption>
        {texts.caption}
        {evals.length > 0 && texts.heldOut}
      </figcaption>
    </figure>
  );
}
