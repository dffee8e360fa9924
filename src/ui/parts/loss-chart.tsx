import { useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { LossPlot } from './loss-plot.ts';
import { curve } from '../state/training.ts';

/** The loss curve; drawn by a module that is fetched when the first run begins. */
export function LossChart() {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<LossPlot | undefined>(undefined);
  useSignalEffect(() => {
    let isGone = false;
    void import('./loss-plot.ts').then(({ makeLossPlot }) => {
      if (isGone || host.current === null) return;
      plot.current = makeLossPlot(host.current, curve.peek());
    });
    return () => {
      isGone = true;
      plot.current?.destroy();
    };
  });
  useSignalEffect(() => {
    // Read before the plot is there: an effect follows only what it has read.
    const latest = curve.value;
    plot.current?.draw(latest);
  });
  const { losses, steps } = curve.value;
  const summary = `Loss went from ${losses[0]?.toFixed(2) ?? ''} to ${losses.at(-1)?.toFixed(2) ?? ''} over ${steps.length} steps`;
  return (
    <figure class="chart">
      <div ref={host} role="img" aria-label={summary} />
      <figcaption>Loss at each step: how wrong the model still is. Lower is better.</figcaption>
    </figure>
  );
}
