import type { Gpu } from '../gpu/gpu.ts';
import type { ForwardNode } from '../graph/op.ts';
import type { AttentionShape } from '../graph/ops/attention.ts';
import type { Tensor } from '../graph/tensor.ts';
import { openJax, type Jax, type JaxArray } from './jax.ts';
import type { Dense, TrainingJob } from './training-job.ts';
import type { TrainingSide } from './turns.ts';

type Named = Record<string, JaxArray>;

/**
 * The same updates as WebLoRA's in jax-js: the model's own graph op by op, differentiated by jax-js, and AdamW, all in one
 * jit. Weights are the format's values in f32, since jax-js has no quantised products.
 */
export async function jaxTrainingSide(
  gpu: Gpu,
  job: TrainingJob,
  provideWebGpu: Parameters<typeof openJax>[0],
): Promise<TrainingSide> {
  const jax = await openJax(provideWebGpu);
  const { numpy: np, tree } = jax;
  const nodes = job.forward(gpu);
  const arrayOf = ({ values, shape }: Dense): JaxArray => np.array(values, { shape: [...shape] });
  const frozen: Named = {};
  for await (const [name, dense] of job.frozen()) frozen[name] = arrayOf(dense);
  const inputs: Named = Object.fromEntries(
    Object.entries(job.inputs).map(([name, words]) => [name, np.array(Int32Array.from(words))]),
  );
  const params: Named = Object.fromEntries([...(await job.params())].map(([name, dense]) => [name, arrayOf(dense)]));
  const zeros = (): Named => Object.fromEntries(Object.entries(params).map(([name, p]) => [name, np.zerosLike(p.ref)]));

  const loss = (p: Named, w: Named, given: Named): JaxArray => forward(jax, nodes, { ...w, ...p }, given);
  const { beta1, beta2, eps, lr, maxNorm } = job.hyper(1);
  const update = jax.jit(
    (p: Named, m: Named, v: Named, w: Named, given: Named, correct1: JaxArray, correct2: JaxArray) => {
      const [value, gradients] = jax.valueAndGrad(loss)(tree.ref(p), w, given) as [JaxArray, Named];
      const squares = Object.values(gradients).map((g) => np.sum(np.square(g.ref)));
      const norm = np.sqrt(squares.reduce((sum, square) => np.add(sum, square)));
      const factor = np.minimum(np.divide(maxNorm, np.add(norm, 1e-6)), 1);
      const next: { p: Named; m: Named; v: Named } = { p: {}, m: {}, v: {} };
      for (const [name, gradient] of Object.entries(gradients)) {
        const g = np.multiply(gradient, factor.ref);
        const first = np.add(np.multiply(required(m, name), beta1), np.multiply(g.ref, 1 - beta1));
        const second = np.add(np.multiply(required(v, name), beta2), np.multiply(np.square(g), 1 - beta2));
        const deviation = np.add(np.sqrt(np.divide(second.ref, correct2.ref)), eps);
        const direction = np.divide(np.divide(first.ref, correct1.ref), deviation);
        next.p[name] = np.subtract(required(p, name), np.multiply(direction, lr));
        next.m[name] = first;
        next.v[name] = second;
      }
      for (const used of [factor, correct1, correct2]) used.dispose();
      return [next.p, next.m, next.v, value] as [Named, Named, Named, JaxArray];
    },
  );

  let state: [Named, Named, Named] = [params, zeros(), zeros()];
  return {
    update: async (count) => {
      const [p, m, v, value] = update(
        ...state,
        tree.ref(frozen),
        tree.ref(inputs),
        np.array(1 - beta1 ** count),
        np.array(1 - beta2 ** count),
      );
      state = [p, m, v];
      const mean = (await value.jsAsync()) as number;
      await jax.blockUntilReady(state);
      return mean;
    },
    about: ({ firstMs, medianMs }) => Promise.resolve({ compileMs: firstMs - medianMs }),
    dispose: () => tree.dispose([...state, frozen, inputs]),
  };
}

/** Another reference to one of many. */
function required(values: Named, name: string): JaxArray {
  const value = values[name];
  if (value === undefined) throw new Error(`no value '${name}'`);
  return value.ref;
}

/** Mean loss of one sequence under a training graph's forward nodes. */
function forward({ numpy: np, nn }: Jax, nodes: readonly ForwardNode[], named: Named, given: Named): JaxArray {
  const computed = new Map<Tensor, JaxArray>();
  const valueOf = (tensor: Tensor): JaxArray => computed.get(tensor)?.ref ?? required(named, tensor.name);
  const times = (x: JaxArray, weight: JaxArray): JaxArray => np.matmul(x, np.transpose(weight));
  for (const node of nodes) {
    switch (node.op) {
      case 'embedding':
        computed.set(node.y, np.take(valueOf(node.table), required(given, 'tokens'), 0));
        break;
      case 'rms_norm': {
        const x = valueOf(node.x);
        const rms = np.sqrt(np.add(np.mean(np.square(x.ref), -1, { keepdims: true }), node.eps));
        computed.set(node.y, np.multiply(np.divide(x, rms), valueOf(node.weight)));
        break;
      }
      case 'linear': {
        const y = times(valueOf(node.x), valueOf(node.weight));
        if (node.loraInput === undefined || node.loraA === undefined || node.loraB === undefined)
          computed.set(node.y, y);
        else {
          const branch = times(times(valueOf(node.loraInput), valueOf(node.loraA)), valueOf(node.loraB));
          computed.set(node.y, np.add(y, np.multiply(branch, node.loraScale)));
        }
        break;
      }
      case 'rotary': {
        const { heads, headDim, x } = node;
        const rows = x.rows;
        const table = (of: Tensor): JaxArray =>
          np.reshape(np.take(valueOf(of), required(given, 'positions'), 0), [rows, 1, headDim / 2]);
        const [a, b] = np.split(np.reshape(valueOf(x), [rows, heads, headDim]), 2, 2);
        if (a === undefined || b === undefined) throw new Error('rotary: no halves');
        const [cos, sin] = [table(node.cos), table(node.sin)];
        const first = np.subtract(np.multiply(a.ref, cos.ref), np.multiply(b.ref, sin.ref));
        const second = np.add(np.multiply(b, cos), np.multiply(a, sin));
        computed.set(node.y, np.reshape(np.concatenate([first, second], 2), [rows, heads * headDim]));
        break;
      }
      case 'attention':
        computed.set(node.y, attention(np, valueOf(node.q), valueOf(node.k), valueOf(node.v), node));
        break;
      case 'gated_activation':
        if (node.act !== 'silu') throw new Error(`activation ${node.act} is not written for jax-js`);
        computed.set(node.y, np.multiply(nn.silu(valueOf(node.gate)), valueOf(node.up)));
        break;
      case 'add':
        computed.set(node.y, np.add(valueOf(node.a), valueOf(node.b)));
        break;
      case 'linear_cross_entropy': {
        const scored = np.take(valueOf(node.x), required(given, 'lossRows'), 0);
        const wanted = np.take(valueOf(node.weight), required(given, 'labels'), 0);
        const logits = times(scored.ref, valueOf(node.weight));
        const nll = np.subtract(nn.logsumexp(logits, 1), np.sum(np.multiply(scored, wanted), 1));
        for (const value of computed.values()) value.dispose();
        return np.mean(nll);
      }
      default:
        throw new Error(`op ${node.op} is not written for jax-js`);
    }
  }
  throw new Error('the graph has no loss');
}

/** Causal attention of one sequence with grouped queries. q [T, H·D], k and v [T, K·D] -> [T, H·D]. */
function attention(
  np: Jax['numpy'],
  q: JaxArray,
  k: JaxArray,
  v: JaxArray,
  { heads, kvHeads, headDim, scale }: AttentionShape,
): JaxArray {
  const rows = q.shape[0] ?? 0;
  const group = heads / kvHeads;
  const perKvHead = (x: JaxArray): JaxArray => np.transpose(np.reshape(x, [rows, kvHeads, headDim]), [1, 0, 2]); // [K, T, D]
  const grouped = np.reshape(np.transpose(np.reshape(q, [rows, kvHeads, group, headDim]), [1, 2, 0, 3]), [
    kvHeads,
    group * rows,
    headDim,
  ]);
  const scores = np.reshape(np.multiply(np.matmul(grouped, np.transpose(perKvHead(k), [0, 2, 1])), scale), [
    heads,
    rows,
    rows,
  ]);
  const hidden = np.multiply(np.triu(np.ones([rows, rows]), 1), -1e30);
  const shifted = np.add(scores, hidden);
  const most = np.max(shifted.ref, -1, { keepdims: true });
  const raised = np.exp(np.subtract(shifted, most));
  const weights = np.divide(raised.ref, np.sum(raised, -1, { keepdims: true }));
  const mixed = np.matmul(np.reshape(weights, [kvHeads, group * rows, rows]), perKvHead(v)); // [K, G·T, D]
  return np.reshape(np.transpose(np.reshape(mixed, [kvHeads, group, rows, headDim]), [2, 0, 1, 3]), [
    rows,
    heads * headDim,
  ]);
}
