import { makeModel } from '../../models/families/index.ts';
import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import { Pcg32 } from '../data/random.ts';
import { WebLoraError } from '../errors.ts';
import { countElems } from '../formats/safetensors.ts';

/** A model of a shape, by its config.json, with random weights and no tokenizer: what it takes does not depend on them. */
export function randomModel(name: string, config: Readonly<Record<string, unknown>>): OpenModel {
  const model = makeModel(config);
  const shapes = new Map(model.weights.map(({ name: tensor, shape }) => [tensor, shape]));
  const values = (tensor: string, from: number, to: number): Float32Array => {
    const { 1: cols = 1 } = shapes.get(tensor) ?? [];
    const random = new Pcg32(from + 1, tensor.length);
    const spread = 1 / Math.sqrt(cols);
    return Float32Array.from({ length: (to - from) * cols }, () =>
      // A vector is a norm's weight.
      cols === 1 ? 1 : spread * (2 * random.nextFloat() - 1),
    );
  };
  return {
    name,
    model,
    parameterCount: model.weights.reduce((sum, { shape }) => sum + countElems(shape), 0),
    baseHash: '',
    recommendedLearningRate: undefined,
    notes: [],
    tokenizer: () => {
      throw new WebLoraError('bad-model', name, { got: 'a random model', wanted: 'a model with a tokenizer' });
    },
    origin: { config, dtypeOf: () => 'F32', companions: new Map() },
    read: (tensor) => Promise.resolve(values(tensor, 0, shapes.get(tensor)?.[0] ?? 0)),
    readRows: (tensor, from, to) => Promise.resolve(values(tensor, from, to)),
  };
}
