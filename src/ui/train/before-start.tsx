import { estimatedSeconds, plan, planFailure, savedBytes } from './cost.ts';
import { engineFacts } from '../state/engine.ts';
import { freeBytes } from '../state/storage-use.ts';
import { settings } from './settings.ts';
import { measureSpeed, speedTrial, TOO_LONG_SECONDS } from '../model/slow-path.ts';
import { formats, t } from '../messages/language.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { Problem, ProblemLine } from '../parts/problem.tsx';

/** What the run would take, said before it starts. */
export function BeforeStart() {
  const planned = settings.value;
  if ('problem' in planned) {
    return (
      <div class="problem" role="alert">
        <ProblemLine failure={planned.problem} />
      </div>
    );
  }
  const texts = t().train.before;
  const { size } = planned;
  if (size === undefined) return null;
  const memory = plan.value?.totalBytes;
  return (
    <div class="stack">
      <dl class="costs">
        <div>
          <dt>{texts.steps}</dt>
          <dd>
            {formats().count(size.updates)}
            {size.epochs !== undefined && <small>{texts.rounds(size.epochs)}</small>}
          </dd>
        </div>
        <div>
          <dt>{texts.memory}</dt>
          <dd>{memory === undefined ? texts.unknown : formats().bytes(memory)}</dd>
        </div>
        <div>
          <dt>{texts.time}</dt>
          <dd>
            <Time />
          </dd>
        </div>
      </dl>
      {planFailure.value !== undefined && <Problem failure={planFailure.value} lost={texts.smaller} />}
      <Room />
      {size.warning !== undefined && <p class="notice">{texts.few(size.updates)}</p>}
      <SlowDevice />
    </div>
  );
}

/** Saved steps and the adapter have to fit into the browser's storage. */
function Room() {
  const [need, free] = [savedBytes.value, freeBytes.value];
  if (need === undefined || free === undefined || need <= free || engineFacts.value?.keepsFiles === false) return null;
  return <p class="notice">{t().train.before.noRoom(need, free)}</p>;
}

function Time() {
  const texts = t().train.before;
  const trial = speedTrial.value;
  const estimated = estimatedSeconds.value;
  if (trial.kind === 'measuring') return <small role="status">{texts.measuring}</small>;
  if (trial.kind === 'done') return <>{texts.about(trial.seconds)}</>;
  if (estimated !== undefined) return <>{texts.about(estimated)}</>;
  return (
    <button type="button" class="plain" onClick={() => void measureSpeed()}>
      {texts.measure}
    </button>
  );
}

/** Without a graphics chip: what a run would really take, and what is the better advice when that is too long. */
function SlowDevice() {
  const trial = speedTrial.value;
  const isSlow = engineFacts.value?.executor === 'cpu' || engineFacts.value?.adapter?.isSoftware === true;
  const texts = t().train.before;
  if (trial.kind === 'failed')
    return (
      <div class="notice">
        <ProblemLine failure={trial.failure} />
      </div>
    );
  const seconds = trial.kind === 'done' ? trial.seconds : estimatedSeconds.value;
  if (!isSlow) return null;
  if (seconds === undefined) {
    return <p class="notice">{texts.noGpu}</p>;
  }
  if (seconds <= TOO_LONG_SECONDS) return null;
  return (
    <div class="notice">
      <p>{texts.long}</p>
      <div class="actions">
        <CopyButton text={location.href.split('#')[0] ?? ''}>{texts.copyAddress}</CopyButton>
        <a href="#/try">{texts.tryModel}</a>
      </div>
    </div>
  );
}
