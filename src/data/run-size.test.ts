import { describe, expect, it } from 'vitest';
import { sizeRun } from './run-size.ts';

describe('sizeRun', () => {
  it.each([
    // sequences, batch, accumulate → accumulate, epochs, updates
    [40, 1, 4, 4, 10, 100],
    [31, 1, 4, 4, 13, 104], // 8 updates an epoch just hold
    [28, 1, 4, 3, 10, 100], // 7 would be too few: by 3, 10 updates an epoch
    [10, 1, 4, 1, 10, 100], // by 2 it would be 5
    [4, 1, 4, 1, 20, 80], // at most 20 epochs
    [1, 1, 4, 1, 20, 20],
    [160, 1, 4, 4, 3, 120], // 3 epochs are enough
    [10_000, 1, 4, 4, 3, 7500],
    [40, 8, 4, 1, 20, 100],
  ])(
    '%i rows, batch %i, accumulate %i: accumulate %i, %i epochs, %i updates',
    (sequences, batchSize, given, ...expected) => {
      const { accumulate, epochs, updates, steps } = sizeRun({ sequences, batchSize, accumulate: given });
      expect([accumulate, epochs, updates]).toEqual(expected);
      expect(steps).toBeUndefined();
    },
  );

  it.each([
    // preset, sequences → accumulate, epochs or steps, updates
    ['thorough', 20, 2, { epochs: 30 }, 300],
    ['thorough', 30, 4, { epochs: 30 }, 240],
    ['thorough', 200, 4, { epochs: 6 }, 300],
    ['thorough', 2000, 4, { epochs: 6 }, 3000],
    ['thorough', 4, 1, { epochs: 30 }, 120],
    ['quick', 200, 4, { steps: 40 }, 40],
    ['quick', 1, 1, { steps: 20 }, 20],
    ['balanced', 40, 4, { epochs: 10 }, 100],
  ] as const)('%s, %i rows: accumulate %i, %o, %i updates', (preset, sequences, accumulate, length, updates) => {
    const size = sizeRun({ sequences, batchSize: 1, accumulate: 4, preset });
    expect(size).toMatchObject({ accumulate, ...length, updates });
    expect(Object.keys(size)).not.toContain('steps' in length ? 'epochs' : 'steps');
    // What was asked for in numbers stands.
    expect(sizeRun({ sequences, batchSize: 1, accumulate: 4, preset, steps: 7 }).updates).toBe(7);
  });

  it('keeps an accumulation that was asked for', () => {
    const size = sizeRun({ sequences: 10, batchSize: 1, accumulate: 4, isAccumulateGiven: true });
    expect([size.accumulate, size.epochs, size.updates]).toEqual([4, 20, 60]);
  });

  it('takes steps and epochs as they are', () => {
    expect(sizeRun({ sequences: 4, batchSize: 1, accumulate: 4, steps: 7 })).toMatchInlineSnapshot(`
      {
        "accumulate": 4,
        "steps": 7,
        "summary": "7 updates, 4 sequences each, over 4 sequences",
        "updates": 7,
        "warning": "7 updates may be too few to learn from; add rows, or train for more epochs or steps",
      }
    `);
    expect(sizeRun({ sequences: 10, batchSize: 1, accumulate: 4, epochs: 2 })).toMatchInlineSnapshot(`
      {
        "accumulate": 4,
        "epochs": 2,
        "summary": "6 updates in 2 epochs, 4 sequences each, over 10 sequences",
        "updates": 6,
        "warning": "6 updates may be too few to learn from; add rows, or train for more epochs or steps",
      }
    `);
  });

  it('warns under 50 updates', () => {
    const at = (steps: number) => sizeRun({ sequences: 9, batchSize: 1, accumulate: 1, steps }).warning;
    expect(at(49)).toMatchInlineSnapshot(
      `"49 updates may be too few to learn from; add rows, or train for more epochs or steps"`,
    );
    expect(at(50)).toBeUndefined();
  });

  it('says what it wants', () => {
    const size = (more: object) => () => sizeRun({ sequences: 9, batchSize: 1, accumulate: 1, ...more });
    expect(size({ steps: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: steps: got 0, wanted a whole number of at least 1; change steps]`,
    );
    expect(size({ epochs: 1.5 })).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: epochs: got 1.5, wanted a whole number of at least 1; change epochs]`,
    );
    expect(size({ batchSize: Number.NaN })).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: batchSize: got NaN, wanted a whole number of at least 1; change batchSize]`,
    );
    expect(size({ steps: 1, epochs: 1 })).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: steps and epochs: got both, wanted one of them; leave one out]`,
    );
    expect(size({ sequences: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[WebLoraError: train: rows: got 0, wanted at least one usable row; see the rows listed as unusable]`,
    );
  });
});
