import { t } from '../messages/language.ts';
import { Rich } from '../parts/rich.tsx';
import { model } from '../state/engine.ts';
import { examples } from '../examples/examples.ts';
import { interrupted, putOff } from './interrupted.ts';
import { obstacle, trainNote } from './obstacle.ts';
import { readRunName } from './run-name.ts';
import { brought } from './shared-link.ts';
import { continueRun, isTraining, run, train } from './training.ts';
import { BeforeStart } from './before-start.tsx';
import { Presets } from './presets.tsx';
import { WantedBarForm } from '../report/wanted-bar.tsx';
import { RunPanel } from './run-panel.tsx';
import { RunsTable } from '../take-away/runs-table.tsx';
import { Section } from '../parts/section.tsx';
import { KeepsNothing } from '../parts/keeps-nothing.tsx';
import { SettingsForm } from './settings-form.tsx';

export function TrainPlace() {
  const reason = obstacle();
  const view = run.value;
  const isFinished = view?.phase === 'finished' || view?.phase === 'failed';
  return (
    <Section id="train" title={t().places.train} intro={t().train.intro}>
      {brought.value !== '' && view === undefined && (
        <p class="notice" role="status">
          {brought.value}
        </p>
      )}
      {view === undefined && <Interrupted />}
      {view !== undefined && <RunPanel view={view} />}
      {!isTraining.value && (
        <div class="stack">
          {view?.phase === 'failed' && view.totalSteps > 0 && <GoOn out={view.out} />}
          {isFinished && <h3>{t().train.again}</h3>}
          <KeepsNothing />
          <Presets />
          <WantedBarForm />
          <BeforeStart />
          <div class="actions">
            <button
              type="button"
              class={view === undefined ? 'primary' : ''}
              disabled={reason !== undefined}
              aria-describedby="train-note"
              onClick={() => void train()}
            >
              {view === undefined ? t().train.train : t().train.again}
            </button>
            <p id="train-note" class="quiet">
              {reason ?? trainNote(examples.value)}
            </p>
          </div>
        </div>
      )}
      <SettingsForm isDisabled={isTraining.value} />
      <RunsTable />
    </Section>
  );
}

/** A run that failed on its way goes on from its last saved step, or from its beginning. */
function GoOn({ out }: { readonly out: string }) {
  return (
    <div class="actions">
      <button
        type="button"
        class="primary"
        disabled={model.value.kind !== 'ready'}
        onClick={() => void continueRun(out)}
      >
        {t().train.continue}
      </button>
    </div>
  );
}

/** A run that a closed tab cut off. */
function Interrupted() {
  const found = interrupted.value;
  if (found === undefined) return null;
  const { out, step, totalSteps } = found;
  return (
    <div class="notice">
      <p>
        <Rich text={t().train.interrupted(readRunName(out).title, step, totalSteps)} />
      </p>
      <div class="actions">
        <button type="button" disabled={model.value.kind !== 'ready'} onClick={() => void continueRun(out)}>
          {t().train.continue}
        </button>
        <button type="button" class="plain" onClick={putOff}>
          {t().train.notNow}
        </button>
      </div>
    </div>
  );
}
