import { formats, t } from '../messages/language.ts';

/** A number with what it may be at 95 %, from 0 to 1. */
interface Ranged {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface NamedBar {
  readonly name: string;
  readonly measure: Ranged;
  readonly isMain: boolean;
}

export const percentText = (share: number): string => `${formats().count(100 * share)} %`;

const WIDTH = 300;
const HEIGHT = 18;

/** A bar for each way to answer, with a line over where the number lies at 95 %. */
export function Bars({ bars }: { readonly bars: readonly NamedBar[] }) {
  const texts = t().report;
  return (
    <dl class="report-bars">
      {bars.map(({ name, measure: { value, low, high }, isMain }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <svg
              viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
              preserveAspectRatio="none"
              aria-hidden="true"
              class={isMain ? 'is-main' : ''}
            >
              <rect class="ground" width={WIDTH} height={HEIGHT} />
              <rect class="bar" width={WIDTH * value} height={HEIGHT} />
              <path
                class="range"
                d={`M${WIDTH * low} ${HEIGHT / 2}H${WIDTH * high}M${WIDTH * low} 4V${HEIGHT - 4}M${WIDTH * high} 4V${HEIGHT - 4}`}
              />
            </svg>
            <span>
              <strong>{percentText(value)}</strong>{' '}
              <span class="quiet">{texts.between(percentText(low), percentText(high))}</span>
            </span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface HeldOutCurveProps {
  readonly evals: readonly { readonly step: number; readonly evalLoss: number }[];
  /** The step whose adapter was kept. */
  readonly chosen: number;
}

const CURVE = { width: 300, height: 90, pad: 8 };

/** How surprised the model was by the rows kept back, as it trained, with the step that was kept. */
export function HeldOutCurve({ evals, chosen }: HeldOutCurveProps) {
  const points = evals.filter(({ evalLoss }) => Number.isFinite(evalLoss));
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || points.length < 2) return null;
  const losses = points.map(({ evalLoss }) => evalLoss);
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const { width, height, pad } = CURVE;
  const x = (step: number): number =>
    pad + ((step - first.step) / Math.max(1, last.step - first.step)) * (width - 2 * pad);
  const y = (loss: number): number => pad + ((high - loss) / Math.max(1e-9, high - low)) * (height - 2 * pad);
  const path = points.map(
    ({ step, evalLoss }, i) => `${i === 0 ? 'M' : 'L'}${x(step).toFixed(1)} ${y(evalLoss).toFixed(1)}`,
  );
  const kept = points.find(({ step }) => step === chosen) ?? last;
  const decimal = (loss: number): string => formats().decimal(loss, 2);
  const said = t().report.curve(decimal(first.evalLoss), decimal(last.evalLoss), kept.step, decimal(kept.evalLoss));
  return (
    <figure class="held-out-curve">
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={said}>
        <path class="line" d={path.join('')} />
        <circle class="kept" cx={x(kept.step)} cy={y(kept.evalLoss)} r="5" />
      </svg>
      <figcaption class="quiet">{said}</figcaption>
    </figure>
  );
}
