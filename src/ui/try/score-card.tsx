import { examples } from '../examples/examples.ts';
import { measure, score, stopMeasuring } from './score.ts';
import { isTraining } from '../train/training.ts';
import { adapter } from './trial.ts';
import { Problem } from '../parts/problem.tsx';

/** A small exam on the questions kept back: one right answer may be luck, nineteen of twenty are not. */
export function ScoreCard() {
  const state = score.value;
  const set = examples.value.kind === 'ready' ? examples.value.set : undefined;
  const current = adapter.value;
  if (current === undefined || set?.exam === undefined) return null;
  const { exam } = set;
  const count = Math.min(20, set.training.heldOutRows.length);
  if (state.kind === 'asking') {
    return (
      <div class="score">
        <label for="exam">Both sides are answering questions they have not seen…</label>
        <progress id="exam" value={state.share} max={1} />
        <div class="actions">
          <button type="button" onClick={stopMeasuring}>
            Stop
          </button>
        </div>
      </div>
    );
  }
  return (
    <div class="score">
      {state.kind === 'done' && state.out === current.out && (
        <p role="status">
          Of {state.questions} questions kept back from training, the base model got <strong>{state.before}</strong>{' '}
          exactly right, the tuned model <strong>{state.after}</strong>.
        </p>
      )}
      {state.kind === 'failed' && (
        <Problem failure={state.failure} lost="Nothing was lost: the adapter is unchanged." />
      )}
      <div class="actions">
        <button type="button" disabled={isTraining.value} onClick={() => void measure(exam)}>
          Test on {count} new questions
        </button>
        <p class="quiet">Takes a moment: both sides answer questions that training never saw.</p>
      </div>
    </div>
  );
}
