import { describe, expect, it } from 'vitest';
import { expectClose, testValues } from '../../test/harness/compare.ts';
import { testGpu } from '../../test/harness/gpu.ts';
import { runLaunches, type Numbers } from '../../test/harness/launch.ts';
import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import { cases } from './top_k.cases.ts';
import { topKRef } from './top_k.ref.ts';
import { listsShape, topK, type TopKArgs } from './top_k.ts';

const variants: readonly KernelVariant[] = ['workgroup', 'serial'];
type Pattern = (typeof cases)[number]['pattern'];

function logitsOf(count: number, pattern: Pattern): Float32Array {
  const values = testValues(count, 1, 5);
  if (pattern === 'ties') return values.map((value) => Math.round(value / 4));
  if (pattern === 'all equal') return values.fill(-2.5);
  if (pattern === 'signed zeros') return values.map((_, i) => (i % 3 === 0 ? -1 : i % 3 === 1 ? -0 : 0));
  if (pattern === 'ascending') return values.map((_, i) => i / 8);
  if (pattern === 'descending') return values.map((_, i) => -i / 8);
  // Neighbours in one lane's share of a 256-wide workgroup, further apart than 256 such shares, up to the last of 66000.
  if (pattern === 'one lane') for (const at of [3, 3 + 256, 3 + 65_536, 65_743, 65_999]) values[at] = 900 - at / 256;
  return values;
}

/** Rows and outputs with one more element each, and a folded grid (of an odd count, one too many): what lies behind must stay. */
async function run(logits: Float32Array, args: TopKArgs): Promise<Record<string, Numbers>> {
  const { rows, vocab, k } = args;
  const lists = listsShape(args);
  const listWords = lists === undefined ? 0 : lists[0] * lists[1];
  const padded = new Float32Array(logits.length + vocab);
  padded.set(logits);
  const launches = topK(args).map((launch) => {
    const [count] = launch.workgroups;
    return { ...launch, workgroups: [2, Math.ceil(count / 2), 1] as const };
  });
  const result = await runLaunches(await testGpu(), launches, {
    ...(lists && { lists_0: new Uint32Array(listWords), lists_1: new Uint32Array(listWords) }),
    logits: padded,
    values: new Float32Array(rows * k + k).fill(7),
    indices: new Uint32Array(rows * k + k).fill(7),
    lse: new Float32Array(rows + 1).fill(7),
  });
  for (const [name, count] of Object.entries({ values: rows * k, indices: rows * k, lse: rows })) {
    expect(
      [...(result[name] ?? [])].slice(count).every((value) => value === 7),
      `${name} past its end`,
    ).toBe(true);
    const kept = result[name]?.slice(0, count);
    if (kept !== undefined) result[name] = kept;
  }
  return result;
}

describe.each(variants)('top_k, %s', (variant) => {
  it.each(cases)('matches a full sort: $rows x $vocab, k $k, $pattern', async ({ rows, vocab, k, pattern }) => {
    const logits = logitsOf(rows * vocab, pattern);
    const expected = topKRef(logits, vocab, k);
    const result = await run(logits, { rows, vocab, k, variant });
    expect([...(result['indices'] ?? [])]).toEqual(expected.indices);
    // Adding 0 turns -0 into 0: the sign of zero is no part of the promise.
    expect([...(result['values'] ?? [])].map((value) => value + 0)).toEqual(expected.values.map((value) => value + 0));
    expectClose(result['lse'] ?? [], expected.lse, { rtol: 1e-6, atol: 1e-6 }, 'lse');
  });

  it('never chooses what is not finite, and says so when too little is left', async () => {
    const logits = Float32Array.of(-Infinity, 2, -Infinity, 1, -Infinity, -3e38);
    const expected = topKRef(logits, 6, 5);
    const result = await run(logits, { rows: 1, vocab: 6, k: 5, variant });
    expect([...(result['indices'] ?? [])]).toEqual([1, 3, 5, 0xffffffff, 0xffffffff]);
    expect([...(result['indices'] ?? [])]).toEqual(expected.indices);
    expectClose(result['lse'] ?? [], expected.lse, { rtol: 1e-6, atol: 1e-6 }, 'lse');
    for (const value of [Number.NaN, Infinity]) {
      const broken = await run(Float32Array.of(1, value, -Infinity, 3), { rows: 1, vocab: 4, k: 3, variant });
      expect([...(broken['indices'] ?? [])]).toEqual([3, 0, 0xffffffff]);
      expect(broken['lse']?.[0]).toBeNaN();
    }
  });

  it('notices a broken logit whichever lane reads it, first or last', async () => {
    for (const at of [3, 299, 599]) {
      const logits = testValues(600, 3);
      logits[at] = Number.NaN;
      expect((await run(logits, { rows: 1, vocab: 600, k: 1, variant }))['lse']?.[0]).toBeNaN();
    }
  });

  it('gives the same bits twice', async () => {
    const logits = testValues(2000, 2, 3);
    const args = { rows: 2, vocab: 1000, k: 10, variant };
    expect(await run(logits, args)).toEqual(await run(logits, args));
  });
});

describe('top_k, the best alone, in the quad-subgroup variant', () => {
  const best = { k: 1, variant: 'serial-quad' } as const;

  it.each([...cases, { rows: 2, vocab: 2, pattern: 'descending' }, { rows: 2, vocab: 4099, pattern: 'ties' }] as const)(
    'matches a full sort: $rows x $vocab, $pattern',
    async ({ rows, vocab, pattern }) => {
      const logits = logitsOf(rows * vocab, pattern);
      const expected = topKRef(logits, vocab, 1);
      const result = await run(logits, { rows, vocab, ...best });
      expect([...(result['indices'] ?? [])]).toEqual(expected.indices);
      expect([...(result['values'] ?? [])].map((value) => value + 0)).toEqual(
        expected.values.map((value) => value + 0),
      );
      expectClose(result['lse'] ?? [], expected.lse, { rtol: 1e-6, atol: 1e-6 }, 'lse');
    },
  );

  it('finds the best whichever invocation reads it, the first of equals, and none where none is finite', async () => {
    for (const at of [0, 1, 2, 3, 597, 598, 599]) {
      const logits = testValues(600, 3);
      logits[at] = 50;
      expect((await run(logits, { rows: 1, vocab: 600, ...best }))['indices']?.[0]).toBe(at);
      if (at < 599) logits[at + 1] = 50;
      expect((await run(logits, { rows: 1, vocab: 600, ...best }))['indices']?.[0]).toBe(at);
      logits[at] = Number.NaN;
      expect((await run(logits, { rows: 1, vocab: 600, ...best }))['lse']?.[0]).toBeNaN();
    }
    const none = await run(new Float32Array(9).fill(-Infinity), { rows: 1, vocab: 9, ...best });
    expect(none['indices']?.[0]).toBe(0xffffffff);
  });

  it('is chosen for serial-quad and k = 1', () => {
    const entriesOf = (k: number, variant: KernelVariant, vocab = 9): string[] =>
      topK({ rows: 1, vocab, k, variant }).map(({ entry }) => entry);
    expect([entriesOf(1, 'serial-quad'), entriesOf(2, 'serial-quad'), entriesOf(1, 'serial')]).toEqual([
      ['best_quads'],
      ['rows_serial'],
      ['rows_serial'],
    ]);
    expect(entriesOf(1, 'workgroup', 16 * 1024)).toEqual(['sort_chunk', 'finish']);
    expect(entriesOf(1, 'workgroup', 16 * 1024 + 1)).toEqual(['sort_chunk', 'merge', 'finish']);
  });
});

describe('topK', () => {
  it('refuses a k it cannot serve', () => {
    for (const k of [0, 65, Number.NaN])
      expect(() => topK({ rows: 1, vocab: 1000, k, variant: 'serial' })).toThrow('top_k: k');
    expect(() => topK({ rows: 1, vocab: 3, k: 4, variant: 'serial' })).toThrow('wanted 1 to 3');
  });
});
