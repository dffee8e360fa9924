import { expose } from 'comlink';
import { afterEach, describe, expect, it } from 'vitest';
import type { Result } from '../engine/contract.ts';
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
      duplicateCount: 1,
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
    expect(value(await client.fix('duplicates'))).toMatchObject({ rowCount: 1, duplicateCount: 0, problemCount: 1 });
    expect(value(await client.fix('unusable'))).toMatchObject({ rowCount: 1, problemCount: 0 });
    await client.edit({ kind: 'change', index: 0, question: 'new', answer: 'text' });
    const facts = value(await client.edit({ kind: 'add', rows: [{ question: 'x', answer: 'y' }] }));
    expect(facts.first.map(({ line, question, answer }) => [line, question, answer])).toEqual([
      [2, 'new', 'text'],
      [3, 'x', 'y'],
    ]);
    expect(value(await client.edit({ kind: 'remove', index: 0 })).rowCount).toBe(1);
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
