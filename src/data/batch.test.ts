import { describe, expect, it } from 'vitest';
import { bucketRows, countScored, joinGroups, makeMicroBatch, padMicroBatch } from './batch.ts';

const example = (ids: number[], labels: number[]) => ({ ids: Uint32Array.from(ids), labels: Int32Array.from(labels) });

describe('makeMicroBatch', () => {
  it('lays sequences end to end and scores each row against the next label of its own sequence', () => {
    const batch = makeMicroBatch([example([5, 6, 7], [5, -100, 7]), example([8], [8]), example([9, 10], [-100, 0])]);
    expect(batch.rows).toBe(6);
    expect([...batch.tokens]).toEqual([5, 6, 7, 8, 9, 10]);
    expect([...batch.positions]).toEqual([0, 1, 2, 0, 0, 1]);
    expect([...batch.bounds]).toEqual([0, 3, 0, 3, 0, 3, 3, 4, 4, 6, 4, 6]);
    // Row 2 must not be scored against the first label of the next sequence.
    expect([...batch.lossRows]).toEqual([1, 4]);
    expect([...batch.lossLabels]).toEqual([7, 0]);
  });

  it('scores what transformers scores: the shifted labels', () => {
    const labels = [-100, 3, -100, -100, 5, 6];
    const { lossRows, lossLabels } = makeMicroBatch([example([1, 3, 4, 4, 5, 6], labels)]);
    const shifted = labels
      .slice(1)
      .map((label, t) => [t, label])
      .filter(([, label]) => label !== -100);
    expect([...lossRows].map((row, i) => [row, lossLabels[i]])).toEqual(shifted);
  });

  it('needs tokens', () => {
    expect(() => makeMicroBatch([])).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: makeMicroBatch: examples: got none, wanted at least one, each with tokens]`,
    );
    expect(() => makeMicroBatch([example([], [])])).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: makeMicroBatch: examples: got an empty one, wanted at least one, each with tokens]`,
    );
  });
});

describe('bucketRows', () => {
  it.each([
    [1, 32],
    [32, 32],
    [33, 48],
    [65, 80],
    [97, 128],
    [129, 160],
    [193, 224],
    [257, 320],
    [385, 448],
    [513, 640],
    [769, 1024],
    [1024, 1024],
    [1025, 1536],
    [1536, 1536],
    [1537, 2048],
  ])('%i rows run in %i', (rows, bucket) => {
    expect(bucketRows(rows)).toBe(bucket);
  });
});

describe('padMicroBatch', () => {
  const batch = makeMicroBatch([example([5, 6, 7], [-100, 6, 7])]);

  it('adds rows that see only themselves and count for nothing', () => {
    const padded = padMicroBatch(batch, 5);
    expect(padded.rows).toBe(5);
    expect([...padded.tokens]).toEqual([5, 6, 7, 0, 0]);
    expect([...padded.positions]).toEqual([0, 1, 2, 0, 0]);
    expect([...padded.bounds]).toEqual([0, 3, 0, 3, 0, 3, 3, 4, 4, 5]);
    expect(padded.lossRows).toEqual(batch.lossRows);
    expect(padded.lossLabels).toEqual(batch.lossLabels);
  });

  it('is the batch itself when it fits, and cannot shrink', () => {
    expect(padMicroBatch(batch, 3)).toBe(batch);
    expect(() => padMicroBatch(batch, 2)).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: padMicroBatch: rows: got 2, wanted at least 3]`,
    );
  });
});

describe('joinGroups', () => {
  const lengths = [3, 3, 4, 9, 1];

  it('joins neighbours as far as they fit and leaves a group that is too long alone', () => {
    const groups = [[0], [1], [2], [3], [4]];
    expect(joinGroups(groups, (row) => lengths[row] ?? 0, 7)).toEqual([[0, 1], [2], [3], [4]]);
    expect(joinGroups(groups, (row) => lengths[row] ?? 0, 10)).toEqual([
      [0, 1, 2],
      [3, 4],
    ]);
  });

  it('never takes a group apart', () => {
    expect(joinGroups([[0, 1], [2]], (row) => lengths[row] ?? 0, 4)).toEqual([[0, 1], [2]]);
  });
});

it('counts the tokens of a sequence that a batch scores', () => {
  const row = example([5, 6, 7, 8], [5, -100, 7, 8]);
  expect(countScored(row)).toBe(makeMicroBatch([row]).lossRows.length);
  expect(countScored(row)).toBe(2);
});
