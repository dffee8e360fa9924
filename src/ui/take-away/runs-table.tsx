import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { RunOrigin, StepMetrics } from '../../../workers/engine/contract.ts';
import {
  comparedCsv,
  comparedRuns,
  deleteRun,
  downloadRun,
  earlierRuns,
  isChosen,
  isHere,
  isOfThisModel,
  isReadingRuns,
  openEarlierRun,
  runsFailure,
  runsWithoutCurve,
  setCompared,
  settingsDifference,
} from './runs.ts';
import { dismissGoneRuns, goneRuns } from './gone-runs.ts';
import { VersionsSideBySide } from './side-by-side.tsx';
import { ancestorsOf, versionTree, type Version } from './version-tree.ts';
import { resumable } from '../train/interrupted.ts';
import { go } from '../state/place.ts';
import { runsOfOtherTabs } from '../state/other-tabs.ts';
import { noteRun, runNotes } from '../state/run-notes.ts';
import { readRunName } from '../train/run-name.ts';
import { smooth } from '../train/smooth.ts';
import { continueRun, isTraining } from '../train/training.ts';
import { adapter } from '../try/trial.ts';
import { saveFile } from '../save-file.ts';
import { formats, t } from '../messages/language.ts';
import { modelTitle } from '../words.ts';
import { Plot } from '../train/plot.tsx';
import { MayBeCleared, PrivateWindow } from '../parts/may-be-cleared.tsx';
import { Problem } from '../parts/problem.tsx';

const COLORS = ['--accent', '--curve-held', '--curve-3', '--curve-4', '--curve-5'] as const;

/** What this browser keeps from before: to open, to go on with, to compare, to delete. */
export function RunsTable() {
  const runs = earlierRuns.value;
  const failure = runsFailure.value;
  if (runs.length === 0 && failure === undefined && goneRuns.value.length === 0) return null;
  return (
    <div class="stack runs-part">
      <h3>{t().runs.title}</h3>
      <GoneRuns />
      {failure !== undefined && !goneRuns.value.includes(failure.goneRun ?? '') && (
        <Problem failure={failure} lost={t().runs.stayStored} />
      )}
      <ul class="runs">
        {versionTree(runs).map((version) => (
          <Run key={version.summary.out} version={version} />
        ))}
      </ul>
      {runs.length > 0 && <PrivateWindow />}
      {runs.length > 0 && <MayBeCleared />}
      {comparedRuns.value.size > 0 && <Comparison />}
    </div>
  );
}

/** Runs that the browser cleared away. */
function GoneRuns() {
  const gone = goneRuns.value;
  if (gone.length === 0) return null;
  return (
    <div class="notice" role="alert">
      <p>{t().runs.gone(gone.map((out) => readRunName(out).title))}</p>
      <div class="actions">
        <button type="button" onClick={dismissGoneRuns}>
          {t().storage.read}
        </button>
      </div>
    </div>
  );
}

function Run({ version }: { readonly version: Version }) {
  const { summary, children } = version;
  const texts = t().runs;
  const { out, finished, step, totalSteps } = summary;
  const { title, began } = readRunName(out);
  const isAsking = useSignal(false);
  const isNoting = useSignal(false);
  const { note, score, tags = [] } = runNotes.value[out] ?? {};
  const when = began === undefined ? undefined : formats().dateTime(began, 'medium');
  const name = `${title}, ${when ?? out}`;
  const fits = isOfThisModel(summary);
  const isWhole = isHere(out);
  const isCompared = comparedRuns.value.has(out);
  const isElsewhere = runsOfOtherTabs.value.has(out);
  const color = [...comparedRuns.value.keys()].indexOf(out) % COLORS.length;
  const isRollback = ancestorsOf(adapter.value?.out, earlierRuns.value).includes(out);
  return (
    <li>
      <div class="run-line">
        <span>
          <strong>{title}</strong>{' '}
          <span class="quiet">
            {[
              when,
              isElsewhere
                ? texts.elsewhere
                : summary.damaged !== undefined
                  ? texts.damaged
                  : !isWhole
                    ? texts.lacksFiles
                    : finished
                      ? texts.steps(step)
                      : texts.stoppedAt(step, totalSteps),
              summary.evalLoss !== undefined
                ? texts.heldOutLoss(summary.evalLoss)
                : summary.loss !== undefined
                  ? texts.loss(summary.loss)
                  : undefined,
              runsWithoutCurve.value.has(out) ? texts.curveChanged : undefined,
              score === undefined ? undefined : texts.score(score.right, score.asked),
              fits || summary.damaged !== undefined ? undefined : texts.onModel(modelTitle(summary.model)),
            ]
              .filter((text) => text !== undefined)
              .join(', ')}
          </span>
          {tags.map((tag) => (
            <span key={tag} class="tag">
              {tag}
            </span>
          ))}
          {note !== undefined && note !== '' && <span class="run-note">{note}</span>}
          {summary.origin !== undefined && <Origin version={version} origin={summary.origin} />}
        </span>
        <span class="run-actions">
          {adapter.value?.out === out ? (
            <span class="quiet">{texts.isOpen}</span>
          ) : (
            <button
              type="button"
              class="plain"
              disabled={isTraining.value || !fits || !isWhole}
              aria-label={isRollback ? texts.rollBackOf(name) : texts.openOf(name)}
              onClick={() => void openEarlierRun(out).then((isOpen) => isOpen && go('try'))}
            >
              {isRollback ? texts.rollBack : texts.open}
            </button>
          )}
          {!finished && resumable.value.has(out) && (
            <button
              type="button"
              class="plain"
              disabled={isTraining.value || !fits}
              aria-label={texts.continueOf(name)}
              onClick={() => {
                go('train');
                void continueRun(out);
              }}
            >
              {texts.continue}
            </button>
          )}
          {summary.damaged === undefined && (
            <>
              <button
                type="button"
                class="plain"
                disabled={isTraining.value || !fits || !isWhole}
                aria-label={texts.downloadOf(name)}
                onClick={() => void downloadRun(out)}
              >
                {texts.download}
              </button>
              <button
                type="button"
                class="plain"
                aria-expanded={isNoting.value}
                aria-label={texts.renameOf(name)}
                onClick={() => (isNoting.value = !isNoting.value)}
              >
                {texts.rename}
              </button>
            </>
          )}
          <label class="compare">
            <input
              type="checkbox"
              checked={isChosen(out)}
              aria-label={texts.compareOf(name)}
              onChange={({ currentTarget }) => void setCompared(out, currentTarget.checked)}
            />
            {isCompared ? <span class={`swatch is-${color}`} aria-hidden="true" /> : texts.compare}
          </label>
          <button
            type="button"
            class="plain"
            disabled={isTraining.value || isElsewhere}
            aria-label={texts.deleteOf(name)}
            onClick={() => (isAsking.value = true)}
          >
            {texts.delete}
          </button>
        </span>
      </div>
      {isNoting.value && (
        <Noting out={out} title={title} note={note ?? ''} tags={tags} onDone={() => (isNoting.value = false)} />
      )}
      {isAsking.value && (
        <div class="notice notice-row">
          <p>{texts.deleteAsk}</p>
          <span class="run-actions">
            <button type="button" onClick={() => void deleteRun(out)}>
              {texts.deleteForGood}
            </button>
            <button type="button" class="plain" onClick={() => (isAsking.value = false)}>
              {texts.keep}
            </button>
          </span>
        </div>
      )}
      {children.length > 0 && (
        <ul class="runs" aria-label={texts.madeFrom(name)}>
          {children.map((child) => (
            <Run key={child.summary.out} version={child} />
          ))}
        </ul>
      )}
    </li>
  );
}

/** How a version came about, and the hashes by which it is told from any other. */
function Origin({ version: { kind, parent }, origin }: { readonly version: Version; readonly origin: RunOrigin }) {
  const texts = t().runs;
  const { data, baseSha256, adapterSha256, parents } = origin;
  const rows: (readonly [string, string])[] = [
    [texts.origin.examples, `${data.name}, ${texts.origin.rows(data.rows)}, ${data.sha256}`],
    [texts.origin.base, baseSha256],
    ...(adapterSha256 === undefined ? [] : [[texts.origin.adapter, adapterSha256] as const]),
    ...parents.map((hash) => [texts.origin.from, hash] as const),
  ];
  return (
    <details class="run-origin">
      <summary>
        {parent !== undefined
          ? texts.origin[kind](readRunName(parent).title)
          : parents.length > 0
            ? texts.origin.lostParent
            : texts.origin.first}
      </summary>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

interface NotingProps {
  readonly out: string;
  readonly title: string;
  readonly note: string;
  readonly tags: readonly string[];
  readonly onDone: () => void;
}

/** Another name for a run, and what the person wants to remember of it. */
function Noting({ out, title, note, tags, onDone }: NotingProps) {
  const texts = t().runs;
  const [named, noted, tagged] = [useSignal(title), useSignal(note), useSignal(tags.join(', '))];
  const save = (event: Event): void => {
    event.preventDefault();
    const name = named.value.trim();
    // A name that was not changed goes on following the language.
    const chosen = tagged.value.split(',').map((tag) => tag.trim());
    const unique = [...new Set(chosen)].filter((tag) => tag !== '');
    noteRun(out, { ...(name !== title && { title: name }), note: noted.value.trim(), tags: unique });
    onDone();
  };
  return (
    <form class="noting" onSubmit={save}>
      <label for={`name-${out}`}>{texts.name}</label>
      <input
        id={`name-${out}`}
        value={named.value}
        onInput={({ currentTarget }) => (named.value = currentTarget.value)}
      />
      <label for={`note-${out}`}>{texts.note}</label>
      <textarea
        id={`note-${out}`}
        rows={2}
        value={noted.value}
        onInput={({ currentTarget }) => (noted.value = currentTarget.value)}
      />
      <label for={`tags-${out}`}>{texts.tags}</label>
      <input
        id={`tags-${out}`}
        value={tagged.value}
        onInput={({ currentTarget }) => (tagged.value = currentTarget.value)}
      />
      <div class="actions">
        <button type="submit">{texts.save}</button>
        <button type="button" class="plain" onClick={onDone}>
          {texts.leave}
        </button>
      </div>
    </form>
  );
}

const AXES = {
  steps: ({ step }: StepMetrics) => step,
  tokens: ({ totalTokens }: StepMetrics) => totalTokens,
  time: ({ elapsedSeconds }: StepMetrics) => elapsedSeconds,
} as const;

function Comparison() {
  const texts = t().runs;
  const axis = useSignal<keyof typeof AXES>('steps');
  const isSmooth = useSignal(true);
  const runs = comparedRuns.value;
  const [by, smoothed] = [axis.value, isSmooth.value];
  const lines = useMemo(
    () =>
      [...runs.values()].map(({ steps }, i) => {
        const losses = steps.map(({ loss }) => loss);
        return {
          x: steps.map(AXES[by]),
          y: smoothed ? smooth(losses) : losses,
          color: COLORS[i % COLORS.length] ?? '--accent',
          width: smoothed ? 2.5 : 1.5,
        };
      }),
    [runs, by, smoothed],
  );
  const difference = settingsDifference();
  const titles = [...runs.keys()].map((out) => readRunName(out).title);
  return (
    <div class="stack">
      <div class="actions">
        <span class="inline-field">
          <label for="axis">{texts.against}</label>
          <select
            id="axis"
            value={by}
            onChange={({ currentTarget }) => (axis.value = currentTarget.value as keyof typeof AXES)}
          >
            <option value="steps">{texts.axes.steps}</option>
            <option value="tokens">{texts.axes.tokens}</option>
            <option value="time">{texts.axisTime}</option>
          </select>
        </span>
        <label class="check">
          <input
            type="checkbox"
            checked={smoothed}
            onChange={({ currentTarget }) => (isSmooth.value = currentTarget.checked)}
          />
          {texts.smoothed}
        </label>
        <button
          type="button"
          disabled={isReadingRuns.value}
          onClick={() => saveFile('weblora-runs.csv', comparedCsv(), 'text/csv')}
        >
          {texts.saveCsv}
        </button>
      </div>
      <figure class="chart">
        <Plot lines={lines} summary={texts.plot(titles, texts.axes[by])} />
        <figcaption>{texts.caption(texts.axes[by])}</figcaption>
      </figure>
      {runs.size > 1 &&
        (difference.length === 0 ? (
          <p class="quiet">{texts.same}</p>
        ) : (
          <div class="scroll" role="region" aria-label={texts.differ} tabIndex={0}>
            <table class="plain-table">
              <caption class="visually-hidden">{texts.differ}</caption>
              <thead>
                <tr>
                  <th scope="col">{texts.setting}</th>
                  {titles.map((title, i) => (
                    <th key={i} scope="col">
                      {title}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {difference.map(({ name, values }) => (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    {values.map((value, i) => (
                      <td key={i}>{value}</td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        ))}
      {runs.size === 2 && <VersionsSideBySide outs={[...runs.keys()]} />}
    </div>
  );
}
