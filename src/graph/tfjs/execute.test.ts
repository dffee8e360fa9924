import { beforeAll, describe, expect, it } from 'vitest';
import { rmsNormBackwardRef, rmsNormForwardRef } from '../../../kernels/rms_norm/rms_norm.ref.ts';
import { topKRef } from '../../../kernels/top_k/top_k.ref.ts';
import { expectNonTrivial, relativeError, testValues } from '../../../test/harness/compare.ts';
import { opFixture, type OpFixture } from '../../../test/harness/op-fixture.ts';
import { Graph } from '../graph.ts';
import type { ForwardNode } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { openTfjs } from './backend.ts';
import { runForward } from './execute.ts';
import { readValues, type Tf } from './library.ts';
import { segmentLengths } from './ops/attention.ts';

let tf: Tf;
beforeAll(async () => {
  tf = await openTfjs('cpu');
});

interface Case {
  readonly graph: Graph;
  readonly y: Tensor;
  /** Differentiated inputs by the fixture's names of their values and gradients. */
  readonly inputs: readonly { readonly tensor: Tensor; readonly values: string; readonly gradient: string }[];
  readonly constants?: readonly { readonly tensor: Tensor; readonly values: string }[];
  readonly host?: ReadonlyMap<Tensor, Uint32Array>;
  readonly expected?: string;
  readonly incoming?: string;
}

/** Value and every gradient of one op, from tfjs's tape, against PyTorch in f64. */
async function expectOp(
  op: string,
  name: string,
  build: (g: Graph, fixture: OpFixture) => Omit<Case, 'graph'>,
  tolerance = 2e-6,
): Promise<void> {
  const fixture = opFixture(op, name);
  const graph = new Graph();
  const {
    y,
    inputs,
    constants = [],
    host = new Map<Tensor, Uint32Array>(),
    expected = 'y',
    incoming = 'dy',
  } = build(graph, fixture);
  const tensorOf = (tensor: Tensor, values: string) => tf.tensor(fixture.floats(values), [...tensor.shape]);
  const { value, grads } = tf.tidy(() =>
    tf.valueAndGrads((...given) => {
      const values = new Map(constants.map(({ tensor, values: key }) => [tensor, tensorOf(tensor, key)]));
      inputs.forEach(({ tensor }, i) => values.set(tensor, given[i] ?? tf.zeros([0])));
      runForward(tf, graph.nodes as ForwardNode[], values, { host });
      return values.get(y) ?? tf.zeros([0]);
    })(
      inputs.map(({ tensor, values }) => tensorOf(tensor, values)),
      tf.tensor(fixture.floats(incoming), y === undefined ? [] : [...y.shape]),
    ),
  );
  const near = async (key: string, tensor: typeof value): Promise<void> => {
    const wanted = fixture.floats(key);
    expectNonTrivial(wanted);
    expect(relativeError(await readValues(tensor), wanted), `${name}: ${key}`).toBeLessThanOrEqual(tolerance);
  };
  await near(expected, value);
  for (const [i, { gradient }] of inputs.entries()) await near(gradient, grads[i] ?? value);
}

/** The fixture's tensor as a matrix: the first dimension and the rest, or one row. */
function matrix(g: Graph, fixture: OpFixture, name: string): Tensor {
  const shape = fixture.shape(name);
  const elems = shape.reduce((product, size) => product * size, 1);
  const rows = shape.length === 1 ? 1 : (shape[0] ?? 1);
  return g.tensor({ name, shape: [rows, elems / rows], role: 'activation', requiresGrad: true });
}

const vector = (g: Graph, fixture: OpFixture, name: string): Tensor =>
  g.tensor({ name, shape: fixture.shape(name), role: 'vector' });
const words = (g: Graph, name: string, shape: number[]): Tensor =>
  g.tensor({ name, shape, role: 'input', dtype: 'u32' });
const gradientOf = (tensor: Tensor) => ({ tensor, values: tensor.name, gradient: `d${tensor.name}` });

describe('runForward under tfjs’s tape equals PyTorch in f64', () => {
  it.each(['odd', 'toy', 'wide', 'outlier', 'one'])('rms_norm %s', (name) =>
    expectOp('rms_norm', name, (g, fixture) => {
      const [x, w] = [matrix(g, fixture, 'x'), vector(g, fixture, 'w')];
      return { y: g.rmsNorm(x, w, Number(fixture.attributes['eps'])), inputs: [x, w].map(gradientOf) };
    }),
  );

  it.each(['odd', 'toy', 'wide', 'offset'])('layer_norm %s', (name) =>
    expectOp(
      'layer_norm',
      name,
      (g, fixture) => {
        const [x, w, b] = [matrix(g, fixture, 'x'), vector(g, fixture, 'w'), vector(g, fixture, 'b')];
        return { y: g.layerNorm(x, w, b, Number(fixture.attributes['eps'])), inputs: [x, w, b].map(gradientOf) };
      },
      2e-5,
    ),
  );

  it.each(['random', 'edges'])('gelu %s', (name) =>
    expectOp('gelu_tanh', name, (g, fixture) => {
      const x = matrix(g, fixture, 'x');
      return { y: g.gelu(x), inputs: [gradientOf(x)] };
    }),
  );

  it.each(['silu', 'silu_edges', 'gelu_tanh', 'gelu_tanh_edges'])('gated_activation %s', (name) =>
    expectOp('gated_activation', name, (g, fixture) => {
      const [gate, up] = [matrix(g, fixture, 'gate'), matrix(g, fixture, 'up')];
      return {
        y: g.gatedActivation(gate, up, name.startsWith('silu') ? 'silu' : 'gelu_tanh'),
        inputs: [gate, up].map(gradientOf),
      };
    }),
  );

  it.each(['restarts', 'far', 'partial'])('rotary %s', (name) =>
    expectOp('rotary', name, (g, fixture) => {
      const [rows = 0, heads = 0, headDim = 0] = fixture.shape('x');
      const x = matrix(g, fixture, 'x');
      // The fixture's tables have one line a row.
      const positions = words(g, 'positions', [rows]);
      const table = (key: string): Tensor => g.tensor({ name: key, shape: fixture.shape(key), role: 'constant' });
      const [cos, sin] = [table('cos'), table('sin')];
      const y = g.rotary(
        x,
        positions,
        { cos, sin },
        { heads, headDim, rotaryDim: Number(fixture.attributes['rotary_dim']) },
      );
      return {
        y,
        inputs: [gradientOf(x)],
        constants: [cos, sin].map((tensor) => ({ tensor, values: tensor.name })),
        host: new Map([[positions, Uint32Array.from({ length: rows }, (_, i) => i)]]),
      };
    }),
  );

  it.each(['grouped', 'one_segment', 'window', 'soft_cap', 'window_soft_cap', 'sharp'])('attention %s', (name) =>
    expectOp(
      'attention',
      name,
      (g, fixture) => {
        const [q, k, v] = [matrix(g, fixture, 'q'), matrix(g, fixture, 'k'), matrix(g, fixture, 'v')];
        const bounds = words(g, 'bounds', [q.rows, 2]);
        const edges = [...fixture.ints('bounds')];
        const pairs = Uint32Array.from({ length: q.rows * 2 }, (_, i) => {
          const after = edges.findIndex((edge) => edge > Math.floor(i / 2));
          return edges[i % 2 === 0 ? after - 1 : after] ?? 0;
        });
        const attribute = (key: string): number => Number(fixture.attributes[key]);
        const shape = {
          heads: attribute('query_heads'),
          kvHeads: attribute('kv_heads'),
          headDim: attribute('head_dim'),
          scale: attribute('scale'),
          window: attribute('window'),
          softCap: attribute('soft_cap'),
        };
        return {
          y: g.attention(q, k, v, bounds, shape),
          inputs: [q, k, v].map(gradientOf),
          host: new Map([[bounds, pairs]]),
        };
      },
      5e-6,
    ),
  );

  it.each(['toy', 'soft_cap', 'logit_scale', 'large_logits'])('linear_cross_entropy %s, in chunks of 3 rows', (name) =>
    expectOp(
      'linear_cross_entropy',
      name,
      (g, fixture) => {
        const x = matrix(g, fixture, 'x');
        const weight = g.tensor({ name: 'w', shape: fixture.shape('w'), role: 'weight', format: 'f32' });
        const step = g.stepInputs(x.rows);
        const nll = g.linearCrossEntropy(x, weight, step, {
          chunkRows: 3,
          logitScale: Number(fixture.attributes['logit_scale']),
          softCap: Number(fixture.attributes['soft_cap']),
        });
        const host = new Map([
          [step.step, Uint32Array.of(0, 0, x.rows)],
          [step.lossRows, Uint32Array.from({ length: x.rows }, (_, i) => i)],
          [step.labels, Uint32Array.from(fixture.ints('targets'))],
        ]);
        return {
          y: nll,
          inputs: [gradientOf(x)],
          constants: [{ tensor: weight, values: 'w' }],
          host,
          expected: 'nll',
          incoming: 'd_nll',
        };
      },
      2e-5,
    ),
  );
});

describe('runForward under tfjs’s tape equals the kernels’ references', () => {
  /** Value and gradient of x at y (the parts side by side), for an incoming gradient. */
  const both = async (
    graph: Graph,
    x: Tensor,
    data: Float32Array,
    outputs: readonly Tensor[],
    dy: Float32Array,
    constants: ReadonlyMap<Tensor, Float32Array> = new Map(),
  ): Promise<readonly [Float32Array, Float32Array]> => {
    const { value, grad } = tf.tidy(() =>
      tf.valueAndGrad((given) => {
        const values = new Map([...constants].map(([tensor, each]) => [tensor, tf.tensor(each, [...tensor.shape])]));
        values.set(x, given);
        runForward(tf, graph.nodes as ForwardNode[], values, { host: new Map() });
        return tf.concat(outputs.map((tensor) => tf.reshape(values.get(tensor) ?? tf.zeros([0]), [-1])));
      })(tf.tensor(data, [...x.shape]), tf.tensor1d(dy)),
    );
    return [await readValues(value), await readValues(grad)];
  };

  it('rms_norm over heads is rms_norm over as many rows', async () => {
    const graph = new Graph();
    const x = graph.tensor({ name: 'x', shape: [5, 12], role: 'activation', requiresGrad: true });
    const weight = graph.tensor({ name: 'w', shape: [4], role: 'vector' });
    const y = graph.rmsNorm(x, weight, 1e-3, 1);
    expect(y.shape).toEqual([5, 12]);
    const [data, w, dy] = [testValues(60, 1), testValues(4, 2), testValues(60, 3)];
    const [x64, w64, dy64] = [Float64Array.from(data), Float64Array.from(w), Float64Array.from(dy)];
    const [value, grad] = await both(graph, x, data, [y], dy, new Map([[weight, w]]));
    expect(relativeError(value, rmsNormForwardRef(x64, w64, 15, 1e-3, 1).y)).toBeLessThanOrEqual(1e-6);
    expect(relativeError(grad, rmsNormBackwardRef(x64, w64, dy64, 15, 1e-3, 1))).toBeLessThanOrEqual(2e-6);
    const narrow = graph.tensor({ name: 'n', shape: [5], role: 'vector' });
    expect(() => graph.rmsNorm(x, narrow, 1e-3)).toThrow(/rms_norm: weight must be \[12\]: got n\[5\]/);
  });

  it('split_columns cuts, and its gradient joins', async () => {
    const graph = new Graph();
    const x = graph.tensor({ name: 'x', shape: [3, 6], role: 'activation', requiresGrad: true });
    const parts = graph.splitColumns(x, [1, 3, 2]);
    const data = testValues(18, 4);
    const dy = testValues(18, 5);
    const [value, grad] = await both(graph, x, data, parts, dy);
    // Element (row, column) of x lies in its part's own matrix.
    const place = [0, 3, 4, 5, 12, 13];
    const step = [1, 3, 3, 3, 2, 2];
    for (let i = 0; i < 18; i += 1) {
      const at = (place[i % 6] ?? 0) + Math.floor(i / 6) * (step[i % 6] ?? 0);
      expect([value[at], grad[i]]).toEqual([data[i], dy[at]]);
    }
    expect(() => graph.splitColumns(x, [2, 2])).toThrow(/split_columns: x must be \[3, 4\]/);
  });
});

describe('runForward', () => {
  const runOp = async (
    graph: Graph,
    given: ReadonlyMap<Tensor, Float32Array>,
    host: ReadonlyMap<Tensor, Uint32Array>,
    wanted: readonly Tensor[],
  ): Promise<Float32Array[]> => {
    const results = tf.tidy(() => {
      const values = new Map([...given].map(([tensor, data]) => [tensor, tf.tensor(data, [...tensor.shape])]));
      runForward(tf, graph.nodes as ForwardNode[], values, { host });
      return wanted.map((tensor) => values.get(tensor) ?? tf.zeros([0]));
    });
    return Promise.all(results.map(readValues));
  };

  it('picks the k largest as the reference does', async () => {
    const graph = new Graph();
    const logits = graph.tensor({ name: 'logits', shape: [3, 29], role: 'activation' });
    const { values, indices, lse } = graph.topK(logits, 5);
    const data = testValues(87, 3);
    const [gotValues, gotIndices, gotLse] = await runOp(graph, new Map([[logits, data]]), new Map(), [
      values,
      indices,
      lse,
    ]);
    const expected = topKRef(data, 29, 5);
    expect([...(gotIndices ?? [])]).toEqual(expected.indices);
    expect(relativeError(gotValues ?? [], expected.values)).toBe(0);
    expect(relativeError(gotLse ?? [], expected.lse)).toBeLessThanOrEqual(1e-6);
  });

  it('scores only the labelled rows, in several runs', async () => {
    const graph = new Graph();
    const step = graph.stepInputs(9);
    const x = graph.tensor({ name: 'x', shape: [9, 4], role: 'activation' });
    const weight = graph.tensor({ name: 'w', shape: [11, 4], role: 'weight', format: 'f32' });
    const nll = graph.linearCrossEntropy(x, weight, step, { chunkRows: 2 });
    const given = new Map([
      [x, testValues(36, 1)],
      [weight, testValues(44, 2)],
    ]);
    const losses = async (rows: number[], labels: number[]): Promise<number[]> => {
      const host = new Map([
        [step.step, Uint32Array.of(0, 0, rows.length)],
        [step.lossRows, Uint32Array.from(rows)],
        [step.labels, Uint32Array.from(labels)],
      ]);
      const [got] = await runOp(graph, given, host, [nll]);
      return [...(got ?? [])];
    };
    const all = await losses([0, 1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(
      relativeError(
        await losses([1, 2, 4, 7, 8], [2, 3, 5, 8, 9]),
        [1, 2, 4, 7, 8].map((row) => all[row] ?? Number.NaN),
      ),
    ).toBeLessThanOrEqual(1e-6);
    expect(await losses([], [])).toEqual([]);
  });

  it('names the tensor that has no value', () => {
    const graph = new Graph();
    const x = graph.tensor({ name: 'x', shape: [2, 3], role: 'activation' });
    graph.gelu(x);
    expect(() => runForward(tf, graph.nodes as ForwardNode[], new Map(), { host: new Map() })).toThrow(
      /x\[2, 3\] has no value/,
    );
  });

  it('refuses bounds that are not segments end to end', () => {
    expect(segmentLengths(Uint32Array.of(0, 2, 0, 2, 2, 3))).toEqual([2, 1]);
    expect(() => segmentLengths(Uint32Array.of(0, 2, 0, 2, 1, 3))).toThrow(/segments that lie end to end/);
    expect(() => segmentLengths(Uint32Array.of(0, 4, 0, 4))).toThrow(/segments that lie end to end/);
  });
});
