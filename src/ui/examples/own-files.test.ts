import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { pairsOfDocx } from './docx.ts';
import { wrongFile } from './file-kind.ts';
import { isProse, pairsFile, pairsOfText } from './qa-text.ts';

describe('a file that holds no examples', () => {
  it.each([
    ['empty', 'a.csv', [0x20, 0x0a]],
    ['picture', 'a.png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a]],
    ['picture', 'a.csv', [0xff, 0xd8, 0xff, 0xe0]],
    ['pdf', 'a.pdf', [...strToU8('%PDF-1.7')]],
    ['model', 'a.gguf', [...strToU8('GGUF\u0003')]],
    ['old-word', 'a.doc', [0xd0, 0xcf, 0x11, 0xe0]],
    ['archive', 'a.zip', [0x50, 0x4b, 0x03, 0x04]],
    ['no-text', 'a.csv', Array.from({ length: 600 }, (_, i) => (i * 7919 + ((i * i) % 251)) & 255)],
    [undefined, 'a.csv', [0xff, 0xfe, ...[...strToU8('Frage;Antwort')].flatMap((byte) => [byte, 0])]],
    [undefined, 'a.parquet', [...strToU8('PAR1'), 1, 2, 3, 4, 5, 6, 7]],
    [undefined, 'a.xlsx', [0x50, 0x4b, 0x03, 0x04]],
    [undefined, 'a.csv', [...strToU8('Frage;Antwort')]],
  ] as const)('is told as %s: %s', (kind, name, bytes) => {
    expect(wrongFile(name, new Uint8Array(bytes))).toBe(kind);
  });
});

describe('marked text', () => {
  it('is read, with answers of several lines and numbers before the marks', () => {
    expect(pairsOfText('Q: When?\nA: At nine.\nAnd on Sunday at ten.\n\n2. Q: Where?\n   A: Here.')).toEqual([
      { question: 'When?', answer: 'At nine.\nAnd on Sunday at ten.' },
      { question: 'Where?', answer: 'Here.' },
    ]);
    expect(pairsOfText('Frage: Wann?\nAntwort: Um neun.\nF: Wo?\nA: Hier.')).toHaveLength(2);
  });
  it('is not seen in tables and plain text', () => {
    expect(pairsOfText('Frage;Antwort\nWann?;Um neun.')).toBeUndefined();
    expect(pairsOfText('A story. It has no questions.')).toBeUndefined();
  });
  it('is told from sentences, and sentences from rows', () => {
    expect(isProse('Dear customers,\n\nwe are closed in August.\n\nYours, the shop.')).toBe(true);
    expect(isProse('We are closed in August.')).toBe(true);
    expect(isProse('question,answer\nWhen?,At nine.')).toBe(false);
    expect(isProse('When?\tAt nine.')).toBe(false);
    expect(isProse('"When, then?",At nine.\nWhere?,Here.')).toBe(false);
    expect(isProse('{"question":"When?"}')).toBe(false);
  });
  it('goes on as rows', () => {
    expect(new TextDecoder().decode(pairsFile([{ question: 'a', answer: 'b' }]))).toBe(
      '{"question":"a","answer":"b"}\n',
    );
  });
});

describe('a Word document', () => {
  const p = (text: string, style = ''): string =>
    `<w:p>${style && `<w:pPr><w:pStyle w:val="${style}"/></w:pPr>`}<w:r><w:t xml:space="preserve">${text}</w:t></w:r></w:p>`;
  const docx = (body: string): Uint8Array =>
    zipSync({ 'word/document.xml': strToU8(`<w:document><w:body>${body}</w:body></w:document>`) });
  it('gives the two columns of its table', () => {
    const row = (a: string, b: string): string => `<w:tr><w:tc>${p(a)}</w:tc><w:tc>${p(b)}</w:tc></w:tr>`;
    expect(pairsOfDocx(docx(`<w:tbl>${row('Wann &amp; wo?', 'Um neun.')}${row('Wer?', 'Wir.')}</w:tbl>`))).toEqual([
      { question: 'Wann & wo?', answer: 'Um neun.' },
      { question: 'Wer?', answer: 'Wir.' },
    ]);
  });
  it('gives each heading with what is below it', () => {
    const body = [p('Wann?', 'berschrift1'), p('Um neun.'), p('Auch sonntags.'), p('Wer?', 'Heading2'), p('Wir.')].join(
      '',
    );
    expect(pairsOfDocx(docx(body))).toEqual([
      { question: 'Wann?', answer: 'Um neun.\nAuch sonntags.' },
      { question: 'Wer?', answer: 'Wir.' },
    ]);
  });
  it('gives marked text, and nothing of a letter', () => {
    expect(pairsOfDocx(docx(p('Q: Who?') + p('A: We.')))).toEqual([{ question: 'Who?', answer: 'We.' }]);
    expect(pairsOfDocx(docx(p('Dear all,') + p('see you.')))).toBeUndefined();
  });
});
