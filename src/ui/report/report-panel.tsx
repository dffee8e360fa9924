import type { ModelReport } from '../../../workers/engine/contract.ts';
import { exam } from '../exam/exam.ts';
import { t } from '../messages/language.ts';
import { Breakable } from '../parts/breakable.tsx';
import { EngineText } from '../parts/engine-text.tsx';
import { Problem } from '../parts/problem.tsx';
import { saveFile } from '../save-file.ts';
import { curve, type RunView } from '../train/training.ts';
import { barLine, columnsOf, partLabel, suiteLine } from './report-text.ts';
import { Bars, HeldOutCurve, percentText } from './pictures.tsx';
import { limitSeconds, makeReport, report, reportPage, stopReport } from './report.ts';

/** Whether the model is ready, and how that is known; measured when it is asked for. */
export function ReportPanel({ view }: { readonly view: RunView }) {
  const texts = t().report;
  const state = report.value.kind !== 'none' && report.value.out === view.out ? report.value : undefined;
  if (view.report === undefined) return null;
  const heldOut = view.exam ?? view.evalData;
  if (heldOut === undefined) {
    return (
      <section class="report" aria-label={texts.title}>
        <h3>{texts.title}</h3>
        <p>{texts.nothingKept}</p>
      </section>
    );
  }
  if (state?.kind === 'asking') {
    return (
      <section class="report" aria-label={texts.title}>
        <h3>{texts.title}</h3>
        <label for="report-progress">{texts.asking(partLabel(state.part))}</label>
        <progress id="report-progress" value={state.share} max={1} />
        <div class="actions">
          <button type="button" onClick={stopReport}>
            {texts.stop}
          </button>
        </div>
      </section>
    );
  }
  return (
    <section class="report" aria-label={texts.title}>
      <h3>{texts.title}</h3>
      {state?.kind === 'failed' && <Problem failure={state.failure} lost={t().exam.unchanged} />}
      {state?.kind === 'stopped' && <p role="status">{texts.stopped}</p>}
      {state?.kind === 'done' && <Result made={state.report} view={view} />}
      {state?.kind !== 'done' && (
        <div class="actions">
          <button type="button" onClick={() => void makeReport(view)}>
            {texts.make}
          </button>
          <p class="quiet">{texts.note(limitSeconds(view))}</p>
        </div>
      )}
    </section>
  );
}

/** Whether the headline of the run says how many of the kept-back questions are right, which this report is stricter about. */
const hasHeadline = ({ out }: RunView): boolean =>
  exam.value.kind === 'done' && exam.value.out === out && exam.value.verdict.kind !== 'too-few';

function Result({ made, view }: { readonly made: ModelReport; readonly view: RunView }) {
  const texts = t().report;
  const { verdict, bars, isUsualBar, rowsNeeded, tuning, generalisation, suites, wrong, wrongCount, notMeasured } =
    made;
  const columns = columnsOf(made);
  const { evals } = curve.value;
  const best = [...evals].sort((a, b) => a.evalLoss - b.evalLoss)[0];
  const metric = texts.metrics[made.mainMetric];
  // Said once, not at the head of every line.
  const isTooFew = suites.every(({ usual }) => usual === undefined || usual.verdict === 'cannot-tell');
  const save = async (): Promise<void> =>
    saveFile(`${view.out}-report.html`, await reportPage(made, view), 'text/html');
  return (
    <>
      <p class={`report-verdict is-${verdict}`} role="status">
        {texts.verdicts[verdict]}
      </p>
      <ul class="report-bars-said">
        {bars.map((one) => (
          <li key={one.bar.metric}>{barLine(one, isUsualBar)}</li>
        ))}
      </ul>
      {verdict === 'cannot-tell' && hasHeadline(view) && <p>{texts.headlineDiffers}</p>}
      {rowsNeeded !== undefined && <p>{texts.rowsNeeded(rowsNeeded)}</p>}
      {tuning !== undefined && <p>{texts.tuning[tuning.needed]}</p>}
      <h4>{metric.label}</h4>
      <p class="quiet">{metric.meaning}</p>
      <Bars
        bars={columns.flatMap(({ name, column, isMain }) => {
          const measure = column.scores[made.mainMetric];
          return measure === undefined ? [] : [{ name, measure, isMain }];
        })}
      />
      {best !== undefined && <HeldOutCurve evals={evals} chosen={best.step} />}
      {suites.length > 0 && (
        <>
          <h4>{texts.alsoLooked}</h4>
          {isTooFew && <p class="quiet">{texts.suitesTooFew}</p>}
          <ul class="report-suites">
            {suites.map((suite) => (
              <li key={suite.name}>{suiteLine(suite, !isTooFew)}</li>
            ))}
          </ul>
        </>
      )}
      <details>
        <summary>{texts.details}</summary>
        <div class="stack report-details">
          {generalisation !== undefined && (
            <p>
              {texts.gap(
                generalisation.trainLoss,
                generalisation.heldOutLoss,
                generalisation.trainExactMatch === null ? undefined : percentText(generalisation.trainExactMatch),
              )}
            </p>
          )}
          <MetricTable made={made} />
          {wrong.length > 0 && (
            <>
              <p>{texts.wrong(wrong.length, wrongCount)}</p>
              <ul class="found-rows">
                {wrong.map(({ row, prompt, expected, got }) => (
                  <li key={`${row} ${prompt}`}>
                    <p>{prompt}</p>
                    <p class="quiet">
                      {texts.expected} <Breakable text={expected} />
                    </p>
                    <p>
                      {texts.got} <Breakable text={got} />
                    </p>
                  </li>
                ))}
              </ul>
            </>
          )}
          {notMeasured.length > 0 && (
            <>
              <p>{texts.notMeasured}</p>
              <ul>
                {notMeasured.map((text) => (
                  <li key={text}>
                    <EngineText text={text} />
                  </li>
                ))}
              </ul>
            </>
          )}
          <p class="quiet">{texts.how}</p>
        </div>
      </details>
      <div class="actions">
        <button type="button" class="plain" onClick={() => void save()}>
          {texts.save}
        </button>
        <button type="button" class="plain" onClick={() => void makeReport(view)}>
          {texts.remake}
        </button>
      </div>
    </>
  );
}

/** Every number with its range, for those who want them. */
function MetricTable({ made }: { readonly made: ModelReport }) {
  const texts = t().report;
  const columns = columnsOf(made);
  const names = (Object.keys(texts.metrics) as (keyof typeof texts.metrics)[]).filter((name) =>
    columns.some(({ column }) => column.scores[name] !== undefined),
  );
  return (
    <div class="report-table" role="region" aria-label={texts.table} tabIndex={0}>
      <table class="plain-table">
        <caption class="visually-hidden">{texts.table}</caption>
        <thead>
          <tr>
            <th scope="col">{texts.measured}</th>
            {columns.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {names.map((name) => (
            <tr key={name}>
              <th scope="row">{texts.metrics[name].label}</th>
              {columns.map(({ name: column, column: { scores } }) => {
                const measure = scores[name];
                return (
                  <td key={column}>
                    {measure === undefined ? texts.noNumber : percentText(measure.value)}
                    {measure !== undefined && (
                      <small class="quiet"> {texts.between(percentText(measure.low), percentText(measure.high))}</small>
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
