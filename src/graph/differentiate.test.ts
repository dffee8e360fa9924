import { describe, expect, it } from 'vitest';
import { expectFiniteDifferences, expectNonTrivial, testValues } from '../../test/harness/compare.ts';
import { evaluateNodes, GraphValues } from '../../test/harness/evaluate-graph.ts';
import { CHECKPOINTING, differentiate, type Checkpointing } from './differentiate.ts';
import { Graph, type StepInputs } from './graph.ts';
import { readsOf, writesOf } from './nodes.ts';
import type { GraphNode } from './op.ts';
import type { LinearWeights } from './ops/linear.ts';
import type { Tensor } from './tensor.ts';

const ROWS = 5;
const HIDDEN = 8;
const VOCAB = 7;
const RANK = 2;
const SHAPE = { heads: 2, kvHeads: 1, headDim: 4, scale: 0.5 } as const;

class Model {
  readonly g = new Graph();
  readonly inputs: StepInputs = this.g.stepInputs(ROWS);
  readonly cos = this.g.tensor({ name: 'cos', shape: [3, 2], role: 'constant' });
  readonly sin = this.g.tensor({ name: 'sin', shape: [3, 2], role: 'constant' });

  weight(name: string, rows: number, cols: number): Tensor {
    return this.g.tensor({ name, shape: [rows, cols], role: 'weight', format: 'f32' });
  }

  vector(name: string, size: number): Tensor {
    return this.g.tensor({ name, shape: [size], role: 'vector' });
  }

  layer(name: string, rows: number, cols: number, dropout = 0): LinearWeights {
    const param = (of: string, shape: number[]): Tensor =>
      this.g.tensor({ name: `${name}.${of}`, shape, role: 'param', requiresGrad: true });
    const lora = { a: param('A', [RANK, cols]), b: param('B', [rows, RANK]), scale: 1.5, dropout };
    return { weight: this.weight(name, rows, cols), bias: this.vector(`${name}.bias`, rows), lora };
  }

  rotate(x: Tensor, heads: number): Tensor {
    const { headDim } = SHAPE;
    const tables = { cos: this.cos, sin: this.sin };
    return this.g.rotary(x, this.inputs.positions, tables, { heads, headDim, rotaryDim: headDim });
  }

  loss(x: Tensor): Tensor {
    return this.g.linearCrossEntropy(x, this.weight('head', VOCAB, HIDDEN), this.inputs, { chunkRows: 2 });
  }
}

/** Two checkpointed blocks with every op that families train with. */
function deepModel(): { model: Model; nll: Tensor } {
  const model = new Model();
  const { g, inputs } = model;
  const { heads, kvHeads, headDim } = SHAPE;
  const [query, keyValue] = [heads * headDim, kvHeads * headDim];
  let x = g.embedding(inputs.tokens, model.weight('embedding', VOCAB, HIDDEN), 2);
  for (const i of [0, 1]) {
    x = g.block(() => {
      const normed = g.rmsNorm(x, model.vector(`${i}.norm`, HIDDEN), 1e-3, 1);
      const fused = g.linear(normed, model.layer(`${i}.qkv`, query + 2 * keyValue, HIDDEN, 0.25), inputs.step);
      const [rawQ, rawK, v] = g.splitColumns(fused, [query, keyValue, keyValue]);
      const q = model.rotate(g.rmsNorm(rawQ, model.vector(`${i}.q_norm`, headDim), 1e-3), heads);
      const k = model.rotate(rawK, kvHeads);
      const attended = g.attention(q, k, v, inputs.bounds, { ...SHAPE, window: 2, softCap: 3 });
      const mid = g.add(x, g.linear(attended, model.layer(`${i}.o`, HIDDEN, query), inputs.step));
      const gate = g.linear(mid, model.layer(`${i}.gate`, 6, HIDDEN, 0.25), inputs.step);
      const up = g.linear(mid, model.layer(`${i}.up`, 6, HIDDEN), inputs.step);
      const gated = g.gatedActivation(gate, up, i === 0 ? 'silu' : 'gelu_tanh');
      const fed = g.linear(gated, model.layer(`${i}.down`, HIDDEN, 6), inputs.step);
      const [weight, bias] = [model.vector(`${i}.last`, HIDDEN), model.vector(`${i}.shift`, HIDDEN)];
      return g.layerNorm(g.add(mid, g.gelu(fed)), weight, bias, 1e-3);
    });
  }
  return { model, nll: model.loss(x) };
}

/** Fixed values for everything that a graph does not compute. */
function valuesFor({ g, inputs }: Model): GraphValues {
  const values = new GraphValues();
  for (const tensor of g.tensors) {
    const noise = testValues(tensor.elems, tensor.id + 1, 0.4);
    if (tensor.role === 'weight' || tensor.role === 'param') values.set(tensor, noise);
    if (tensor.role === 'vector') values.set(tensor, tensor.name.endsWith('norm') ? noise.map((v) => 1 + v) : noise);
    if (tensor.role === 'gradient') values.set(tensor, new Float64Array(tensor.elems));
    if (tensor.name === 'cos') values.set(tensor, [1, 1, 0.5, 0.9, -0.4, 0.7]);
    if (tensor.name === 'sin') values.set(tensor, [0, 0, 0.8, 0.4, 0.9, 0.7]);
  }
  // Two segments; of the five rows the second, third and fifth are scored.
  values.set(inputs.step, [11, 22, 3, ...new Float64Array(13)]);
  values.set(inputs.tokens, [3, 1, 6, 0, 2]);
  values.set(inputs.positions, [0, 1, 2, 0, 1]);
  values.set(inputs.bounds, [0, 3, 0, 3, 0, 3, 3, 5, 3, 5]);
  values.set(inputs.lossRows, [1, 2, 4, 0, 0]);
  values.set(inputs.labels, [6, 0, 5, 0, 0]);
  values.set(inputs.lossWeights, [1, 0.5, 2, 0, 0]);
  return values;
}

/** A node as text: what it reads and what it writes. */
function line(node: GraphNode): string {
  const names = (tensors: readonly Tensor[]): string => tensors.map(({ name }) => name).join(', ');
  return `${node.op}: ${names(readsOf(node))} -> ${names(writesOf(node))}`;
}

const backwardOf = (g: Graph, forwardEnd: number): string[] => g.nodes.slice(forwardEnd).map(line);

describe('differentiate', () => {
  const run = (checkpoint: Checkpointing) => {
    const { model, nll } = deepModel();
    const seed = model.inputs.lossWeights;
    const { gradients, forwardEnd } = differentiate(model.g, { output: nll, seed, checkpoint });
    const values = valuesFor(model);
    evaluateNodes(model.g.nodes, values);
    return { model, nll, gradients, forwardEnd, values };
  };

  it.each(CHECKPOINTING)('emits the gradient of every parameter, recomputing %s', (checkpoint) => {
    const { model, nll, gradients, forwardEnd, values } = run(checkpoint);
    const forward = model.g.nodes.slice(0, forwardEnd);
    const loss = (): number => {
      evaluateNodes(forward, values);
      const losses = values.get(nll);
      return (losses[0] ?? 0) + 0.5 * (losses[1] ?? 0) + 2 * (losses[2] ?? 0);
    };
    const params = model.g.tensors.filter(({ role }) => role === 'param');
    expect([...gradients.keys()].sort((a, b) => a.id - b.id)).toEqual(params);
    for (const [param, gradient] of gradients) {
      expectNonTrivial(values.get(gradient));
      expectFiniteDifferences(loss, values.get(param), values.get(gradient), { label: param.name, samples: 8 });
    }
  });

  it('gives the same gradients to the bit whatever is recomputed', () => {
    const [none, ...others] = CHECKPOINTING.map((checkpoint) => {
      const { gradients, values } = run(checkpoint);
      return [...gradients].map(([param, gradient]) => [param.name, values.get(gradient)]);
    });
    for (const other of others) expect(other).toEqual(none);
  });

  it('adds the gradients of micro-batches', () => {
    const { model, gradients, values } = run('block');
    const once = new Map([...gradients].map(([param, gradient]) => [param, values.get(gradient).slice()]));
    evaluateNodes(model.g.nodes, values);
    for (const [param, gradient] of gradients) {
      expect(values.get(gradient)).toEqual(once.get(param)?.map((value) => value * 2));
    }
  });

  it('emits nothing for what is frozen, and nothing before the first parameter', () => {
    const model = new Model();
    const { g, inputs } = model;
    const x = g.embedding(inputs.tokens, model.weight('embedding', VOCAB, HIDDEN));
    const first = g.rmsNorm(x, model.vector('first', HIDDEN), 1e-3);
    const { lora, ...frozen } = model.layer('frozen', HIDDEN, HIDDEN);
    expect(lora).toBeDefined();
    const second = g.linear(g.linear(first, frozen), model.layer('trained', HIDDEN, HIDDEN));
    const { forwardEnd, gradients } = differentiate(g, {
      output: model.loss(second),
      seed: inputs.lossWeights,
      checkpoint: 'none',
    });
    expect([...gradients.keys()].map(({ name }) => name)).toEqual(['trained.B', 'trained.A']);
    expect(backwardOf(g, forwardEnd)).toEqual([
      'loss_backward: step, loss_rows, loss_weights, loss.saved -> d trained',
      'outer_product: d trained, trained.h -> trained.B',
      'lora_up_backward: d trained, trained.B -> d trained.h',
      'outer_product: d trained.h, frozen -> trained.A',
    ]);
  });

  it('recomputes from what enters a block, up to what the gradient reads', () => {
    const emitted = (checkpoint: Checkpointing): string[] => {
      const model = new Model();
      const { g, inputs } = model;
      const fused = 4 * SHAPE.headDim;
      const embedded = g.embedding(inputs.tokens, model.weight('embedding', VOCAB, HIDDEN));
      const x = g.linear(embedded, model.layer('in', fused, HIDDEN));
      const out = g.block(() => {
        const normed = g.rmsNorm(x, model.vector('norm', fused), 1e-3);
        const [q, k, v] = g.splitColumns(normed, [fused / 2, fused / 4, fused / 4]);
        const attended = g.attention(q, k, v, inputs.bounds, SHAPE);
        return g.add(attended, g.linear(attended, model.layer('out', HIDDEN, HIDDEN)));
      });
      const { forwardEnd } = differentiate(g, { output: model.loss(out), seed: inputs.lossWeights, checkpoint });
      return backwardOf(g, forwardEnd).filter((each) => !each.includes('d '));
    };
    expect(emitted('none')).toEqual([]);
    // The projection is needed for its branch's h alone; the sum after it is not needed at all.
    const recomputed = ["rms_norm: in, norm -> rstd', norm'", "split_columns: norm' -> part', part', part'"];
    expect(emitted('block')).toEqual([
      ...recomputed,
      "linear: attention, out, out.bias, attention, out.A, out.B -> out.h', out'",
    ]);
    expect(emitted('block-and-attention')).toEqual([
      ...recomputed,
      "attention: part', part', part', bounds -> lse', attention'",
      "linear: attention', out, out.bias, attention', out.A, out.B -> out.h', out'",
    ]);
  });

  it('refuses a second consumer of what an op cannot add to', () => {
    const model = new Model();
    const x = model.g.linear(
      model.g.embedding(model.inputs.tokens, model.weight('embedding', VOCAB, HIDDEN)),
      model.layer('in', HIDDEN, HIDDEN),
    );
    const output = model.loss(model.g.add(model.g.gelu(x), x));
    expect(() => differentiate(model.g, { output, seed: model.inputs.lossWeights, checkpoint: 'none' })).toThrow(
      /gelu: in\[5, 8\] has a second consumer/,
    );
  });
});
