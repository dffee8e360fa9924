import { describe, expect, it } from 'vitest';
import { readDataRows, type ReadOptions } from './read-rows.ts';
import { inspectColumns } from './read-rows.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

async function read(
  text: string | Uint8Array,
  file: string,
  options: ReadOptions = {},
): Promise<{ pairs: string[]; said: string[] }> {
  const bytes = typeof text === 'string' ? utf8(text) : text;
  const { rows, problems, notes } = await readDataRows(bytes, file, options);
  const pairs = rows.map(
    (row) => `${row.line} ${row.kind === 'messages' ? row.messages.map(({ content }) => content).join(' → ') : ''}`,
  );
  return {
    pairs,
    said: [...notes.map((note) => note.text), ...problems.map(({ line, reason }) => `${line}: ${reason}`)],
  };
}

describe('tables', () => {
  it.each([
    ['sep=;\nquestion;answer\nq;a\n', 'semicolon'],
    ['"sep=;"\r\nquestion;answer\r\nq;a\r\n', 'semicolon'],
    ['\ufeffsep=,\nquestion,answer\nq,a', 'comma'],
    ['sep=\t\nquestion\tanswer\nq\ta', 'tab'],
    ['SEP=|\nquestion|answer\nq|a', '"|"'],
  ])('a first line that names the separator is no row: %j', async (text, separator) => {
    expect(await read(text, 'a.csv')).toEqual({ pairs: ['3 q → a'], said: [`read as ${separator}-separated UTF-8`] });
  });

  it('every column that is not used is named, with the passage that could be', async () => {
    const text = 'question,answer,passage,id,answer,\nq,a,p,1,b,\nr,c,,2,,\n';
    expect((await read(text, 'a.csv')).said).toEqual([
      'read as comma-separated UTF-8',
      '"passage" of 1 row is not used: it can be put before the question',
      '"id" of 2 rows is not used',
      '#5, another column "answer", of 1 row is not used',
    ]);
    expect((await read(text, 'a.csv', { columns: { context: 'passage' } })).pairs).toEqual(['2 p\n\nq → a', '3 r → c']);
    const german = 'Absatz;Frage;Antwort\np;q;a\n';
    expect((await read(german, 'a.csv', { columns: { context: 'Absatz' } })).pairs).toEqual(['2 p\n\nq → a']);
  });

  it('an empty question is as unusable as an empty answer', async () => {
    expect(await read('question,answer\nq,a\n,b\nr,\n', 'a.csv')).toEqual({
      pairs: ['2 q → a'],
      said: ['read as comma-separated UTF-8', '3: empty question', '4: empty answer'],
    });
  });

  it('flat objects under names of their own are matched as tables are', async () => {
    const rows = '{"Frage":"q","Antwort":"a","Nr":1}\n{"Frage":"r","Antwort":"b","Nr":2}';
    expect(await read(rows, 'a.jsonl')).toEqual({
      pairs: ['1 q → a', '2 r → b'],
      said: ['took Frage as the question and Antwort as the answer', '"Nr" of 2 rows is not used'],
    });
    const unclear = utf8('{"Ware":"Wolle","Preis":"5"}\n{"Ware":"Garn","Preis":"7"}');
    await expect(readDataRows(unclear, 'a.jsonl')).rejects.toThrow(/a\.jsonl: columns: got Ware, Preis/);
    expect(await inspectColumns(unclear, 'a.jsonl')).toMatchObject({ isClear: false, names: ['Ware', 'Preis'] });
  });
});

describe('Parquet', () => {
  // parquetWriteBuffer of hyparquet-writer 0.17.0: question, answer (STRING) and score (DOUBLE), three rows.
  const PAIRS =
    'UEFSMRUGFToVPlwVBhUAFQYVABUEFQAAAAMHG2gFAAAAV2hlbj8KAAAASXMgaXQgZmFyPwAAAAAVBhU0FThcFQYVABUGFQAVBBUA' +
    'AAADBxhcCAAAAEF0IG5pbmUuAwAAAE5vLgEAAAB4FQYVNBUwXBUGFQAVBhUAFQQVAAAAAwcYAAAFAQTgPwUHKADwPwAAAAAAAABA' +
    'FQQZTEgEcm9vdBUGABUMJQIYCHF1ZXN0aW9uJQAAFQwlAhgGYW5zd2VyJQAAFQolAhgFc2NvcmUAFgYZHBk8JggcFQwZFQAZGAhx' +
    'dWVzdGlvbhUCFgYWZBZoJgg8NgAoBVdoZW4/GAAAGRwVBhUAFQIAAAAmcBwVDBkVABkYBmFuc3dlchUCFgYWXhZiJnA8NgAoAXgY' +
    'CEF0IG5pbmUuABkcFQYVABUCAAAAJtIBHBUKGRUAGRgFc2NvcmUVAhYGFl4WWibSATw2ACgIAAAAAAAAAEAYCAAAAAAAAOA/NgAA' +
    'GRwVBhUAFQIAAAAWoAIWBjakAgAoCWh5cGFycXVldBk8HAAAHAAAHAAAAAwBAABQQVIx';
  // The same writer: messages (JSON, with a weight of 0), made (TIMESTAMP) and n (INT64), one row.
  const MESSAGES =
    'UEFSMRUGFagCFawBXBUCFQAVAhUAFQQVAAAAAwGSAYiOAAAAW3sicm9sZSI6InVzZXIiLCJjb250ZW50IjoicSJ9LBUeIGFzc2lz' +
    'dGFudDIjADBhIiwid2VpZ2h0IjowHS4AdT5MAAByhkwADGIifV0VBhUUFRhcFQIVABUCFQAVBBUAAAADAQgcAAAAAAAAAAAVBhUU' +
    'FRhcFQIVABUCFQAVBBUAAAADAQgcBQAAAAAAAAAVBBlMSARyb290FQYAFQwlAhgIbWVzc2FnZXMlJgAVBCUCGARtYWRlJRIAFQQl' +
    'AhgBbgAWAhkcGTwmCBwVDBkVABkYCG1lc3NhZ2VzFQIWAhbWAhbaASYIPDYAKI4BW3sicm9sZSI6InVzZXIiLCJjb250ZW50Ijoi' +
    'cSJ9LHsicm9sZSI6ImFzc2lzdGFudCIsImNvbnRlbnQiOiJhIiwid2VpZ2h0IjowfSx7InJvbGUiOiJ1c2VyIiwiY29udGVudCI6' +
    'InIifSx7InJvbGUiOiJhc3Npc3RhbnQiLCJjb250ZW50IjoiYiJ9XRiOAVt7InJvbGUiOiJ1c2VyIiwiY29udGVudCI6InEifSx7' +
    'InJvbGUiOiJhc3Npc3RhbnQiLCJjb250ZW50IjoiYSIsIndlaWdodCI6MH0seyJyb2xlIjoidXNlciIsImNvbnRlbnQiOiJyIn0s' +
    'eyJyb2xlIjoiYXNzaXN0YW50IiwiY29udGVudCI6ImIifV0AGRwVBhUAFQIAAAAm4gEcFQQZFQAZGARtYWRlFQIWAhY+FkIm4gE8' +
    'NgAoCAAAAAAAAAAAGAgAAAAAAAAAAAAZHBUGFQAVAgAAACakAhwVBBkVABkYAW4VAhYCFj4WQiakAjw2ACgIBQAAAAAAAAAYCAUA' +
    'AAAAAAAAABkcFQYVABUCAAAAFtIDFgI23gIAKAloeXBhcnF1ZXQZPBwAABwAABwAAAAiAgAAUEFSMQ==';
  const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

  it('rows are read whatever the name, numbered from 1, and every other column is named', async () => {
    expect(await read(bytes(PAIRS), 'train-00000')).toEqual({
      pairs: ['1 When? → At nine.', '2 Is it far? → No.'],
      said: ['read as Parquet', '"score" of 2 rows is not used', '3: empty question'],
    });
    const { rows, notes } = await readDataRows(bytes(MESSAGES), 'a.parquet');
    expect(rows).toEqual([
      {
        kind: 'messages',
        line: 1,
        messages: [
          { role: 'user', content: 'q' },
          { role: 'assistant', content: 'a', scored: false },
          { role: 'user', content: 'r' },
          { role: 'assistant', content: 'b' },
        ],
      },
    ]);
    expect(notes.map((note) => note.text)).toEqual([
      'read as Parquet',
      '"made" of 1 row is not used',
      '"n" of 1 row is not used',
    ]);
  });

  it('cut off or foreign is refused', async () => {
    await expect(readDataRows(utf8('PAR1 and more text PAR1'), 'a.parquet')).rejects.toThrow(
      /a Parquet file that cannot be read/,
    );
    await expect(readDataRows(utf8('PAR1 and more text'), 'a.parquet')).rejects.toThrow(
      /not Parquet inside, or is cut off/,
    );
  });
});

describe('files of other kinds are refused in plain words, whatever their name', () => {
  it.each([
    ['%PDF-1.7\n', 'a PDF'],
    ['\u0089PNG\r\n\u001a\n', 'a picture (PNG)'],
    ['SQLite format 3\0', 'an SQLite database'],
    ['ARROW1\0\0', 'an Arrow file'],
    ['{\\rtf1', 'a text document (RTF)'],
    ['PK\u0003\u0004 … word/document.xml', 'a text document'],
    ['PK\u0003\u0004 … mimetypeapplication/vnd.oasis.opendocument.spreadsheet', 'an OpenDocument spreadsheet'],
    ['(\u00b5/\u00fd', 'a Zstandard archive'],
    ['\u00ff\u00fe\0\0', 'text in UTF-32'],
  ])('%j', async (start, name) => {
    const bytes = Uint8Array.from(start, (c) => c.charCodeAt(0));
    for (const file of ['a.csv', 'a.jsonl', 'a'])
      await expect(readDataRows(bytes, file)).rejects.toThrow(`${file}: got ${name}, wanted`);
  });
});
