import { WebLoraError } from '../../errors.ts';
import { phrase, setting } from '../../phrase.ts';
import { Graph } from '../graph.ts';
import type { LinearWeights } from '../ops/linear.ts';
import type { ForwardNode } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { runForward } from './execute.ts';
import { readValues, useBackend, type Tf, type TfTensor } from './library.ts';

/** Largest relative error of losses and gradients: what 16-bit floats miss by far and loose GPU built-ins do not. */
const TOLERANCE = 1e-3;
const SHAPE = { heads: 4, kvHeads: 2, headDim: 6, scale: 1 / Math.sqrt(6) } as const;
const HIDDEN = 24;
const VOCAB = 19;
const RANK = 3;
const TOKENS = Uint32Array.of(3, 7, 11, 2, 18, 5, 1, 9, 4);
const BOUNDS = Uint32Array.from([0, 5, 0, 5, 0, 5, 0, 5, 0, 5, 5, 9, 5, 9, 5, 9, 5, 9]);
const POSITIONS = Uint32Array.of(0, 1, 2, 3, 4, 0, 1, 2, 3);
const LOSS_ROWS = Uint32Array.of(1, 2, 3, 5, 7);
const LABELS = Uint32Array.of(11, 2, 18, 1, 4);

/**
 * Computes losses and LoRA gradients of a small model, with every op that the families train with, on the cpu and on a backend.
 * @throws `unsupported` when they differ
 */
export async function assertKnownAnswer(tf: Tf, backend: string): Promise<void> {
  await useBackend(tf, 'cpu');
  const expected = await lossesAndGradients(tf);
  await useBackend(tf, backend);
  const actual = await lossesAndGradients(tf);
  expected.forEach((values, i) => {
    const error = relativeError(actual[i] ?? new Float32Array(), values);
    if (!(error <= TOLERANCE)) {
      throw new WebLoraError(
        'unsupported',
        `tfjs backend '${backend}' computes a wrong ${i === 0 ? 'loss' : 'gradient'}`,
        {
          got: `a relative error of ${error}`,
          wanted: `at most ${TOLERANCE}`,
          fix: phrase`use ${setting('device', 'cpu')}`,
        },
      );
    }
  });
}

async function lossesAndGradients(tf: Tf): Promise<Float32Array[]> {
  const { graph, params, nll, host } = smallModel();
  const { value, grads } = tf.tidy(() => {
    const frozen = new Map(
      graph.tensors
        .filter(({ role }) => role === 'weight' || role === 'vector' || role === 'constant')
        .map((tensor) => [tensor, valuesOf(tf, tensor)]),
    );
    return tf.valueAndGrads((...trained) => {
      const values = new Map(frozen);
      params.forEach((param, i) => {
        const tensor = trained[i];
        if (tensor !== undefined) values.set(param, tensor);
      });
      runForward(tf, graph.nodes as ForwardNode[], values, { host });
      const losses = values.get(nll);
      if (losses === undefined) throw new WebLoraError('internal', 'known answer: no losses');
      return losses;
    })(
      params.map((param) => valuesOf(tf, param)),
      tf.ones([LOSS_ROWS.length]),
    );
  });
  const results = await Promise.all([value, ...grads].map(readValues));
  for (const tensor of [value, ...grads]) tensor.dispose();
  return results;
}

function smallModel(): { graph: Graph; params: Tensor[]; nll: Tensor; host: Map<Tensor, Uint32Array> } {
  const graph = new Graph();
  const inputs = graph.stepInputs(TOKENS.length);
  const weight = (name: string, rows: number, cols: number): Tensor =>
    graph.tensor({ name, shape: [rows, cols], role: 'weight', format: 'f32' });
  const linear = (name: string, rows: number, cols: number): LinearWeights => ({
    weight: weight(name, rows, cols),
    lora: {
      a: graph.tensor({ name: `${name}.A`, shape: [RANK, cols], role: 'param', requiresGrad: true }),
      b: graph.tensor({ name: `${name}.B`, shape: [rows, RANK], role: 'param', requiresGrad: true }),
      scale: 2,
      dropout: 0,
    },
  });
  const { heads, kvHeads, headDim } = SHAPE;
  const tables = {
    cos: graph.tensor({ name: 'cos', shape: [8, headDim / 2], role: 'constant' }),
    sin: graph.tensor({ name: 'sin', shape: [8, headDim / 2], role: 'constant' }),
  };
  const norm = (name: string, size = HIDDEN): Tensor => graph.tensor({ name, shape: [size], role: 'vector' });
  const rotate = (x: Tensor, count: number): Tensor =>
    graph.rotary(x, inputs.positions, tables, { heads: count, headDim, rotaryDim: headDim });
  const x = graph.embedding(inputs.tokens, weight('embedding', VOCAB, HIDDEN));
  const normed = graph.rmsNorm(x, norm('norm'), 1e-5);
  const [query, keyValue] = [heads * headDim, kvHeads * headDim];
  const fused = graph.linear(normed, linear('qkv', query + 2 * keyValue, HIDDEN));
  const [rawQ, rawK, v] = graph.splitColumns(fused, [query, keyValue, keyValue]);
  const q = rotate(graph.rmsNorm(rawQ, norm('q_norm', headDim), 1e-5, 1), heads);
  const k = rotate(rawK, kvHeads);
  const mid = graph.add(
    x,
    graph.linear(graph.attention(q, k, v, inputs.bounds, SHAPE), linear('o', HIDDEN, heads * headDim)),
  );
  const gated = graph.gatedActivation(
    graph.linear(mid, linear('gate', 31, HIDDEN)),
    graph.linear(mid, linear('up', 31, HIDDEN)),
    'silu',
  );
  const fed = graph.gelu(graph.linear(gated, linear('down', HIDDEN, 31)));
  const out = graph.layerNorm(graph.add(mid, fed), norm('last'), norm('shift'), 1e-5);
  const nll = graph.linearCrossEntropy(out, weight('head', VOCAB, HIDDEN), inputs, { chunkRows: LOSS_ROWS.length });
  const host = new Map([
    [inputs.step, Uint32Array.of(0, 0, LOSS_ROWS.length)],
    [inputs.tokens, TOKENS],
    [inputs.positions, POSITIONS],
    [inputs.bounds, BOUNDS],
    [inputs.lossRows, LOSS_ROWS],
    [inputs.labels, LABELS],
  ]);
  return { graph, params: graph.tensors.filter(({ role }) => role === 'param'), nll, host };
}

/** Fixed values that look random, different for each tensor. */
function valuesOf(tf: Tf, tensor: Tensor): TfTensor {
  const values = Float32Array.from({ length: tensor.elems }, (_, i) => {
    const noise = Math.sin((i + 1) * 12.9898 + (tensor.id + 1) * 78.233) * 43758.5453;
    return (noise - Math.floor(noise) - 0.5) * 0.6 + (tensor.role === 'vector' ? 1 : 0);
  });
  return tf.tensor(values, [...tensor.shape]);
}

function relativeError(actual: Float32Array, expected: Float32Array): number {
  let difference = 0;
  let norm = 0;
  expected.forEach((value, i) => {
    difference += ((actual[i] ?? Number.NaN) - value) ** 2;
    norm += value ** 2;
  });
  return Math.sqrt(difference / norm);
}
