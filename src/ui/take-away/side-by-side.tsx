import type { SideBySide } from '../../evaluate/side-by-side.ts';
import { formats, t } from '../messages/language.ts';
import { Breakable } from '../parts/breakable.tsx';
import { Problem } from '../parts/problem.tsx';
import { Bars } from '../report/pictures.tsx';
import { readRunName } from '../train/run-name.ts';
import { isTraining } from '../train/training.ts';
import { earlierRuns, isHere, isOfThisModel } from './runs.ts';
import { askBothVersions, stopSideBySide, versionsSideBySide } from './side-by-side.ts';

/** Changed answers that are listed. */
const LISTED = 12;

/** Two versions asked the same questions. @param outs in any order */
export function VersionsSideBySide({ outs }: { readonly outs: readonly string[] }) {
  const texts = t().runs.sideBySide;
  // Runs are listed with the latest first.
  const chosen = earlierRuns.value.filter(({ out }) => outs.includes(out)).reverse();
  const [first, second] = chosen;
  if (first === undefined || second === undefined || chosen.some(({ out, finished }) => !finished || !isHere(out)))
    return null;
  if (!chosen.every(isOfThisModel)) return <p class="quiet">{texts.otherModel}</p>;
  const shown = versionsSideBySide.value;
  const state = shown?.outs[0] === first.out && shown.outs[1] === second.out ? shown : undefined;
  if (state?.kind === 'asking') {
    return (
      <div class="score">
        <label for="side-by-side">{texts.asking}</label>
        <progress id="side-by-side" value={state.share} max={1} />
        <div class="actions">
          <button type="button" onClick={stopSideBySide}>
            {texts.stop}
          </button>
        </div>
      </div>
    );
  }
  return (
    <section class="stack side-by-side" aria-label={texts.title}>
      <h4>{texts.title}</h4>
      {state?.kind === 'no-rows' && <p role="status">{texts.noRows}</p>}
      {state?.kind === 'failed' && <Problem failure={state.failure} lost={t().runs.stayStored} />}
      {state?.kind === 'done' && <Answers result={state.result} outs={[first.out, second.out]} />}
      <div class="actions">
        <button type="button" disabled={isTraining.value} onClick={() => void askBothVersions([first.out, second.out])}>
          {texts.ask}
        </button>
        <p class="quiet">{texts.note}</p>
      </div>
    </section>
  );
}

function nameOf(out: string): string {
  const { title, began } = readRunName(out);
  return began === undefined ? title : `${title}, ${formats().dateTime(began, 'medium')}`;
}

/** Percentage points with their sign. */
const points = (share: number): string => `${share > 0 ? '+' : ''}${formats().count(Math.round(100 * share))}`;

function Answers({ result, outs }: { readonly result: SideBySide; readonly outs: readonly [string, string] }) {
  const texts = t().runs.sideBySide;
  const { metric, rows, first, second, difference, verdict, changed } = result;
  return (
    <>
      <p role="status">
        <strong>{texts.verdicts[verdict]}</strong>{' '}
        {texts.difference(points(difference.value), points(difference.low), points(difference.high))}
      </p>
      <p class="quiet">{texts.asked(rows, t().report.metrics[metric].label)}</p>
      <Bars
        bars={[
          { name: texts.earlier(nameOf(outs[0])), measure: first, isMain: false },
          { name: texts.later(nameOf(outs[1])), measure: second, isMain: true },
        ]}
      />
      {changed.length === 0 ? (
        <p>{texts.unchanged}</p>
      ) : (
        <details>
          <summary>{texts.changed(changed.length, rows)}</summary>
          <ul class="found-rows">
            {changed.slice(0, LISTED).map(({ prompt, expected, first: before, second: after, change }, i) => (
              <li key={i}>
                <p>
                  <strong>{texts.changes[change]}</strong> {prompt}
                </p>
                <p class="quiet">
                  {t().report.expected} <Breakable text={expected} />
                </p>
                <p>
                  {texts.before} <Breakable text={before} />
                </p>
                <p>
                  {texts.after} <Breakable text={after} />
                </p>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
