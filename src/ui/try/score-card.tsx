import { examples } from '../examples/examples.ts';
import { measure, score, stopMeasuring } from './score.ts';
import { isTraining } from '../train/training.ts';
import { t } from '../messages/language.ts';
import { Rich } from '../parts/rich.tsx';
import { adapter } from './trial.ts';
import { Problem } from '../parts/problem.tsx';

/** A small exam on the questions kept back: one right answer may be luck, nineteen of twenty are not. */
export function ScoreCard() {
  const state = score.value;
  const set = examples.value.kind === 'ready' ? examples.value.set : undefined;
  const current = adapter.value;
  if (current === undefined || set?.exam === undefined) return null;
  const texts = t().exam;
  const { exam } = set;
  const count = Math.min(20, set.training.heldOutRows.length);
  if (state.kind === 'asking') {
    return (
      <div class="score">
        <label for="exam">{texts.asking}</label>
        <progress id="exam" value={state.share} max={1} />
        <div class="actions">
          <button type="button" onClick={stopMeasuring}>
            {texts.stop}
          </button>
        </div>
      </div>
    );
  }
  return (
    <div class="score">
      {state.kind === 'done' && state.out === current.out && (
        <p role="status">
          <Rich text={texts.score(state.questions, state.before, state.after)} />
        </p>
      )}
      {state.kind === 'failed' && <Problem failure={state.failure} lost={texts.unchanged} />}
      <div class="actions">
        <button type="button" disabled={isTraining.value} onClick={() => void measure(exam)}>
          {texts.test(count)}
        </button>
        <p class="quiet">{texts.note}</p>
      </div>
    </div>
  );
}
