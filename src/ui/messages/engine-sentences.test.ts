import { describe, expect, it } from 'vitest';
import { readRows } from '../../data/read-rows.ts';
import { sizeRun } from '../../data/run-size.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { pageSentence } from './engine-sentences.ts';

/** What the engine says of a file: notes, then reasons of rows that cannot be used as the page puts them together. */
function saidOf(text: string | Uint8Array, name = 'a.csv'): string[] {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const { notes, problems } = readRows(bytes, name);
  return [...notes.map((note) => note.text), ...problems.map(({ reason, fix = '' }) => `${reason}; ${fix}`)];
}
const inGerman = (texts: readonly string[]): (string | undefined)[] => texts.map((text) => pageSentence(text, de));
const inEnglish = (texts: readonly string[]): (string | undefined)[] => texts.map((text) => pageSentence(text, en));

describe('what the engine says of a file, in the page’s words', () => {
  it('of a table: how it was read, its columns, what is not used, rows without a question or an answer', () => {
    const said = saidOf(
      'Frage des Kunden;Antwort;Nr\nWann?;Um neun.;1\n;Ja.;2\nWo?;;3\nWer?;Frau Brandt.;4\nWie?;So.\n',
    );
    expect(inGerman(said)).toEqual([
      'Gelesen als Tabelle mit Semikolon zwischen den Spalten (UTF-8).',
      '"Frage des Kunden" wurde als Frage genommen und "Antwort" als Antwort.',
      '"Nr" (in 2 Zeilen) wird nicht verwendet.',
      'Die Frage ist leer: Ergänzen Sie sie, oder lassen Sie die Zeile weg.',
      'Die Antwort ist leer: Ergänzen Sie sie, oder lassen Sie die Zeile weg.',
      '2 Spalten, wo die Tabelle 3 hat: Setzen Sie Felder, in denen ein Semikolon steht, in Anführungszeichen.',
    ]);
    expect(inEnglish(said)).not.toContain(undefined);
  });

  it('of columns without names, a passage, damaged quotes, other encodings', () => {
    const headless = saidOf(Buffer.from('Wann?;Um f\u00fcnf.\nWo?;Hier.\n', 'latin1'));
    expect(inGerman(headless)).toEqual([
      'Gelesen als Tabelle mit Semikolon zwischen den Spalten (Windows-1252).',
      'Die Spalten haben keine Namen: Spalte 1 wurde als Frage genommen und Spalte 2 als Antwort.',
    ]);
    const passage = saidOf('{"question":"q","answer":"a","passage":"p"}\n', 'a.jsonl');
    expect(inGerman(passage)).toEqual([
      '"passage" (in 1 Zeile) wird nicht verwendet; man kann es vor die Frage setzen.',
    ]);
    const quotes = saidOf('question,answer\n"q,a\nq,a\n');
    expect(inGerman(quotes)).not.toContain(undefined);
    for (const said of [headless, passage, quotes]) expect(inEnglish(said)).not.toContain(undefined);
  });

  it('of the length of a run, with the name of a file before it or not', () => {
    const sizes = [
      { sequences: 76, batchSize: 1, accumulate: 4 },
      { sequences: 6, batchSize: 1, accumulate: 4, steps: 1 },
      { sequences: 3, batchSize: 1, accumulate: 1, epochs: 2 },
    ].map((input) => sizeRun(input));
    expect(inGerman(sizes.map(({ summary }) => summary))).toEqual([
      '114 Schritte mit je 4 Texten, 6 Durchgänge durch 76 Texte.',
      '1 Schritt mit je 4 Texten, 6 Texte insgesamt.',
      '6 Schritte mit je 1 Text, 2 Durchgänge durch 3 Texte.',
    ]);
    expect(inEnglish(sizes.map(({ summary }) => summary))[0]).toBe(
      '114 steps of 4 texts each, 6 rounds through 76 texts.',
    );
    const warnings = sizes.flatMap(({ warning }) => warning ?? []);
    expect(warnings).toHaveLength(2);
    expect(inGerman(warnings)).not.toContain(undefined);
    expect(pageSentence('mail.csv: 3 rows are left out', de)).toBe('mail.csv: 3 Zeilen weggelassen.');
  });

  it('is left to the engine where the page has no words for it', () => {
    expect(pageSentence('line 3 is no JSON; write it again', de)).toBeUndefined();
  });
});
