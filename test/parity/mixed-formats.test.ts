import { describe, expect, it } from 'vitest';
import { resolveBase } from '../../models/base/base-format.ts';
import { GpuBase } from '../../models/base/gpu-base.ts';
import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import { makeMicroBatch } from '../../src/data/batch.ts';
import {
  codeWordsPerRow,
  packedBytes,
  scaleWordsPerRow,
  sliceRows,
  type PackedWeight,
  type WeightFormat,
} from '../../src/formats/quantize.ts';
import { openTfjs } from '../../src/graph/tfjs/backend.ts';
import { matricesOf, settingsOf } from '../../src/lora/gpu-adapter.ts';
import { planTraining } from '../../src/train/program.ts';
import { TfjsTrainer } from '../../src/train/tfjs-trainer.ts';
import { WgslTrainer } from '../../src/train/wgsl-trainer.ts';
import { testWeight } from '../harness/formats.ts';
import { openTestGpu } from '../harness/gpu.ts';
import { openRandomModel, randomAdapter } from '../harness/random-model.ts';
import { expectSameTraining } from '../harness/trainers.ts';

/** A pair of formats with everything a layout may have; each further one is compiled for many programs. */
const FORMATS: readonly WeightFormat[] = ['q5_k', 'q6_k'];
const TABLE_FORMAT = 'nf4';
/** More than activations of 32 rows need, less than any matrix. */
const LIMIT = 36 * 1024;

/** A model whose matrices are in several formats, as in files of mixed types. */
async function openMixed(): Promise<OpenModel> {
  const opened = await openRandomModel({
    model_type: 'llama',
    hidden_size: 264,
    intermediate_size: 270,
    max_position_embeddings: 32,
    num_attention_heads: 4,
    num_hidden_layers: 1,
    num_key_value_heads: 4,
    head_dim: 66,
    rms_norm_eps: 1e-3,
    vocab_size: 301,
    tie_word_embeddings: true,
  });
  const packed = new Map<string, PackedWeight>();
  const weights = opened.model.weights.map((spec) => {
    if (spec.kind === 'vector') return spec;
    const [rows = 0, cols = 0] = spec.shape;
    const fileFormat = spec.name.includes('embed') ? TABLE_FORMAT : (FORMATS[packed.size % FORMATS.length] ?? 'f32');
    const weight = testWeight(fileFormat, rows, cols, packed.size + 1);
    packed.set(spec.name, weight);
    return { ...spec, fileFormat };
  });
  return {
    ...opened,
    model: { ...opened.model, weights },
    readPacked: (tensor, from, to) => {
      const weight = packed.get(tensor);
      if (weight === undefined) throw new Error(`no packed tensor '${tensor}'`);
      return Promise.resolve(sliceRows(weight, from, to));
    },
  };
}

describe('a base whose matrices keep formats of their own', () => {
  it('computes the same through both executors, split by rows: losses and every gradient', async () => {
    const opened = await openMixed();
    const format = resolveBase(opened);
    expect(format).toBe('gguf');
    const adapter = randomAdapter(opened);
    const options = { format, context: 32 } as const;
    const training = { lora: settingsOf(adapter), optimizer: 'sgd', weightDecay: 0 } as const;
    const gpu = await openTestGpu({ maxBindingBytes: LIMIT });
    const base = await GpuBase.load(gpu, opened, options);
    const program = planTraining(base.model, { ...options, ...training, rows: 32, microSteps: 1 }, gpu.profile);
    const parts = base.model.weights.flatMap(({ kind, shape: [rows = 0, cols = 0], fileFormat = 'f32' }) => {
      if (kind === 'vector') return [];
      expect(base.format).toBe('gguf');
      const words = Math.max(codeWordsPerRow(fileFormat, cols), scaleWordsPerRow(fileFormat, cols));
      return [Math.ceil(rows / Math.floor(LIMIT / (words * 4)))];
    });
    expect(Math.min(...parts), 'every matrix is split').toBeGreaterThan(1);
    const matrixBytes = base.model.weights.reduce((sum, { kind, shape: [rows = 0, cols = 1], fileFormat = 'f32' }) => {
      return sum + (kind === 'vector' ? rows * 4 : packedBytes(fileFormat, rows, cols));
    }, 0);
    const ropeBytes = 2 * 32 * 33 * 4;
    expect(program.report.weightsBytes).toBe(matrixBytes + ropeBytes);
    const ours = await WgslTrainer.make(base, program);
    const theirs = await TfjsTrainer.make(await openTfjs('cpu'), opened, { ...options, ...training });
    try {
      const ids = Uint32Array.from({ length: 13 }, (_, i) => (i * 29 + 3) % 301);
      const batch = makeMicroBatch([{ ids, labels: Int32Array.from(ids, (id, i) => (i < 3 ? -100 : id)) }]);
      await expectSameTraining(ours, theirs, matricesOf(adapter), batch);
    } finally {
      ours.dispose();
      theirs.dispose();
      base.destroy();
    }
  }, 600_000);

  it('is asked for with `gguf`, and only of a model that has some', async () => {
    const { name } = await openMixed();
    expect(resolveBase({ name })).toBe('q4');
    expect(resolveBase({ name }, 'nf4')).toBe('nf4');
    expect(() => resolveBase({ name }, 'gguf')).toThrow('base: got gguf for random, which is no GGUF file');
  });
});
