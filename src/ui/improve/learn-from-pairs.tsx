import { t } from '../messages/language.ts';
import { Breakable } from '../parts/breakable.tsx';
import { saveFile } from '../save-file.ts';
import { isTraining } from '../train/training.ts';
import { adapter } from '../try/trial.ts';
import { checking, learnFromPairs } from './improving.ts';
import { isEnough, pairsFile, pairsOf, removePair } from './pairs.ts';
import { MIN_PAIRS, splitPairs } from './split-pairs.ts';

/** How many choices there are, what they are, and from enough of them on the button that trains on them. */
export function LearnFromPairs() {
  const texts = t().improve;
  const current = adapter.value;
  if (current === undefined) return null;
  const pairs = pairsOf(current.out);
  const { heldOut } = splitPairs(pairs);
  return (
    <>
      <p role="status">
        {texts.kept(pairs.length, MIN_PAIRS)} {pairs.length >= MIN_PAIRS && !isEnough.value && texts.fewQuestions}
      </p>
      {isEnough.value && (
        <div class="actions">
          <button
            type="button"
            class="primary"
            disabled={isTraining.value || checking.value !== undefined}
            onClick={() => void learnFromPairs()}
          >
            {texts.learn(pairs.length)}
          </button>
          <p class="quiet">{texts.learnNote(heldOut.length)}</p>
        </div>
      )}
      {pairs.length > 0 && (
        <details class="settings">
          <summary>{texts.list(pairs.length)}</summary>
          <ul class="runs pairs">
            {[...pairs].reverse().map((pair) => (
              <li key={`${pair.prompt}\n${pair.chosen}\n${pair.rejected}`}>
                <dl>
                  <dt>{pair.prompt}</dt>
                  <dd>
                    <span class="quiet">{texts.better}</span> <Breakable text={pair.chosen} />
                  </dd>
                  <dd>
                    <span class="quiet">{texts.worse}</span> <Breakable text={pair.rejected} />
                  </dd>
                </dl>
                <button
                  type="button"
                  class="plain"
                  aria-label={texts.deleteOf(pair.prompt)}
                  onClick={() => removePair(current.out, pair)}
                >
                  {t().runs.delete}
                </button>
              </li>
            ))}
          </ul>
          <button
            type="button"
            onClick={() => {
              const { name, bytes } = pairsFile(`${current.out}-comparisons.jsonl`, pairs);
              saveFile(name, bytes, 'application/jsonl');
            }}
          >
            {texts.download}
          </button>
        </details>
      )}
    </>
  );
}
