/**
 * Times the export of an adapter of rank 16 on every linear layer of SmolLM2-135M's shape in each format, to the disk, three times
 * each: `npx tsx scripts/check/export-times.ts`. Adapters must take less than two seconds; merged models are timed beside them.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { baseNamesOf } from '../../models/checkpoint/gguf/base-names.ts';
import { openModel } from '../../models/checkpoint/open-model.ts';
import { ADAPTER_FORMATS, writeAdapter } from '../../src/adapters/formats/index.ts';
import { exportMerged } from '../../src/engine/export-merged.ts';
import type { WrittenGgufType } from '../../src/formats/gguf-encode.ts';
import { MERGED_FORMATS } from '../../src/merge/index.ts';
import { storeSink } from '../../src/merge/sink.ts';
import { makeNodeStore } from '../../src/storage/node-store.ts';
import { randomAdapter } from '../../test/harness/random-model.ts';
import { folderOnDisk } from '../../test/harness/toy-llama.ts';
import { SHAPES, writeCheckpoint } from '../../test/harness/real-shapes.ts';

const RUNS = 3;
const MOST_MS = 2000;
const TYPES: Readonly<Record<string, readonly WrittenGgufType[]>> = { 'merged-gguf': ['F16', 'Q8_0', 'Q4_0'] };

async function time(label: string, most: number, work: (run: number) => Promise<number>): Promise<boolean> {
  const times: number[] = [];
  let bytes = 0;
  for (let run = 0; run < RUNS; run++) {
    const began = performance.now();
    bytes = await work(run);
    times.push(performance.now() - began);
  }
  const shown = times.map((ms) => `${Math.round(ms)} ms`).join(', ');
  process.stdout.write(`${label.padEnd(18)}${shown}, ${(bytes / 1e6).toFixed(1)} MB\n`);
  return Math.min(...times) < most;
}

const scratch = mkdtempSync(join(tmpdir(), 'weblora-times-'));
try {
  const model = join(scratch, 'model');
  writeCheckpoint(model, SHAPES['SmolLM2-135M'].config);
  const opened = await openModel(folderOnDisk(model, 'SmolLM2-135M'));
  const adapter = randomAdapter(opened, 16);
  const base = baseNamesOf(opened.model);
  const passed: boolean[] = [];
  for (const format of ADAPTER_FORMATS) {
    const isFast = await time(format.name, MOST_MS, async (run) => {
      const files = writeAdapter(format, adapter, { modelCard: '', base });
      mkdirSync(join(scratch, `${format.name}-${run}`));
      for (const [name, bytes] of files) writeFileSync(join(scratch, `${format.name}-${run}`, name), bytes);
      return [...files.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    });
    passed.push(isFast);
  }
  for (const format of MERGED_FORMATS) {
    for (const type of TYPES[format.name] ?? [undefined]) {
      const request = { opened, adapter, modelCard: '', ...(type && { type }) };
      await time(`${format.name} ${type ?? ''}`, Infinity, async (run) => {
        const sink = storeSink(makeNodeStore(scratch), `${format.name}-${type ?? ''}-${run}`);
        return (await exportMerged(format, request, sink, 'model.gguf')).bytes;
      });
    }
  }
  if (!passed.every(Boolean)) process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true });
}
