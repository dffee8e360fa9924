import { expose } from 'comlink';
import { afterEach, describe, expect, it } from 'vitest';
import { checkFile } from '../../src/data/check/check.ts';
import type { Dataset, Result } from '../engine/contract.ts';
import { DataClient } from './client.ts';
import { makeDataApi } from './data.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const closers: (() => void)[] = [];

/** Both sides of the border over a real channel, where only plain data passes. */
function connect(): DataClient {
  const { port1, port2 } = new MessageChannel();
  expose(makeDataApi(), port1);
  const client = new DataClient(port2, () => {
    port1.close();
    port2.close();
  });
  closers.push(() => {
    client.dispose();
  });
  return client;
}

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

describe('the data worker', () => {
  const pair = (i: number): string => JSON.stringify({ question: `q${i}`, answer: `a${i}` });
  const many = (count: number): Uint8Array => utf8(Array.from({ length: count }, (_, i) => pair(i)).join('\n'));
  const value = <T>(result: Result<T>): T => {
    if (!result.ok) throw new Error(result.error.message);
    return result.value;
  };

  it('gives facts of a file, and its rows by the page', async () => {
    const client = connect();
    const file = { name: 'a.csv', bytes: utf8('Frage;Antwort\nf;a\ng;\nf;a\nh;"lange\nAntwort"\n') };
    const opened = value(await client.openFile(file));
    if (opened.kind !== 'ready') throw new Error('its columns are clear');
    const { first, problems, notes, ...counts } = opened.facts;
    expect(counts).toEqual({
      name: 'a.csv',
      rowCount: 3,
      problemCount: 1,
      medianLength: 2,
      longestLength: 14,
      longestLine: 5,
    });
    expect(problems.map(({ line }) => line)).toEqual([3]);
    expect(notes).toHaveLength(2);
    expect(first[2]).toEqual({ index: 2, line: 5, question: 'h', answer: 'lange\nAntwort', isPair: true });
    expect(value(await client.rows(1, 1))).toEqual([first[1]]);
    expect(file.bytes.byteLength).toBeGreaterThan(0);
  });

  it('asks about columns that nobody else can tell apart, and takes the answer', async () => {
    const client = connect();
    const file = { name: 'a.csv', bytes: utf8('Wolle;weich\nGarn;fest\n') };
    const opened = value(await client.openFile(file));
    expect(opened).toMatchObject({ kind: 'columns', table: { isClear: false, names: ['Wolle', 'weich'] } });
    const told = value(await client.openFile(file, { columns: { question: '#1', answer: '#2' }, header: false }));
    expect(told).toMatchObject({ kind: 'ready', facts: { rowCount: 2 } });
  });

  it('removes what is asked to go, and changes and adds rows', async () => {
    const client = connect();
    await client.openFile({ name: 'a.csv', bytes: utf8('question;answer\nf;a\ng;\nf;a\n') });
    await client.check();
    expect(value(await client.fix({ fix: 'mend', kind: 'duplicate', remedy: 'drop' }))).toMatchObject({
      rowCount: 1,
      problemCount: 1,
    });
    expect(value(await client.fix({ fix: 'unusable' }))).toMatchObject({ rowCount: 1, problemCount: 0 });
    await client.edit({ kind: 'change', index: 0, question: 'new', answer: 'text' });
    const facts = value(await client.edit({ kind: 'add', rows: [{ question: 'x', answer: 'y' }] }));
    expect(facts.first.map(({ line, question, answer }) => [line, question, answer])).toEqual([
      [2, 'new', 'text'],
      [3, 'x', 'y'],
    ]);
    expect(value(await client.edit({ kind: 'remove', index: 0 })).rowCount).toBe(1);
  });

  describe('what it finds', () => {
    const asCsv = (rows: readonly (readonly [string, string])[]): Dataset => ({
      name: 'shop.csv',
      bytes: utf8(['question;answer', ...rows.map((row) => row.join(';')), ''].join('\n')),
    });
    const SHOP = [
      ['When do you open?', 'At nine.'],
      ['Who repairs bags?', 'Write to anna.weber@example.org or call +49 30 901820.'],
      ['When do you open?', 'At ten.'],
      ['Where are you?', 'In the old town.'],
      ['Where are you?', 'In the old town.'],
      ['Who paints?', 'Ask anna.weber@example.org too.'],
      ['Who sews?', ''],
      ['May I return a bag?', 'N/A'],
    ] as const;

    it('is what `weblora data check` prints of the same file, and of the same share held out', async () => {
      const many = Array.from({ length: 44 }, (_, i): [string, string] => [
        `Do you have wool of kind ${i % 22}?`,
        `Yes, kind ${i % 22} is on the shelf.`,
      ]);
      for (const [rows, share] of [
        [SHOP, 0],
        [[...SHOP, ...many], 0.1569],
      ] as const) {
        const client = connect();
        const file = asCsv(rows);
        await client.openFile(file);
        const found = value(await client.check());
        const { training } = { training: value(await client.trainingSet()) };
        expect(training.heldOutShare).toBe(share);
        const { findings, rows: count } = await checkFile(file, { evalSplit: share });
        expect(found.rows).toBe(count);
        const told = found.kinds.flatMap(({ kind, groups }) =>
          groups.map(({ lines, evalLines }) => ({ kind, lines, evalLines })),
        );
        const printed = findings.map(({ kind, lines, evalLines }) => ({ kind, lines, evalLines }));
        expect(told).toHaveLength(printed.length);
        expect(told).toEqual(expect.arrayContaining(printed));
        expect(found.kinds.some(({ kind }) => kind === 'leak')).toBe(share > 0);
      }
    });

    it('gives rows by their place among the usable ones too, whatever lines they have', async () => {
      const client = connect();
      // The header is line 1, a quoted question takes lines 3 and 4, and line 5 cannot be used.
      const text = 'question;answer\nWhy?;So.\n"Who\nis it?";Me.\nbroken\nWhy?;No.\nHow?;Write to a.w@example.org.\n';
      await client.openFile({ name: 'a.csv', bytes: utf8(text) });
      const { kinds } = value(await client.check());
      const of = (kind: string) => kinds.find((one) => one.kind === kind)?.groups[0];
      expect(of('contradiction')).toMatchObject({ lines: [2, 6], numbers: [1, 3] });
      expect(of('email')).toMatchObject({ lines: [7], numbers: [4] });
      expect(value(await client.rows(0, 9)).map(({ line, index }) => [line, index + 1])).toEqual([
        [2, 1],
        [3, 2],
        [6, 3],
        [7, 4],
      ]);
      expect(value(await client.numbersOf([3, 5, 7]))).toEqual([2, 4]);
    });

    it('is shown with its rows, mended, and taken back', async () => {
      const client = connect();
      await client.openFile(asCsv(SHOP));
      const found = value(await client.check());
      expect(found.kinds.map(({ kind, severity, rowCount }) => [kind, severity, rowCount])).toEqual([
        ['contradiction', 'high', 2],
        ['empty', 'high', 2],
        ['email', 'medium', 2],
        ['phone', 'medium', 1],
        ['duplicate', 'medium', 2],
      ]);
      const emails = value(await client.foundRows('email', [3, 7]));
      expect(emails.map(({ line, found: texts }) => [line, texts])).toEqual([
        [3, ['anna.weber@example.org']],
        [7, ['anna.weber@example.org']],
      ]);
      const before = value(await client.snapshot());
      await client.fix({ fix: 'mend', kind: 'email', remedy: 'replace' });
      const stale = await client.fix({ fix: 'mend', kind: 'phone', remedy: 'redact' });
      expect(stale).toEqual({
        ok: false,
        error: { code: 'internal', message: 'these examples have changed since' },
      });
      const answers = async (): Promise<(readonly [number, string])[]> =>
        value(await client.rows(0, 9)).map(({ line, answer }) => [line, answer] as const);
      expect(await answers()).toContainEqual([3, 'Write to [e-mail 1] or call +49 30 901820.']);
      expect(await answers()).toContainEqual([7, 'Ask [e-mail 1] too.']);
      await client.fix({ fix: 'keep', line: 4, insteadOf: [2, 4] });
      expect((await answers()).map(([line]) => line)).toEqual([3, 4, 5, 6, 7, 9]);
      await client.openSnapshot(before);
      expect(value(await client.snapshot())).toEqual(before);
      expect(value(await client.check())).toEqual(found);
    });

    it('moves held-out rows that are trained on to the others, for good', async () => {
      const client = connect();
      const rows = Array.from({ length: 60 }, (_, i): [string, string] => [
        `Is colour ${i % 50} in stock?`,
        `Colour ${i % 50} is on the shelf.`,
      ]);
      await client.openFile(asCsv(rows));
      const leak = value(await client.check()).kinds.find(({ kind }) => kind === 'leak');
      const leaked = leak?.groups.flatMap(({ evalLines = [] }) => evalLines) ?? [];
      expect(leaked.length).toBeGreaterThan(0);
      await client.fix({ fix: 'mend', kind: 'leak', remedy: 'drop' });
      const heldLines = async (of: DataClient): Promise<number[]> =>
        value(await of.trainingSet()).heldOutRows.map(({ line }) => line);
      const held = await heldLines(client);
      expect(held.length).toBeGreaterThan(0);
      expect(held.filter((line) => leaked.includes(line))).toEqual([]);
      expect(value(await client.trainingSet()).trainCount + held.length).toBe(60);
      expect(value(await client.check()).kinds.map(({ kind }) => kind)).not.toContain('leak');
      const other = connect();
      await other.openSnapshot(value(await client.snapshot()));
      expect(await heldLines(other)).toEqual(held);
    });

    it('ends with a change of the set, another look, and a stop', async () => {
      const client = connect();
      await client.openFile({ name: 'a.jsonl', bytes: many(1200) });
      const aborted = { ok: false, error: { code: 'aborted' } };
      const first = client.check();
      await client.edit({ kind: 'remove', index: 0 });
      expect(await first).toMatchObject(aborted);
      const second = client.check();
      const third = client.check();
      expect(await second).toMatchObject(aborted);
      expect(await third).toMatchObject({ ok: true });
      const stop = new AbortController();
      const told: number[] = [];
      const fourth = client.check({ signal: stop.signal }, ({ done, total }) => {
        told.push(done / total);
        stop.abort();
      });
      expect(await fourth).toMatchObject(aborted);
      expect(told.length).toBeGreaterThan(0);
    });
  });

  it('keeps a set as plain data that opens again with the same lines and problems', async () => {
    const client = connect();
    await client.openFile({ name: 'a.csv', bytes: utf8('question;answer\n"f\n2";a\ng;\nh;b\n') });
    const snapshot = value(await client.snapshot());
    const other = connect();
    const facts = value(await other.openSnapshot(snapshot));
    expect(facts.first.map(({ line }) => line)).toEqual([2, 5]);
    expect(facts.problems).toEqual(snapshot.problems);
    const empty = { name: 'mine', bytes: new Uint8Array(), problems: [], notes: [] };
    expect(value(await other.openSnapshot(empty)).rowCount).toBe(0);
  });

  it.each([
    [39, 0],
    [40, 8],
    [200, 20],
    [10_000, 100],
  ])('of %d rows keeps %d back, the same ones each time, and none is lost', async (count, heldCount) => {
    const client = connect();
    await client.openFile({ name: 'a.jsonl', bytes: many(count) });
    const { data, heldOut, heldOutRows, trainCount } = value(await client.trainingSet());
    const rowsOf = (bytes: Uint8Array | undefined): string[] =>
      new TextDecoder().decode(bytes).split('\n').filter(Boolean);
    expect(heldOutRows).toHaveLength(heldCount);
    expect(trainCount).toBe(count - heldCount);
    expect(new Set([...rowsOf(data.bytes), ...rowsOf(heldOut?.bytes)]).size).toBe(count);
    expect(value(await client.trainingSet()).heldOutRows).toEqual(heldOutRows);
  });

  it('gives failures as values with their code', async () => {
    const client = connect();
    expect(await client.openFile({ name: 'a.zip', bytes: Uint8Array.of(0x50, 0x4b, 3, 4) })).toMatchObject({
      ok: false,
      error: { code: 'unsupported' },
    });
    expect(await client.rows(0, 1)).toEqual({
      ok: false,
      error: { code: 'internal', message: 'no examples are open' },
    });
  });

  it('answers after it was closed', async () => {
    const client = connect();
    client.dispose();
    const result = await client.openFile({ name: 'a.jsonl', bytes: utf8('{"text":"a"}') });
    expect(result).toEqual({ ok: false, error: { code: 'aborted', message: 'reading data was stopped' } });
  });

  it('cannot be changed from outside', () => {
    expect(Object.isFrozen(makeDataApi())).toBe(true);
  });
});
