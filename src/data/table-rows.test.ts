import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { WebLoraError } from '../errors.ts';
import { inspectColumns, readDataRows } from './read-rows.ts';
import type { DataRow } from './rows.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const windows1252 = (text: string): Uint8Array => Uint8Array.from(text, (c) => (c === '€' ? 0x80 : c.charCodeAt(0)));
const utf16 = (text: string): Uint8Array => {
  const view = new DataView(new ArrayBuffer(2 + text.length * 2));
  view.setUint16(0, 0xfeff, true);
  for (let i = 0; i < text.length; i++) view.setUint16(2 + i * 2, text.charCodeAt(i), true);
  return new Uint8Array(view.buffer);
};

const xml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Which part of a workbook is what. */
function contentTypes(): string {
  const kind = 'application/vnd.openxmlformats-officedocument.spreadsheetml.';
  const parts = { workbook: 'sheet.main', 'worksheets/sheet1': 'worksheet', sharedStrings: 'sharedStrings' };
  const overrides = Object.entries(parts).map(
    ([part, name]) => `<Override PartName="/xl/${part}.xml" ContentType="${kind}${name}+xml"/>`,
  );
  return `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">${overrides.join('')}</Types>`;
}

/** A workbook as the standard (ECMA-376) has it: the least parts that make one sheet of shared strings. */
function xlsx(rows: readonly (readonly (string | number | null)[])[]): Uint8Array {
  const strings: string[] = [];
  const cells = rows.map((row, r) => {
    const inner = row.map((cell, c) => {
      if (cell === null) return '';
      const at = `${String.fromCharCode(65 + c)}${r + 1}`;
      if (typeof cell === 'number') return `<c r="${at}"><v>${cell}</v></c>`;
      strings.push(`<si><t xml:space="preserve">${xml(cell)}</t></si>`);
      return `<c r="${at}" t="s"><v>${strings.length - 1}</v></c>`;
    });
    return `<row r="${r + 1}">${inner.join('')}</row>`;
  });
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
  const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
  const packaged = 'http://schemas.openxmlformats.org/package/2006/relationships';
  const parts = {
    '[Content_Types].xml': contentTypes(),
    '_rels/.rels': `<Relationships xmlns="${packaged}"><Relationship Id="rId1" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `<workbook xmlns="${main}" xmlns:r="${office}"><sheets><sheet name="Tabelle1" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships xmlns="${packaged}"><Relationship Id="rId1" Type="${office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
    'xl/worksheets/sheet1.xml': `<worksheet xmlns="${main}"><sheetData>${cells.join('')}</sheetData></worksheet>`,
    'xl/sharedStrings.xml': `<sst xmlns="${main}">${strings.join('')}</sst>`,
  };
  return zipSync(Object.fromEntries(Object.entries(parts).map(([name, text]) => [name, strToU8(text)])));
}

function pairs(rows: readonly DataRow[]): [number, string, string][] {
  return rows.map((row) => {
    if (row.kind !== 'messages') throw new Error('not a pair');
    return [row.line, row.messages[0]?.content ?? '', row.messages[1]?.content ?? ''];
  });
}

describe('tables as people have them', () => {
  it('a semicolon CSV in Windows-1252 without a header', async () => {
    const text =
      'Wann öffnen Sie, bitte?;Um neun, außer sonntags.\r\nWas kostet ein Knäuel?;5,90 €; das große 9 €\r\nFärben Sie selbst?;Ja, grün.\r\n'.replace(
        '5,90 €; das große 9 €',
        '"5,90 €; das große 9 €"',
      );
    const { rows, problems, notes } = await readDataRows(windows1252(text), 'fragen.csv');
    expect(problems).toEqual([]);
    expect(pairs(rows)).toEqual([
      [1, 'Wann öffnen Sie, bitte?', 'Um neun, außer sonntags.'],
      [2, 'Was kostet ein Knäuel?', '5,90 €; das große 9 €'],
      [3, 'Färben Sie selbst?', 'Ja, grün.'],
    ]);
    expect(notes).toEqual([
      { text: 'read as semicolon-separated Windows-1252' },
      { text: 'no header, took #1 as the question and #2 as the answer' },
    ]);
  });

  it('an .xlsx with line breaks in cells, numbers, an empty row and a German header', async () => {
    const bytes = xlsx([
      ['Nr.', 'Frage des Kunden', 'Antwort'],
      [1, 'Wo?\nUnd wann?', 'Hier.\r\nUm 9 & <pünktlich>.'],
      [null, null, null],
      [2, 'Wie viel?', 12.5],
      [3, 'Und?', null],
    ]);
    const { rows, problems, notes } = await readDataRows(bytes, 'Fragen.xlsx');
    expect(pairs(rows)).toEqual([
      [2, 'Wo?\nUnd wann?', 'Hier.\nUm 9 & <pünktlich>.'],
      [4, 'Wie viel?', '12.5'],
    ]);
    expect(problems).toEqual([
      { file: 'Fragen.xlsx', line: 5, reason: 'empty answer', fix: 'fill it in or remove the row' },
    ]);
    expect(notes).toEqual([
      { text: 'read as a spreadsheet' },
      { text: 'took Frage des Kunden as the question and Antwort as the answer' },
      { text: '"Nr." of 2 rows is not used' },
    ]);
    expect((await readDataRows(bytes, 'without-an-ending')).rows).toHaveLength(2);
  });

  it('a UTF-16 TSV as Excel saves “Unicode text”', async () => {
    const text = 'QUESTION\tANSWER\r\n"Was heißt ""naïve"", 你好?"\t"Zwei\nZeilen"\r\n';
    const { rows, notes } = await readDataRows(utf16(text), 'export.txt');
    expect(pairs(rows)).toEqual([[2, 'Was heißt "naïve", 你好?', 'Zwei\nZeilen']]);
    expect(notes[0]?.text).toBe('read as tab-separated UTF-16');
  });

  it('10,000 rows', async () => {
    const text = Array.from({ length: 10_000 }, (_, i) => `Frage ${i}, wie?;"Antwort; ${i}"`).join('\n');
    const { rows } = await readDataRows(utf8(text), 'many.csv');
    expect(rows).toHaveLength(10_000);
    expect(pairs(rows).at(-1)).toEqual([10_000, 'Frage 9999, wie?', 'Antwort; 9999']);
  });

  it('a row with a separator too many costs that row alone, with and without a header', async () => {
    const text = 'Wann?;Um neun.\nWo?;Hier; oder dort.\nWie?;So.\n';
    for (const file of [text, `Frage;Antwort\n${text}`]) {
      const { rows, problems } = await readDataRows(utf8(file), 'a.csv');
      expect(pairs(rows).map(([, question]) => question)).toEqual(['Wann?', 'Wie?']);
      expect(problems).toMatchObject([{ fix: 'put fields that hold a semicolon in quotes' }]);
    }
  });

  it('answers before questions', async () => {
    const { rows } = await readDataRows(utf8('At nine.;When?\nHere.;Where is it?\n'), 'a.csv');
    expect(pairs(rows)).toEqual([
      [1, 'When?', 'At nine.'],
      [2, 'Where is it?', 'Here.'],
    ]);
  });

  it('with the columns given by name or position, with and without a header', async () => {
    const file = utf8('Nr;Kunde schreibt;Wir sagen\n1;Hallo;Guten Tag\n');
    const byPosition = await readDataRows(file, 'a.csv', { columns: { question: '#2', answer: '#3' }, header: true });
    expect(pairs(byPosition.rows)).toEqual([[2, 'Hallo', 'Guten Tag']]);
    const byName = await readDataRows(file, 'a.csv', { columns: { question: 'Kunde schreibt', answer: 'Wir sagen' } });
    expect(pairs(byName.rows)).toEqual([[2, 'Hallo', 'Guten Tag']]);
    const bare = await readDataRows(utf8('Hallo;Guten Tag\nTschüs;Bis bald\n'), 'a.csv', {
      columns: { question: '#1', answer: '#2' },
      header: false,
    });
    expect(pairs(bare.rows)).toEqual([
      [1, 'Hallo', 'Guten Tag'],
      [2, 'Tschüs', 'Bis bald'],
    ]);
  });

  it('damaged spreadsheets say so', async () => {
    const damaged = xlsx([['Frage', 'Antwort']]).slice(0, 200);
    await expect(readDataRows(damaged, 'a.xlsx')).rejects.toThrow(
      new WebLoraError('bad-file', 'a.xlsx', {
        got: 'a spreadsheet that cannot be opened: no directory of a zip at its end',
        wanted: 'an .xlsx file as Excel, LibreOffice or Google Sheets save it, without a password',
        fix: 'save it again, or save the sheet as CSV',
      }),
    );
  });
});

describe('columns', () => {
  const clear = async (text: string): Promise<unknown> => {
    const facts = await inspectColumns(utf8(text), 'a.csv');
    return facts === undefined ? undefined : [facts.isClear, facts.hasHeader, facts.columns];
  };

  it.each([
    ['Pregunta;Respuesta\na;b', 'Pregunta', 'Respuesta'],
    ['Réponse;Demande\na;b', 'Demande', 'Réponse'],
    ['id,User message,Assistant reply\n1,a,b', 'User message', 'Assistant reply'],
    ['вопрос;ответ\na;b', 'вопрос', 'ответ'],
  ])('are known by name: %j', async (text, question, answer) => {
    expect(await clear(text)).toEqual([true, true, { question, answer }]);
  });

  it('are asked for when neither name nor contents tell', async () => {
    expect(await clear('Ware;Beschreibung\nWolle;weich und warm\nGarn;fest')).toEqual([
      false,
      true,
      { question: 'Ware', answer: 'Beschreibung' },
    ]);
    expect(await clear('one column\nonly')).toEqual([false, true, undefined]);
  });

  it('of other files are none', async () => {
    expect(await inspectColumns(utf8('{"text":"a"}'), 'a.jsonl')).toBeUndefined();
  });
});
