import { useEffect, useRef } from 'preact/hooks';
import type { Line, LossPlot } from './loss-plot.ts';

interface PlotProps {
  readonly lines: readonly Line[];
  /** The picture in words. */
  readonly summary: string;
}

/** Lines over one axis; drawn by a module that is fetched when there is something to draw. */
export function Plot({ lines, summary }: PlotProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<LossPlot | undefined>(undefined);
  const latest = useRef(lines);
  latest.current = lines;
  useEffect(() => {
    let isGone = false;
    void import('./loss-plot.ts').then(({ makeLossPlot }) => {
      if (isGone || host.current === null) return;
      plot.current = makeLossPlot(host.current, latest.current);
    });
    return () => {
      isGone = true;
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.draw(lines), [lines]);
  return <div ref={host} class="plot" role="img" aria-label={summary} />;
}
