import { estimatedSeconds, plan, planFailure } from './cost.ts';
import { engineFacts } from '../state/engine.ts';
import { failureWords, pageWords } from './setting-fields.ts';
import { settings } from './settings.ts';
import { measureSpeed, speedTrial, TOO_LONG_SECONDS } from '../model/slow-path.ts';
import { formatBytes, formatCount, formatDuration } from '../words.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { Problem } from '../parts/problem.tsx';

/** What the run would take, said before it starts. */
export function BeforeStart() {
  const planned = settings.value;
  if ('problem' in planned) {
    return (
      <p class="problem" role="alert">
        {planned.problem}.
      </p>
    );
  }
  const { size } = planned;
  if (size === undefined) return null;
  const memory = plan.value?.totalBytes;
  return (
    <div class="stack">
      <dl class="costs">
        <div>
          <dt>Steps</dt>
          <dd>
            {formatCount(size.updates)}
            {size.epochs !== undefined && <small> in {formatCount(size.epochs)} rounds</small>}
          </dd>
        </div>
        <div>
          <dt>Memory</dt>
          <dd>{memory === undefined ? '–' : formatBytes(memory)}</dd>
        </div>
        <div>
          <dt>Time</dt>
          <dd>
            <Time />
          </dd>
        </div>
      </dl>
      {planFailure.value !== undefined && (
        <Problem
          failure={planFailure.value}
          lost="Nothing was started. Smaller numbers under “All settings” need less."
        />
      )}
      {size.warning !== undefined && <p class="notice">{pageWords(size.warning)}.</p>}
      <SlowDevice />
    </div>
  );
}

function Time() {
  const trial = speedTrial.value;
  const estimated = estimatedSeconds.value;
  if (trial.kind === 'measuring') return <small role="status">Making a few steps…</small>;
  if (trial.kind === 'done') return <>about {formatDuration(trial.seconds)}</>;
  if (estimated !== undefined) return <>about {formatDuration(estimated)}</>;
  return (
    <button type="button" class="plain" onClick={() => void measureSpeed()}>
      Measure
    </button>
  );
}

/** Without a graphics chip: what a run would really take, and what is the better advice when that is too long. */
function SlowDevice() {
  const trial = speedTrial.value;
  const isSlow = engineFacts.value?.executor === 'cpu' || engineFacts.value?.adapter?.isSoftware === true;
  if (trial.kind === 'failed') return <p class="notice">{failureWords(trial.failure)}.</p>;
  const seconds = trial.kind === 'done' ? trial.seconds : estimatedSeconds.value;
  if (!isSlow) return null;
  if (seconds === undefined) {
    return (
      <p class="notice">
        There is no graphics chip for this page, so the processor does the work. “Measure” makes a few steps and says
        how long the whole run would take.
      </p>
    );
  }
  if (seconds <= TOO_LONG_SECONDS) return null;
  return (
    <div class="notice">
      <p>
        That is long. “Quick look” shows sooner whether it is worth it; another computer with a graphics chip does it in
        minutes. Try works here all the same.
      </p>
      <div class="actions">
        <CopyButton text={location.href.split('#')[0] ?? ''}>Copy this page’s address</CopyButton>
        <a href="#/try">Try the model</a>
      </div>
    </div>
  );
}
