import { describe, expect, it } from 'vitest';
import type { About } from './row.ts';
import type { TrainingJob } from './training-job.ts';
import { timeInTurns, type Implementation } from './turns.ts';

const ABOUT: About = { adapter: 'one', adapterKind: 'software', runtime: 'test', commit: 'c' };
const JOB = { row: { suite: 'train', case: 'a case' }, tokens: 8 } as unknown as TrainingJob;

/** Implementations that note what is done with them. */
function noted(log: string[]): (impl: string, mayFail: boolean, failsAt?: number) => Implementation {
  return (impl, mayFail, failsAt) => ({
    impl,
    mayFail,
    make: () =>
      Promise.resolve({
        update: (count) => {
          if (count === failsAt) return Promise.reject(new Error(`no update ${count}`));
          log.push(`${impl}${count}`);
          return Promise.resolve(count / 2);
        },
        about: ({ updates }) => Promise.resolve({ updates }),
        dispose: () => void log.push(`${impl} disposed`),
      }),
  });
}

describe('timeInTurns', () => {
  it('warms each up, then takes an update of each in every round', async () => {
    const log: string[] = [];
    const make = noted(log);
    const rows = await timeInTurns(JOB, [make('a', false), make('b', true)], ABOUT, () => {});
    const rounds = [1, 2, 3, 4, 5, 6, 7].flatMap((count) => [`a${count}`, `b${count}`]);
    expect(log).toEqual([...rounds, 'a disposed', 'b disposed']);
    expect(rows).toEqual(
      ['a', 'b'].map((impl) => ({
        suite: 'train',
        case: 'a case',
        impl,
        ...ABOUT,
        medianMs: expect.any(Number) as number,
        p20Ms: expect.any(Number) as number,
        p80Ms: expect.any(Number) as number,
        tokensPerSec: expect.any(Number) as number,
        updates: 7,
        losses: [0.5, 1, 1.5, 2, 2.5, 3, 3.5],
        status: 'ok',
      })),
    );
  });

  it('goes on without a peer that fails, and says why; fails with one that may not', async () => {
    const log: string[] = [];
    const make = noted(log);
    const rows = await timeInTurns(JOB, [make('a', false), make('b', true, 3)], ABOUT, () => {});
    expect(rows.map(({ impl, status }) => [impl, status])).toEqual([
      ['a', 'ok'],
      ['b', 'not measured: no update 3'],
    ]);
    expect(rows[1]).not.toHaveProperty('medianMs');
    expect(log.filter((line) => line.startsWith('b'))).toEqual(['b1', 'b2', 'b disposed']);
    await expect(timeInTurns(JOB, [make('a', false, 2)], ABOUT, () => {})).rejects.toThrow('no update 2');
    expect(log.at(-1)).toBe('a disposed');
  });
});
