/**
 * Writes the toys of test/fixtures in every format, for scripts/check/exports.py, which reads them with readers of its own
 * and computes their logits in PyTorch: `npx tsx scripts/check/exports.ts FOLDER`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { baseNamesOf } from '../../models/checkpoint/gguf/base-names.ts';
import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import type { LoraAdapter, LoraModule } from '../../src/adapters/adapter.ts';
import { ADAPTER_FORMATS, objectionTo, writeAdapter } from '../../src/adapters/formats/index.ts';
import { exportMerged } from '../../src/engine/export-merged.ts';
import { WebLoraError } from '../../src/errors.ts';
import { adapterKind } from '../../src/lora/kinds/index.ts';
import { MERGED_FORMATS } from '../../src/merge/index.ts';
import { storeSink } from '../../src/merge/sink.ts';
import { makeNodeStore } from '../../src/storage/node-store.ts';
import { doraAdapter, FAMILY_TOYS, familyAdapter, openFamilyToy } from '../../test/harness/family-toys.ts';

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
}

void main(out);
