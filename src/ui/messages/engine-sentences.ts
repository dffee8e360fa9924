import type { Messages } from './en.ts';

type Groups = readonly string[];
type EngineMessages = Messages['engine'];

/** A sentence of the engine by its form, and what the page says for it. */
type Sentence = readonly [form: RegExp, say: (texts: EngineMessages, groups: Groups) => string];

const [ROWS, UPDATES, EPOCHS, SEQUENCES] = ['rows?', 'updates?', 'epochs?', 'sequences?'].map(
  (noun) => `(\\d+) ${noun}`,
) as [string, string, string, string];

/** A column by its name, or by its place where it has none. */
const columnOf = (texts: EngineMessages, source = ''): string =>
  /^#\d+$/.test(source) ? texts.column(source.slice(1)) : `"${source}"`;

const separatorOf = (texts: EngineMessages, name = ''): string =>
  name in texts.separators ? texts.separators[name as keyof typeof texts.separators] : name;

/** What people meet with a file of their own. Each is held to what the engine really says in `engine-sentences.test.ts`. */
const SENTENCES: readonly Sentence[] = [
  [
    /^read as (\S+)-separated (\S+)$/,
    (texts, [by, encoding = '']) => texts.readTable(separatorOf(texts, by), encoding),
  ],
  [/^read as a spreadsheet$/, (texts) => texts.readSpreadsheet],
  [/^read as (UTF-16|Windows-1252|Parquet)$/, (texts, [form = '']) => texts.readAs(form)],
  [
    /^(no header, )?took (.+) as the question and (.+) as the answer$/,
    (texts, [headless, question, answer]) =>
      (headless === undefined ? texts.took : texts.tookWithoutHeader)(
        columnOf(texts, question),
        columnOf(texts, answer),
      ),
  ],
  [
    new RegExp(`^"(.+)" of ${ROWS} is not used$`),
    (texts, [column, rows]) => texts.unused(columnOf(texts, column), Number(rows)),
  ],
  [
    new RegExp(`^(#\\d+), a column without a name, of ${ROWS} is not used$`),
    (texts, [column, rows]) => texts.unused(columnOf(texts, column), Number(rows)),
  ],
  [
    new RegExp(`^"(.+)" of ${ROWS} is not used: it can be put before the question$`),
    (texts, [column, rows]) => texts.unusedPassage(columnOf(texts, column), Number(rows)),
  ],
  [/^empty question(?: \(\w+\))?; fill it in or remove the row$/, (texts) => texts.emptyQuestion],
  [/^empty answer(?: \(\w+\))?; fill it in or remove the row$/, (texts) => texts.emptyAnswer],
  [
    /^(\d+) fields where the (?:header|table) has (\d+); put fields that hold a (\S+) in quotes$/,
    (texts, [has, wanted, by]) => texts.otherWidth(Number(has), Number(wanted), separatorOf(texts, by)),
  ],
  [/^a quote that is not closed or stands inside a field; write it twice \(""\)$/, (texts) => texts.brokenQuote],
  [/^bytes that are not UTF-8; save the file as UTF-8$/, (texts) => texts.damagedText],
  [
    /^read the sheet "(.+?)"; not (.+): save each as a file of its own$/,
    (texts, [sheet = '', others = '']) => texts.otherSheets(sheet, others),
  ],
  [/^(\d+) merged cells? says? what the uppermost of theirs says$/, (texts, [n]) => texts.mergedCells(Number(n))],
  [
    new RegExp(`^${ROWS} (?:is|are) longer than (\\d+) tokens and cut \\(lines? (.+)\\)$`),
    (texts, [rows, tokens, lines = '']) => texts.cut(Number(rows), Number(tokens), lines),
  ],
  [
    /^longer than (\d+) tokens: the last (\d+) are cut off$/,
    (texts, [most, cut]) => texts.cutOff(Number(most), Number(cut)),
  ],
  [new RegExp(`^${ROWS} are left out$`), (texts, [rows]) => texts.leftOut(Number(rows))],
  [
    new RegExp(`^${UPDATES}(?: in ${EPOCHS})?, ${SEQUENCES} each, over ${SEQUENCES}$`),
    (texts, [steps, rounds, each, all]) =>
      texts.runSize(Number(steps), rounds === undefined ? 0 : Number(rounds), Number(each), Number(all)),
  ],
  [
    new RegExp(`^${UPDATES} may be too few to learn from; add rows, or train for more epochs or steps$`),
    (texts, [steps]) => texts.fewSteps(Number(steps)),
  ],
];

/** What the page says in its own language for a sentence of the engine, ended with a stop; undefined where it has nothing for it. */
export function pageSentence(text: string, { engine: texts }: Pick<Messages, 'engine'>): string | undefined {
  const [, file = '', rest = text] = /^([^:]+\.\w+: )(.*)$/s.exec(text) ?? [];
  for (const [form, say] of SENTENCES) {
    const found = form.exec(rest);
    if (found !== null) return `${file}${say(texts, found.slice(1))}.`;
  }
  return undefined;
}
