import { describe, expect, it } from 'vitest';
import { topKRef } from '../../kernels/top_k/top_k.ref.ts';
import { expectClose, expectNonTrivial, relativeError } from '../../test/harness/compare.ts';
import { openToy, toyAdapter, toyExpected, toyRows, type ToyName } from '../../test/harness/toy-llama.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import { openTfjs } from '../graph/tfjs/backend.ts';
import type { RuntimeRows } from './runtime.ts';
import { TfjsRuntime } from './tfjs-runtime.ts';

const NAMES: readonly ToyName[] = ['toy-llama', 'toy-llama-untied'];
const FORMATS = ['f32', 'q8', 'q4'] as const;
const CASES = NAMES.flatMap((name) => FORMATS.map((format) => ({ name, format })));

async function makeRuntime(
  name: ToyName,
  format: BaseFormat,
  slots: number,
  adapter?: LoraAdapter,
): Promise<TfjsRuntime> {
  return TfjsRuntime.make(await openTfjs('cpu'), await openToy(name), {
    format,
    slots,
    context: 64,
    ...(adapter && { adapter }),
  });
}

/** Rows of one slot from position `first` on. */
function rowsOf(tokens: Uint32Array, slot: number, first: number): RuntimeRows {
  return {
    tokens,
    slots: new Uint32Array(tokens.length).fill(slot),
    positions: Uint32Array.from(tokens, (_, i) => first + i),
  };
}

function idsOf(name: ToyName, row: number): Uint32Array {
  return toyRows(name, 'microbatch.jsonl')[row]?.ids ?? new Uint32Array();
}

describe.each(CASES)('generation through tfjs equals PyTorch in f64: $name, $format', ({ name, format }) => {
  it.each(['logits', 'adapter.logits'])('%s within 3e-5 of the largest', async (key) => {
    const wanted = toyExpected(name, format).tensor(key);
    const tokens = idsOf(name, 0);
    const runtime = await makeRuntime(
      name,
      format,
      tokens.length,
      key === 'logits' ? undefined : toyAdapter(name, 'adapter-random'),
    );
    const logits = await runtime.logits(rowsOf(tokens, 0, 0), [...tokens.keys()]);
    runtime.dispose();
    expectNonTrivial(wanted);
    const largest = wanted.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
    expectClose(
      logits.flatMap((row) => [...row]),
      wanted,
      { atol: 3e-5 * largest, rtol: 0 },
      key,
      [tokens.length, 131],
    );
  });
});

describe('TfjsRuntime', () => {
  const adapter = toyAdapter('toy-llama', 'adapter-random');

  /** Logits of the last row of a whole prompt, in a runtime of its own. */
  const fresh = async (tokens: Uint32Array): Promise<Float32Array> => {
    const runtime = await makeRuntime('toy-llama', 'f32', 1, adapter);
    const [logits = new Float32Array()] = await runtime.logits(rowsOf(tokens, 0, 0), [tokens.length - 1]);
    runtime.dispose();
    return logits;
  };

  it('continues each slot from its own past, whatever the order of the rows', async () => {
    const [long, short] = [idsOf('toy-llama', 0), idsOf('toy-llama', 2)];
    const runtime = await makeRuntime('toy-llama', 'f32', 3, adapter);
    await runtime.logits(rowsOf(long.subarray(0, 30), 2, 0), []);
    await runtime.logits(rowsOf(short.subarray(0, 9), 0, 0), [8]);
    for (let i = 0; i < 3; i += 1) {
      const rows = {
        tokens: Uint32Array.of(long[30 + i] ?? 0, short[9 + i] ?? 0),
        slots: Uint32Array.of(2, 0),
        positions: Uint32Array.of(30 + i, 9 + i),
      };
      const [a = new Float32Array(), b = new Float32Array()] = await runtime.logits(rows, [0, 1]);
      expect(relativeError(a, await fresh(long.subarray(0, 31 + i)))).toBeLessThanOrEqual(1e-6);
      expect(relativeError(b, await fresh(short.subarray(0, 10 + i)))).toBeLessThanOrEqual(1e-6);
    }
    const mixed = {
      tokens: Uint32Array.of(short[12] ?? 0, long[33] ?? 0, short[13] ?? 0),
      slots: Uint32Array.of(0, 2, 0),
      positions: Uint32Array.of(12, 33, 13),
    };
    const [last = new Float32Array(), other = new Float32Array()] = await runtime.logits(mixed, [2, 1]);
    expect(relativeError(last, await fresh(short.subarray(0, 14)))).toBeLessThanOrEqual(1e-6);
    expect(relativeError(other, await fresh(long.subarray(0, 34)))).toBeLessThanOrEqual(1e-6);
    runtime.dispose();
  });

  it('takes a new prompt in a used slot, and refuses positions that skip or overflow', async () => {
    const runtime = await makeRuntime('toy-llama', 'f32', 1, adapter);
    const [long, short] = [idsOf('toy-llama', 0), idsOf('toy-llama', 1)];
    await runtime.logits(rowsOf(long, 0, 0), [0]);
    const [again = new Float32Array()] = await runtime.logits(rowsOf(short, 0, 0), [short.length - 1]);
    expect(relativeError(again, await fresh(short))).toBeLessThanOrEqual(1e-6);
    await expect(runtime.logits(rowsOf(Uint32Array.of(5), 0, 40), [0])).rejects.toThrow(/a row at position 40/);
    await expect(runtime.logits(rowsOf(Uint32Array.of(5), 0, 64), [0])).rejects.toThrow(
      /a row at position 64: wanted positions below 64/,
    );
    await expect(runtime.logits(rowsOf(Uint32Array.of(5), 1, 0), [0])).rejects.toThrow(/slot 1/);
    runtime.dispose();
  });

  it('gives the best candidates of each wanted row, and leaves no tensors', async () => {
    const tf = await openTfjs('cpu');
    const opened = await openToy('toy-llama');
    const options = { format: 'f32', slots: 2, context: 64, adapter } as const;
    const tokens = idsOf('toy-llama', 1);
    const runtime = await TfjsRuntime.make(tf, opened, options);
    const logits = await runtime.logits(rowsOf(tokens, 0, 0), [10, 4]);
    const before = tf.memory().numTensors;
    const found = await runtime.topK(rowsOf(tokens, 0, 0), [10, 4], 7);
    expect(tf.memory().numTensors).toBe(before);
    runtime.dispose();
    found.forEach(({ values, indices, lse }, i) => {
      const expected = topKRef(logits[i] ?? [], 131, 7);
      expect([...indices]).toEqual(expected.indices);
      expect([...values]).toEqual(expected.values);
      expect(lse).toBeCloseTo(expected.lse[0] ?? Number.NaN, 5);
    });
    const bases: number[] = [];
    for (let i = 0; i < 2; i += 1) {
      (await TfjsRuntime.make(tf, opened, options)).dispose();
      bases.push(tf.memory().numTensors);
    }
    expect(bases[1]).toBe(bases[0]);
  });
});
