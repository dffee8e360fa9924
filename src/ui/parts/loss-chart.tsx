import { useMemo } from 'preact/hooks';
import { smooth } from '../state/smooth.ts';
import { curve } from '../state/training.ts';
import { Plot } from './plot.tsx';

/** The loss of the run that goes on: each step, the trend, and the checks on examples kept back. */
export function LossChart() {
  const now = curve.value;
  const lines = useMemo(() => {
    const x = now.steps.map(({ step }) => step);
    const losses = now.steps.map(({ loss }) => loss);
    const raw = { x, y: losses, color: '--curve-raw', width: 1 };
    const trend = { x, y: smooth(losses), color: '--accent', width: 2.5 };
    if (now.evals.length === 0) return [raw, trend];
    const held = { x: now.evals.map(({ step }) => step), y: now.evals.map(({ evalLoss }) => evalLoss) };
    return [raw, trend, { ...held, color: '--curve-held', width: 1, isDots: true }];
  }, [now]);
  const { steps, evals } = now;
  const summary = `Loss went from ${steps[0]?.loss.toFixed(2) ?? ''} to ${steps.at(-1)?.loss.toFixed(2) ?? ''} over ${steps.length} steps`;
  return (
    <figure class="chart">
      <Plot lines={lines} summary={summary} />
      <figcaption>
        Loss at each step: how wrong the model still is. Lower is better.
        {evals.length > 0 && ' The dots are examples kept back.'}
      </figcaption>
    </figure>
  );
}
