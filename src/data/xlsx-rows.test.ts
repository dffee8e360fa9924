import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { refusal } from '../../test/harness/refusal.ts';
import { readDataRows } from './read-rows.ts';

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGED = 'http://schemas.openxmlformats.org/package/2006/relationships';
const KIND = 'application/vnd.openxmlformats-officedocument.spreadsheetml.';

/** Number formats of the cells by their style's number, from 0. */
const FORMATS = [
  'General',
  'h:mm',
  '[h]:mm',
  'yyyy\\-mm\\-dd',
  'm/d/yyyy h:mm',
  '0%',
  '0.00 "€"',
  '[mm]:ss',
  'd. mmmm',
];

/** A workbook of sheets, each given by the XML of its rows and what stands behind them. */
function workbook(...sheets: { readonly rows: string; readonly after?: string }[]): Uint8Array<ArrayBuffer> {
  const numFmts = FORMATS.map(
    (code, i) => `<numFmt numFmtId="${200 + i}" formatCode="${code.replaceAll('"', '&quot;')}"/>`,
  );
  const xfs = FORMATS.map((_, i) => `<xf numFmtId="${i === 0 ? 0 : 200 + i}" applyNumberFormat="1"/>`);
  const override = (part: string, kind: string): string =>
    `<Override PartName="/xl/${part}.xml" ContentType="${KIND}${kind}+xml"/>`;
  const parts: Record<string, string> = {
    '[Content_Types].xml': `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">${override('workbook', 'sheet.main')}${override('styles', 'styles')}${sheets.map((_, i) => override(`worksheets/sheet${i + 1}`, 'worksheet')).join('')}</Types>`,
    '_rels/.rels': `<Relationships xmlns="${PACKAGED}"><Relationship Id="rId1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets>${sheets.map((_, i) => `<sheet name="S${i + 1}" sheetId="${i + 1}" r:id="rId${i + 1}"/>`).join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships xmlns="${PACKAGED}">${sheets.map((_, i) => `<Relationship Id="rId${i + 1}" Type="${OFFICE}/worksheet" Target="worksheets/sheet${i + 1}.xml"/>`).join('')}<Relationship Id="rId99" Type="${OFFICE}/styles" Target="styles.xml"/></Relationships>`,
    'xl/styles.xml': `<styleSheet xmlns="${MAIN}"><numFmts count="${FORMATS.length}">${numFmts.join('')}</numFmts><cellXfs count="${FORMATS.length}">${xfs.join('')}</cellXfs></styleSheet>`,
  };
  for (const [i, { rows, after = '' }] of sheets.entries())
    parts[`xl/worksheets/sheet${i + 1}.xml`] =
      `<worksheet xmlns="${MAIN}"><sheetData>${rows}</sheetData>${after}</worksheet>`;
  const bytes = zipSync(Object.fromEntries(Object.entries(parts).map(([name, text]) => [name, strToU8(text)])));
  return new Uint8Array(bytes);
}

const text = (at: string, value: string): string => `<c r="${at}" t="inlineStr"><is><t>${value}</t></is></c>`;
const number = (at: string, value: number, style = 0): string => `<c r="${at}" s="${style}"><v>${value}</v></c>`;
const row = (line: number, ...cells: string[]): string => `<row r="${line}">${cells.join('')}</row>`;
const HEAD = row(1, text('A1', 'question'), text('B1', 'answer'));

async function answersOf(bytes: Uint8Array): Promise<{ pairs: string[]; problems: string[]; notes: string[] }> {
  const { rows, problems, notes } = await readDataRows(bytes, 'a.xlsx');
  return {
    pairs: rows.map((one) => (one.kind === 'messages' ? one.messages.map(({ content }) => content).join(' → ') : '')),
    problems: problems.map(({ line, reason }) => `${line}: ${reason}`),
    notes: notes.map((note) => note.text),
  };
}

describe('spreadsheets', () => {
  it.each([
    ['a number', 12.5, 0, '12.5'],
    ['a number that is not exact in binary', 0.1 + 0.2, 0, '0.3'],
    ['a long number', 12345678901234, 0, '12345678901234'],
    ['a whole number of 16 digits', 1234567890123456, 0, '1234567890123456'],
    ['a time', 0.375, 1, '9:00'],
    ['a duration over a day', 1.5, 2, '36:00'],
    ['minutes and seconds', 0.01, 7, '14:24'],
    ['a day', 45000, 3, '2023-03-15'],
    ['a day with its month’s name', 45000, 8, '2023-03-15'],
    ['a day and a time', 45000.5, 4, '2023-03-15 12:00'],
    ['a percentage', 0.15, 5, '15%'],
    ['a price', 19.9, 6, '19.90 €'],
  ])('%s says what it shows', async (_, value, style, shown) => {
    const { pairs } = await answersOf(workbook({ rows: HEAD + row(2, text('A2', 'q'), number('B2', value, style)) }));
    expect(pairs).toEqual([`q → ${shown}`]);
  });

  it('merged cells say what the uppermost says, across columns each stays its own', async () => {
    const rows =
      HEAD +
      row(2, text('A2', 'q'), text('B2', 'a')) +
      row(3, text('B3', 'b')) +
      row(4, text('B4', 'c')) +
      row(5, text('A5', 'A heading over both')) +
      row(6, text('A6', 'z'), text('B6', 'd'));
    const after = '<mergeCells count="2"><mergeCell ref="A2:A4"/><mergeCell ref="A5:B5"/></mergeCells>';
    const { pairs, problems, notes } = await answersOf(workbook({ rows, after }));
    expect(pairs).toEqual(['q → a', 'q → b', 'q → c', 'z → d']);
    expect(problems).toEqual(['5: empty answer']);
    expect(notes).toContain('2 merged cells say what the uppermost of theirs says');
  });

  it('an empty question, an error in a cell, a second column of a name and other sheets are named', async () => {
    const rows =
      row(1, text('A1', 'question'), text('B1', 'answer'), text('C1', 'answer')) +
      row(2, text('B2', 'a')) +
      row(3, text('A3', 'q'), '<c r="B3" t="e"><v>#N/A</v></c>') +
      row(4, text('A4', 'q'), text('B4', 'a'), text('C4', 'other'));
    const { pairs, problems, notes } = await answersOf(workbook({ rows }, { rows: row(1, text('A1', 'x')) }));
    expect(pairs).toEqual(['q → a']);
    expect(problems).toEqual(['2: empty question', '3: cell B3 holds an error (#N/A)']);
    expect(notes).toContain('read the sheet "S1"; not "S2": save each as a file of its own');
    expect(notes).toContain('#3, another column "answer", of 1 row is not used');
  });

  it('a small file in a larger buffer, as Node reads it, opens', async () => {
    const bytes = workbook({ rows: HEAD + row(2, text('A2', 'q'), text('B2', 'a')) });
    const pool = Buffer.alloc(bytes.length + 64, 0x7f);
    pool.set(bytes, 32);
    expect((await answersOf(pool.subarray(32, 32 + bytes.length))).pairs).toEqual(['q → a']);
  });

  it('a file that is cut off is refused at every length', async () => {
    const bytes = workbook({ rows: HEAD });
    for (const length of [30, 100, 400, bytes.length - 30])
      await expect(readDataRows(bytes.slice(0, length), 'a.xlsx')).rejects.toThrow(/cannot be opened/);
  });

  it('an empty workbook says so', async () => {
    await expect(readDataRows(workbook({ rows: '' }), 'a.xlsx')).rejects.toThrow(/whose sheets hold nothing/);
  });

  describe('larger than a table that somebody looks at', () => {
    /** As it is, so that nothing is refused for how well it is packed. */
    const stored = (xml: string): Uint8Array =>
      zipSync({ 'xl/workbook.xml': strToU8('<workbook/>'), 'xl/worksheets/sheet1.xml': strToU8(xml) }, { level: 0 });
    const refusalOf = (bytes: Uint8Array): Promise<string> => refusal(() => readDataRows(bytes, 'a.xlsx'));

    it('is refused by its last cell, wherever that stands in what is unpacked at a time', async () => {
      const cell = '<row r="1048576"><c s="1" r="XFD1048576"><v>1</v></c></row>';
      for (let blanks = 65_536 - 260; blanks < 65_536; blanks += 20) {
        const sheet = `<worksheet><cols></cols><sheetData>${' '.repeat(blanks)}${cell}</sheetData></worksheet>`;
        expect(await refusalOf(stored(sheet)), String(blanks)).toContain('1048576 rows and 16384 columns with 1 cells');
      }
    });

    it('is refused by its number of cells before all of it is unpacked', async () => {
      const bytes = stored(`<worksheet>${'<c/>'.repeat(1_100_000)}</worksheet>`);
      // The checksum of its last bytes would be wrong.
      const at = bytes.length - 400;
      expect(await refusalOf(bytes.with(at, 0))).toMatch(/0 rows and 0 columns with 10\d{5} cells or more/);
    });

    it('is refused by the size that it unpacks to', async () => {
      const bytes = stored('<worksheet></worksheet>');
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      const entry = bytes.findLastIndex((_, i) => i + 4 <= bytes.length && view.getUint32(i, true) === 0x02014b50);
      view.setUint32(entry + 24, 4e8, true);
      expect(await refusalOf(bytes)).toContain('more than 209715200 bytes inside');
    });
  });
});
