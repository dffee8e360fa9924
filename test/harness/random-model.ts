import { makeModel } from '../../models/families/index.ts';
import { openModel, type OpenModel } from '../../models/checkpoint/open-model.ts';
import type { LoraAdapter } from '../../src/adapters/adapter.ts';
import { memorySource } from '../../src/formats/byte-source.ts';
import { float32Tensor, writeSafetensors, type SafetensorsTensor } from '../../src/formats/safetensors.ts';
import { testValues } from './compare.ts';

type Config = Readonly<Record<string, unknown>>;

/** A model of any family with seeded weights in the checkpoint's own orientation and names, and without a tokenizer. */
export function openRandomModel(
  config: Config,
  stored: (name: string) => string = (name) => name,
  others: Readonly<Record<string, SafetensorsTensor>> = {},
): Promise<OpenModel> {
  const { weights } = makeModel(config);
  const tensors = weights.map(({ name, shape, kind, transposed }, i) => {
    const [rows = 1, cols = 1] = shape;
    const spread = kind === 'vector' ? 0.3 : name.includes('emb') || name.includes('wte') ? 0.4 : 1.2 / Math.sqrt(cols);
    // Norm weights of every family are near what multiplies by one only where they are not stored as 1 + w.
    const values = testValues(rows * cols, i + 1, spread).map((v) => v + (kind === 'vector' ? 0.7 : 0));
    return [stored(name), float32Tensor(values, transposed === true ? [cols, rows] : shape)] as const;
  });
  const json = new TextEncoder().encode(JSON.stringify(config));
  return openModel({
    name: 'random',
    files: new Map([
      ['config.json', memorySource('config.json', json)],
      [
        'model.safetensors',
        memorySource('model.safetensors', writeSafetensors(new Map([...tensors, ...Object.entries(others)]))),
      ],
    ]),
  });
}

/** An adapter on every linear layer, A and B both non-zero. */
export function randomAdapter({ model }: OpenModel, rank = 3): LoraAdapter {
  const shapes = new Map(model.weights.map(({ name, shape }) => [name, shape]));
  const modules = model.linearPaths.map((path, i) => {
    const [outFeatures = 0, inFeatures = 0] = shapes.get(`${path}.weight`) ?? [];
    const a = testValues(rank * inFeatures, 100 + i, 1 / Math.sqrt(inFeatures));
    return [path, { a, b: testValues(outFeatures * rank, 200 + i, 0.1), inFeatures, outFeatures }] as const;
  });
  return {
    rank,
    alpha: 2 * rank,
    method: 'lora',
    dropout: 0,
    targetModules: [],
    baseModel: 'random',
    scale: 2,
    modules: new Map(modules),
  };
}
