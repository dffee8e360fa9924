import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { RunSummary, StepMetrics } from '../../../workers/engine/contract.ts';
import {
  comparedCsv,
  comparedRuns,
  deleteRun,
  earlierRuns,
  isChosen,
  isOfThisModel,
  isReadingRuns,
  openEarlierRun,
  runsFailure,
  setCompared,
  settingsDifference,
} from './runs.ts';
import { resumable } from '../train/interrupted.ts';
import { go } from '../state/place.ts';
import { runsOfOtherTabs } from '../state/other-tabs.ts';
import { readRunName } from '../train/run-name.ts';
import { smooth } from '../train/smooth.ts';
import { continueRun, isTraining } from '../train/training.ts';
import { adapter } from '../try/trial.ts';
import { saveFile } from '../save-file.ts';
import { modelTitle, plural } from '../words.ts';
import { Plot } from '../train/plot.tsx';
import { Problem } from '../parts/problem.tsx';

const COLORS = ['--accent', '--curve-held', '--curve-3', '--curve-4', '--curve-5'] as const;

/** What this browser keeps from before: to open, to go on with, to compare, to delete. */
export function RunsTable() {
  const runs = earlierRuns.value;
  const failure = runsFailure.value;
  if (runs.length === 0 && failure === undefined) return null;
  return (
    <div class="stack runs-part">
      <h3>Earlier runs</h3>
      {failure !== undefined && <Problem failure={failure} lost="Runs that are stored stay stored." />}
      <ul class="runs">
        {runs.map((summary) => (
          <Run key={summary.out} summary={summary} />
        ))}
      </ul>
      {comparedRuns.value.size > 0 && <Comparison />}
    </div>
  );
}

function Run({ summary }: { readonly summary: RunSummary }) {
  const { out, finished, step, totalSteps } = summary;
  const { title, began } = readRunName(out);
  const isAsking = useSignal(false);
  const when = began?.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  const name = `${title}, ${when ?? out}`;
  const fits = isOfThisModel(summary);
  const isCompared = comparedRuns.value.has(out);
  const isElsewhere = runsOfOtherTabs.value.has(out);
  const color = [...comparedRuns.value.keys()].indexOf(out) % COLORS.length;
  return (
    <li>
      <div class="run-line">
        <span>
          <strong>{title}</strong>{' '}
          <span class="quiet">
            {[
              when,
              isElsewhere
                ? 'training in another tab'
                : finished
                  ? plural(step, 'step')
                  : `stopped at step ${step} of ${totalSteps}`,
              fits ? undefined : `on ${modelTitle(summary.model)}`,
            ]
              .filter((text) => text !== undefined)
              .join(', ')}
          </span>
        </span>
        <span class="run-actions">
          {adapter.value?.out === out ? (
            <span class="quiet">open</span>
          ) : (
            <button
              type="button"
              class="plain"
              disabled={isTraining.value || !fits}
              aria-label={`Open ${name}`}
              onClick={() => void openEarlierRun(out).then((isOpen) => isOpen && go('try'))}
            >
              Open
            </button>
          )}
          {!finished && resumable.value.has(out) && (
            <button
              type="button"
              class="plain"
              disabled={isTraining.value || !fits}
              aria-label={`Continue ${name}`}
              onClick={() => {
                go('train');
                void continueRun(out);
              }}
            >
              Continue
            </button>
          )}
          <label class="compare">
            <input
              type="checkbox"
              checked={isChosen(out)}
              aria-label={`Compare ${name}`}
              onChange={({ currentTarget }) => void setCompared(out, currentTarget.checked)}
            />
            {isCompared ? <span class={`swatch is-${color}`} aria-hidden="true" /> : 'Compare'}
          </label>
          <button
            type="button"
            class="plain"
            disabled={isTraining.value || isElsewhere}
            aria-label={`Delete ${name}`}
            onClick={() => (isAsking.value = true)}
          >
            Delete
          </button>
        </span>
      </div>
      {isAsking.value && (
        <div class="notice notice-row">
          <p>Delete this run and its adapter for good? Nothing else keeps a copy.</p>
          <span class="run-actions">
            <button type="button" onClick={() => void deleteRun(out)}>
              Delete for good
            </button>
            <button type="button" class="plain" onClick={() => (isAsking.value = false)}>
              Keep
            </button>
          </span>
        </div>
      )}
    </li>
  );
}

const AXES = {
  steps: { label: 'steps', of: ({ step }: StepMetrics) => step },
  tokens: { label: 'tokens', of: ({ totalTokens }: StepMetrics) => totalTokens },
  time: { label: 'seconds', of: ({ elapsedSeconds }: StepMetrics) => elapsedSeconds },
} as const;

function Comparison() {
  const axis = useSignal<keyof typeof AXES>('steps');
  const isSmooth = useSignal(true);
  const runs = comparedRuns.value;
  const [by, smoothed] = [axis.value, isSmooth.value];
  const lines = useMemo(
    () =>
      [...runs.values()].map(({ steps }, i) => {
        const losses = steps.map(({ loss }) => loss);
        return {
          x: steps.map(AXES[by].of),
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
          <label for="axis">Against</label>
          <select
            id="axis"
            value={by}
            onChange={({ currentTarget }) => (axis.value = currentTarget.value as keyof typeof AXES)}
          >
            <option value="steps">steps</option>
            <option value="tokens">tokens</option>
            <option value="time">time</option>
          </select>
        </span>
        <label class="check">
          <input
            type="checkbox"
            checked={smoothed}
            onChange={({ currentTarget }) => (isSmooth.value = currentTarget.checked)}
          />
          Smoothed
        </label>
        <button
          type="button"
          disabled={isReadingRuns.value}
          onClick={() => saveFile('weblora-runs.csv', comparedCsv(), 'text/csv')}
        >
          Save as CSV
        </button>
      </div>
      <figure class="chart">
        <Plot lines={lines} summary={`Loss of ${titles.join(', ')} against ${AXES[by].label}`} />
        <figcaption>Loss against {AXES[by].label}. Lower is better.</figcaption>
      </figure>
      {runs.size > 1 &&
        (difference.length === 0 ? (
          <p class="quiet">These runs had the same settings.</p>
        ) : (
          <div class="scroll" role="region" aria-label="Settings that differ" tabIndex={0}>
            <table class="plain-table">
              <caption class="visually-hidden">Settings that differ</caption>
              <thead>
                <tr>
                  <th scope="col">Setting</th>
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
    </div>
  );
}
