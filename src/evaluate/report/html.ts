import { METRIC_NAMES, METRICS } from '../metrics/index.ts';
import type { Measure } from '../metrics/measure.ts';
import { percent, type Verdict } from './gate.ts';
import type { Column, ExampleFinding, ModelReport, SuiteResult, WrongAnswer } from './report.ts';

/** What a report is about; names as the person gave them. */
export interface ReportTitle {
  readonly model: string;
  readonly adapter?: string;
  readonly data: string;
}

/** Texts that are written into a page as they are: made of literals and escaped values alone. */
const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${String(character.codePointAt(0))};`);

const MARKS: Readonly<Record<Verdict, string>> = {
  ready: 'Ready',
  'not-ready': 'Not ready',
  'cannot-tell': 'Cannot tell',
};

const LISTED_FINDINGS = 8;

/** What a suite comes to, beside what is usually asked of it. */
const SUITE_MARKS: Readonly<Record<Verdict, string>> = {
  ready: 'Good',
  'not-ready': 'Look here',
  'cannot-tell': 'Cannot tell',
};

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1b1f24; background: #fff; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.2rem; font-size: 1.2rem; }
.ready { color: #11632f; } .not-ready { color: #a5161f; } .cannot-tell { color: #7a4b00; }
.headline { font-size: 1.15rem; margin-top: .3rem; }
table { border-collapse: collapse; width: 100%; min-width: 36rem; } .wide { overflow-x: auto; } th small { font-weight: normal; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #d5dae0; }
td.text { white-space: pre-wrap; overflow-wrap: anywhere; } small, .quiet { color: #57606a; }
svg { max-width: 100%; height: auto; } svg text { font: 14px system-ui, sans-serif; fill: currentColor; }
@media (prefers-color-scheme: dark) {
  body { color: #e6e9ed; background: #15181c; } th, td { border-color: #3a4149; } small, .quiet { color: #a3acb5; }
  .ready { color: #5fd28a; } .not-ready { color: #ff8a8f; } .cannot-tell { color: #e8b45a; }
}`;

interface NamedColumn {
  readonly name: string;
  readonly column: Column;
}

function columnsOf({ base, prompted, tuned }: ModelReport): NamedColumn[] {
  const shots = prompted?.examples === undefined ? '' : ` (${prompted.examples.toFixed(1)} on average)`;
  return [
    { name: 'base model', column: base },
    { name: `base model with examples in its prompt${shots}`, column: prompted },
    { name: 'tuned', column: tuned },
  ].flatMap(({ name, column }) => (column === undefined ? [] : [{ name, column }]));
}

const BAR = { width: 420, height: 22, row: 58 };
const COLOURS = ['#8a94a0', '#5b7fb5', '#2f855a'];

/** A bar for each column, with a line over what the number may be at 95 %. */
function bars(named: readonly (NamedColumn & { readonly measure: Measure })[], label: string): string {
  const height = named.length * BAR.row + 22;
  const at = (share: number): string => (4 + share * BAR.width).toFixed(1);
  const rows = named.map(({ name, measure: { value, low, high } }, i) => {
    const y = i * BAR.row + 22;
    const middle = y + BAR.height / 2;
    const shown = [
      `<text x="4" y="${y - 6}">${escape(name.replace(/ \(.*/, ''))}</text>`,
      `<rect x="4" y="${y}" width="${(value * BAR.width).toFixed(1)}" height="${BAR.height}" fill="${COLOURS[i % COLOURS.length] ?? ''}"/>`,
      `<path d="M${at(low)} ${middle}H${at(high)}M${at(low)} ${middle - 6}v12M${at(high)} ${middle - 6}v12" stroke="currentColor" stroke-width="2" fill="none"/>`,
      `<text x="${BAR.width + 14}" y="${middle + 5}">${escape(percent(value))}</text>`,
    ];
    return shown.join('\n');
  });
  const said = named.map(({ name, measure: { value } }) => `${name} ${percent(value)}`).join(', ');
  return `<svg viewBox="0 0 500 ${height}" width="500" role="img" aria-label="${escape(`${label}: ${said}`)}">
${rows.join('\n')}
<path d="M4 ${height - 20}H${BAR.width + 4}" stroke="currentColor" stroke-width="1"/>
<text x="4" y="${height - 4}">0 %</text><text x="${BAR.width + 4}" y="${height - 4}" text-anchor="end">100 %</text>
</svg>`;
}

const range = ({ value, low, high }: Measure): string =>
  `${escape(percent(value))} <small>(${escape(percent(low))} to ${escape(percent(high))})</small>`;

function metricTable(named: readonly NamedColumn[]): string {
  const head = named.map(({ name }) => `<th scope="col">${escape(name)}</th>`).join('');
  const rows = METRIC_NAMES.filter((name) => named.some(({ column }) => column.scores[name] !== undefined)).map(
    (name) => {
      const cells = named.map(
        ({ column: { scores } }) => `<td>${scores[name] === undefined ? '–' : range(scores[name])}</td>`,
      );
      const { label, meaning } = METRICS[name];
      return `<tr><th scope="row">${escape(label)}<br><small>${escape(meaning)}</small></th>${cells.join('')}</tr>`;
    },
  );
  const losses = named.map(
    ({ column: { loss, perplexity } }) =>
      `<td>${loss === undefined || perplexity === undefined ? '–' : `${loss.toFixed(3)} <small>(perplexity ${perplexity.toFixed(2)})</small>`}</td>`,
  );
  rows.push(
    `<tr><th scope="row">loss<br><small>How surprised it is by the expected answers, in nats a token; less is better.</small></th>${losses.join('')}</tr>`,
  );
  return `<div class="wide"><table><thead><tr><th scope="col">measured</th>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
}

function wrongTable(rows: readonly WrongAnswer[]): string {
  const cells = rows.map(
    ({ row, prompt, expected, got }) =>
      `<tr><td>${row === 0 ? '–' : String(row)}</td>${[prompt, expected, got].map((text) => `<td class="text">${escape(text)}</td>`).join('')}</tr>`,
  );
  return `<div class="wide"><table><thead><tr><th scope="col">row</th><th scope="col">question</th><th scope="col">expected</th><th scope="col">answer</th></tr></thead><tbody>${cells.join('\n')}</tbody></table></div>`;
}

function suiteSection({ label, sentence, scores, usual, wrong }: SuiteResult): string {
  const numbers = Object.entries(scores).map(
    ([name, measure]) =>
      `<li><code>${escape(name)}</code> ${range(measure)} <small>of ${String(measure.rows)}</small></li>`,
  );
  const mark = usual === undefined ? '' : `<strong class="${usual.verdict}">${SUITE_MARKS[usual.verdict]}</strong>: `;
  return `<h3>${escape(label)}</h3><p>${mark}${escape(sentence)}</p><ul>${numbers.join('')}</ul>${wrong.length === 0 ? '' : wrongTable(wrong)}`;
}

const findingsList = (findings: readonly ExampleFinding[]): string =>
  `<p>The worst first; <code>weblora data check</code> says more.</p><ul>${findings
    .slice(0, LISTED_FINDINGS)
    .map(
      ({ severity, message, fix }) => `<li>${escape(severity)}: ${escape(message)}. <small>${escape(fix)}</small></li>`,
    )
    .join('')}</ul>${findings.length > LISTED_FINDINGS ? `<p>and ${findings.length - LISTED_FINDINGS} more</p>` : ''}`;

const section = (title: string, content: string): string => `<section><h2>${escape(title)}</h2>${content}</section>`;

/** The report as one page in plain words: no script, nothing loaded, every text escaped. */
export function reportHtml(report: ModelReport, { model, adapter, data }: ReportTitle): string {
  const {
    verdict,
    headline,
    bars: results,
    isUsualBar,
    tuning,
    generalisation,
    findings,
    suites,
    wrong,
    wrongCount,
    notMeasured,
  } = report;
  const named = columnsOf(report);
  const main = METRICS[report.mainMetric];
  const drawn = named.flatMap(({ name, column }) => {
    const measure = column.scores[report.mainMetric];
    return measure === undefined ? [] : [{ name, column, measure }];
  });
  const about = [
    `model ${model}`,
    ...(adapter === undefined ? [] : [`adapter ${adapter}`]),
    `${report.rows} held-out rows of ${data}`,
  ];
  const usual = isUsualBar
    ? '<p class="quiet">Nobody set a bar; this is a usual one. <code>--gate</code> sets another.</p>'
    : '';
  const parts = [
    section(
      'What was asked of it',
      `<ul>${results.map(({ verdict: one, sentence }) => `<li><strong class="${one}">${MARKS[one]}</strong>: ${escape(sentence)}</li>`).join('')}</ul>${usual}`,
    ),
    section(
      'Before and after',
      (drawn.length === 0 ? '' : `<p>${escape(`${main.label}: ${main.meaning}`)}</p>${bars(drawn, main.label)}`) +
        (tuning === undefined ? '' : `<p>${escape(tuning.sentence)}</p>`) +
        metricTable(named),
    ),
    ...(generalisation === undefined
      ? []
      : [section('Trained rows against new ones', `<p>${escape(generalisation.sentence)}</p>`)]),
    ...(suites.length === 0 ? [] : [section('Other checks', suites.map(suiteSection).join('\n'))]),
    ...(findings === undefined
      ? []
      : [
          section(
            'The training rows',
            findings.length === 0 ? '<p>Nothing found that is wrong with them.</p>' : findingsList(findings),
          ),
        ]),
    ...(wrong.length === 0
      ? []
      : [section(`Answers that are wrong (${wrong.length} of ${wrongCount})`, wrongTable(wrong))]),
    section(
      'How it was measured',
      `<p>Greedy answers to rows that were kept back from training. A range is where the number lies at 95 % for all rows of that kind, judged from
these; the verdict goes by the range, not by the number alone.</p>${notMeasured.length === 0 ? '' : `<p>Not measured:</p><ul>${notMeasured.map((text) => `<li>${escape(text)}</li>`).join('')}</ul>`}`,
    ),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(`${MARKS[verdict]}: ${adapter ?? model}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1 class="${verdict}">${MARKS[verdict]}</h1>
<p class="headline">${escape(headline)}</p>
<p class="quiet">${escape(about.join(' · '))}</p>
${parts.join('\n')}
</body>
</html>
`;
}
