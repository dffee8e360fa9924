/**
 * Writes the toys of test/fixtures in every format, for scripts/check/exports.py, which reads them with readers of its own
 * and computes their logits in PyTorch: `npx tsx scripts/check/exports.ts FOLDER`. Prints how long the adapter's formats
 * take for one of rank 16 on every linear layer of SmolLM2-135M's shape.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { baseNamesOf } from '../../models/checkpoint/gguf/base-names.ts';
import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import { makeModel } from '../../models/families/index.ts';
import type { LoraAdapter, LoraModule } from '../../src/adapters/adapter.ts';
import { ADAPTER_FORMATS, objectionTo, writeAdapter } from '../../src/adapters/formats/index.ts';
import { exportMerged } from '../../src/engine/export-merged.ts';
import { WebLoraError } from '../../src/errors.ts';
import { adapterKind } from '../../src/lora/kinds/index.ts';
import { MERGED_FORMATS } from '../../src/merge/index.ts';
import { storeSink } from '../../src/merge/sink.ts';
import { makeNodeStore } from '../../src/storage/node-store.ts';
import { doraAdapter, FAMILY_TOYS, familyAdapter, openFamilyToy } from '../../test/harness/family-toys.ts';

const SMOLLM2_135M = {
  model_type: 'llama',
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  vocab_size: 49152,
  max_position_embeddings: 8192,
  rms_norm_eps: 1e-5,
  rope_theta: 100000,
  tie_word_embeddings: true,
};

function asRankStabilised(adapter: LoraAdapter): LoraAdapter {
  const { alpha, rank } = adapter;
  return { ...adapter, method: 'rslora', scale: adapterKind('rslora').scale(alpha, rank) };
}

/** Every second module with one rank less, every third with an alpha of its own; exports.py has the same rule. */
function withPatterns(adapter: LoraAdapter): LoraAdapter {
  const modules = [...adapter.modules].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...adapter,
    modules: new Map(
      modules.map(([path, module], i): [string, LoraModule] => {
        const { inFeatures, outFeatures } = module;
        const rank = adapter.rank - (i % 2);
        const a = module.a.slice(0, rank * inFeatures);
        const b = Float32Array.from({ length: outFeatures * rank }, (_, at) => {
          const row = Math.floor(at / rank);
          return module.b[row * adapter.rank + (at % rank)] ?? NaN;
        });
        return [path, { ...module, a, b, ...(i % 3 === 0 && { alpha: adapter.alpha + 3 }) }];
      }),
    ),
  };
}

async function writeAll(opened: OpenModel, adapter: LoraAdapter, out: string): Promise<void> {
  for (const format of ADAPTER_FORMATS) {
    if (objectionTo(format, adapter) !== undefined) continue;
    const files = writeAdapter(format, adapter, { modelCard: '', base: baseNamesOf(opened.model) });
    for (const [name, bytes] of files) {
      const path = join(out, format.name, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
    }
  }
  for (const format of MERGED_FORMATS) {
    const request = { opened, adapter, type: 'F32', modelCard: '' } as const;
    try {
      await exportMerged(format, request, storeSink(makeNodeStore(out), format.name), 'model.gguf');
    } catch (error) {
      if (!(error instanceof WebLoraError) || error.code !== 'unsupported') throw error;
      process.stdout.write(`${out}: ${error.message}\n`);
    }
  }
}

/** An adapter of rank 16 on every linear layer. */
function wideAdapter(model: ReturnType<typeof makeModel>): LoraAdapter {
  const rank = 16;
  const shapes = new Map(model.weights.map(({ name, shape }) => [name, shape]));
  const modules = model.linearPaths.map((path): [string, LoraModule] => {
    const [outFeatures = 0, inFeatures = 0] = shapes.get(`${path}.weight`) ?? [];
    const a = Float32Array.from({ length: rank * inFeatures }, (_, i) => Math.sin(i));
    const b = Float32Array.from({ length: outFeatures * rank }, (_, i) => Math.cos(i));
    return [path, { a, b, inFeatures, outFeatures }];
  });
  const rest = {
    alpha: 32,
    scale: 2,
    method: 'lora',
    dropout: 0,
    targetModules: [],
    baseModel: 'SmolLM2-135M',
  } as const;
  return { rank, ...rest, modules: new Map(modules) };
}

const [, , out] = process.argv;
if (out === undefined) throw new Error('usage: npx tsx scripts/check/exports.ts FOLDER');

async function main(folder: string): Promise<void> {
  for (const family of FAMILY_TOYS) {
    const opened = await openFamilyToy(family);
    const lora = familyAdapter(family);
    const adapters = {
      lora,
      rslora: asRankStabilised(lora),
      patterns: withPatterns(lora),
      'rslora-patterns': withPatterns(asRankStabilised(lora)),
      dora: doraAdapter(family),
      'dora-patterns': withPatterns(doraAdapter(family)),
    };
    for (const [kind, adapter] of Object.entries(adapters)) await writeAll(opened, adapter, join(folder, family, kind));
  }
  const model = makeModel(SMOLLM2_135M);
  const adapter = wideAdapter(model);
  for (const format of ADAPTER_FORMATS) {
    const began = performance.now();
    const files = writeAdapter(format, adapter, { modelCard: '', base: baseNamesOf(model) });
    const bytes = [...files.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    const took = Math.round(performance.now() - began);
    process.stdout.write(`135M, rank 16, ${format.name}: ${took} ms, ${bytes} bytes\n`);
  }
}

void main(out);
