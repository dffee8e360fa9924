import { engineFacts } from '../state/engine.ts';
import { t } from '../messages/language.ts';
import { ProblemLine } from '../parts/problem.tsx';
import { examples, titleOf } from '../examples/examples.ts';
import { estimatedSeconds } from '../train/cost.ts';
import { obstacle } from '../train/obstacle.ts';
import { isTraining } from '../train/training.ts';
import { measureSpeed, speedTrial } from './slow-path.ts';

/** How long training on the chosen examples takes here, in minutes; the kernels' numbers are a link for those who want them. */
export function HowFast() {
  const texts = t().model.status;
  const trial = speedTrial.value;
  const seconds = trial.kind === 'done' ? trial.seconds : estimatedSeconds.value;
  const title = examples.value.kind === 'ready' ? titleOf(examples.value.set) : t().examples.theseExamples;
  return (
    <details class="how-fast">
      <summary>{texts.howFast}</summary>
      <div class="stack">
        {seconds !== undefined && <p role="status">{texts.takes(title, seconds)}</p>}
        {seconds === undefined && (
          <div class="actions">
            <button
              type="button"
              disabled={trial.kind === 'measuring' || isTraining.value || obstacle() !== undefined}
              onClick={() => void measureSpeed()}
            >
              {texts.measure}
            </button>
            <p class="quiet">{trial.kind === 'measuring' ? t().train.before.measuring : texts.measureNote}</p>
          </div>
        )}
        {trial.kind === 'failed' && (
          <div class="notice">
            <ProblemLine failure={trial.failure} />
          </div>
        )}
        {engineFacts.value?.executor === 'webgpu' && (
          <p class="quiet">
            <a href="./bench.html">{texts.benchmark}</a>
          </p>
        )}
      </div>
    </details>
  );
}
