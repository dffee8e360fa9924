import { t } from '../messages/language.ts';
import { Problem } from '../parts/problem.tsx';
import { control, isTraining, run } from '../train/training.ts';
import { OnlyInTab } from '../parts/only-in-tab.tsx';
import { areRunsRead, isHere } from '../take-away/runs.ts';
import { adapter } from '../try/trial.ts';
import { checking, improveFailure, lacksRows, notUndone, outcomes, undone, undoTo, type Outcome } from './improving.ts';
import { changeOf } from './outcome.ts';

/** What is being learned from the person's judgement, and what became of it. */
export function Improvement() {
  const texts = t().improve;
  const view = run.value;
  const failure =
    improveFailure.value ?? (view?.phase === 'failed' && view.improves !== undefined ? view.failure : undefined);
  if (view?.improves !== undefined && isTraining.value) {
    return (
      <div class="result">
        <label class="result-title" for="improving">
          {texts.learning[view.improves.kind]}
        </label>
        <progress id="improving" {...(view.totalSteps > 0 && { value: view.step, max: view.totalSteps })} />
        <div class="actions">
          <button type="button" disabled={view.phase === 'stopping'} onClick={() => void control('stop')}>
            {t().try.stop}
          </button>
        </div>
      </div>
    );
  }
  const current = adapter.value;
  const outcome = current && outcomes.value[current.out];
  const isChecked = outcome !== undefined && checking.value !== current?.out && !isTraining.value;
  const isParentGone = areRunsRead.value && outcome !== undefined && !isHere(outcome.parent);
  return (
    <>
      <OnlyInTab />
      {failure !== undefined && <Problem failure={failure} lost={texts.unchanged} />}
      {lacksRows.value && (
        <p class="notice" role="alert">
          {texts.noRows}
        </p>
      )}
      {checking.value !== undefined && (
        <p class="notice" role="status">
          {texts.checking}
        </p>
      )}
      {undone.value !== undefined && (
        <p class="notice" role="status">
          {texts.undone} {isHere(undone.value) ? texts.undoneKept : texts.undoneGone}
        </p>
      )}
      {isChecked && !isParentGone && notUndone.value !== current?.out && <Result outcome={outcome} />}
      {isChecked && isParentGone && (
        <p class="notice" role="status">
          {texts.cannotUndo}
        </p>
      )}
    </>
  );
}

function Result({ outcome }: { readonly outcome: Outcome }) {
  const texts = t().improve;
  const { parent, preferences, correction } = outcome;
  const heldOut = correction?.heldOut;
  const measured = preferences ?? heldOut;
  const change = measured === undefined ? undefined : changeOf(measured);
  const isGood = change === 'better' && preferences !== undefined;
  return (
    <div class={isGood ? 'result is-ready' : 'result'}>
      <div role="status" class="stack">
        {preferences !== undefined && (
          <>
            <p class="result-title">
              {texts.prefers(
                Math.round(preferences.after.value * preferences.pairs),
                preferences.pairs,
                Math.round(preferences.before.value * preferences.pairs),
              )}
            </p>
            <p>
              {texts.interval(preferences.after.low, preferences.after.high)}{' '}
              {texts.preferenceChange[changeOf(preferences)]}
            </p>
          </>
        )}
        {correction !== undefined && (
          <p class="result-title">{correction.isLearned ? texts.learned : texts.notLearned}</p>
        )}
        {correction !== undefined && (
          <p>
            {heldOut === undefined && texts.nothingHeldOut}
            {heldOut?.measure === 'exactMatch' &&
              texts.heldOutRight(
                Math.round(heldOut.after.value * heldOut.rows),
                heldOut.rows,
                Math.round(heldOut.before.value * heldOut.rows),
              )}
            {heldOut?.measure === 'tokenF1' && texts.heldOutWords(heldOut.after.value, heldOut.before.value)}{' '}
            {heldOut !== undefined && texts.correctionChange[changeOf(heldOut)]}
          </p>
        )}
        {measured === undefined && correction === undefined && <p>{texts.notChecked}</p>}
      </div>
      <div class="actions">
        <button type="button" onClick={() => void undoTo(parent)}>
          {texts.undo}
        </button>
      </div>
    </div>
  );
}
