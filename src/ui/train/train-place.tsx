import { t } from '../messages/language.ts';
import { Rich } from '../parts/rich.tsx';
import { model } from '../state/engine.ts';
import { examples } from '../examples/examples.ts';
import { interrupted, putOff } from './interrupted.ts';
import { obstacle, trainNote } from './obstacle.ts';
import { readRunName } from './run-name.ts';
import { brought, leaveOffer, offer, offerWords, takeOffer } from './shared-link.ts';
import { continueFailure, continueRun, isTraining, run, train } from './training.ts';
import { Breakable } from '../parts/breakable.tsx';
import { BeforeStart } from './before-start.tsx';
import { Presets } from './presets.tsx';
import { WantedBarForm } from '../report/wanted-bar.tsx';
import { isCleared } from '../take-away/runs.ts';
import { Problem } from '../parts/problem.tsx';
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
      <LinkOffer />
      {brought.value !== '' && view === undefined && (
        <p class="notice" role="status">
          {brought.value}
        </p>
      )}
      {continueFailure.value !== undefined && <Problem failure={continueFailure.value} lost={t().runs.stayStored} />}
      {view === undefined && <Interrupted />}
      {view !== undefined && <RunPanel view={view} />}
      {!isTraining.value && (
        <div class="stack">
          {view?.phase === 'failed' && view.step > 0 && !isCleared(view.out) && <GoOn out={view.out} />}
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

/** What a link would set, before it does. */
function LinkOffer() {
  const offered = offer.value;
  if (offered === undefined) return null;
  const texts = t().train.link;
  return (
    <div class="notice" role="region" aria-label={texts.offer}>
      <p>{texts.offer}</p>
      <ul>
        {offerWords(offered).map((words) => (
          <li key={words}>
            <Breakable text={words} />
          </li>
        ))}
      </ul>
      {offered.unknown.length > 0 && (
        <p>
          <Breakable text={texts.unknown(offered.unknown)} />
        </p>
      )}
      <p class="quiet">{texts.replaces}</p>
      <div class="actions">
        <button type="button" disabled={isTraining.value} onClick={takeOffer}>
          {texts.take}
        </button>
        <button type="button" class="plain" onClick={leaveOffer}>
          {texts.leave}
        </button>
      </div>
    </div>
  );
}

/** A run that failed on its way goes on from its last saved step, or from its beginning; one that never began is pressed again. */
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
