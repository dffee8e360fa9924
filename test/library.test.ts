import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { createEngine, readSafetensors, WebLoraError } from '../src/index.ts';
import { recordGpuOf } from './harness/gpu.ts';

const EMBEDDED = pathToFileURL(`${join(import.meta.dirname, '..', 'models', 'embedded')}/`);

describe('the library', () => {
  it('loads, plans, trains, answers, exports and reports failures with a code', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'web-lora-'));
    const before = process.cwd();
    process.chdir(folder); // runs are kept below the working folder
    const engine = await createEngine({ worker: false, embedded: EMBEDDED });
    try {
      const model = await engine.loadModel('embedded', { base: 'q4', context: 128 });
      expect(model.facts.parameterCount).toBeGreaterThan(4_000_000);
      const plan = await model.plan({ rank: 2, seqLen: 64 });
      expect(plan.totalBytes).toBeGreaterThan(plan.weightsBytes);
      const rows = [{ prompt: 'What colour is the door?', completion: 'Green.' }];
      const run = await model.train(rows, { steps: 2, rank: 2, alpha: 4, seqLen: 64, out: 'first' });
      const losses: number[] = [];
      for await (const event of run) if (event.kind === 'step') losses.push(event.loss);
      const { adapter, report } = await run.finished;
      expect(losses).toHaveLength(2);
      recordGpuOf(join(folder, 'first', 'run.json'));
      expect(report).toMatchObject({ steps: 2, ended: 'completed', finalLoss: losses[1] });
      const zip = unzipSync(new Uint8Array(await (await adapter.export('peft')).arrayBuffer()));
      expect(Object.keys(zip).sort()).toEqual(['README.md', 'adapter_config.json', 'adapter_model.safetensors']);
      expect(readSafetensors(zip['adapter_model.safetensors'] ?? new Uint8Array()).tensors.size).toBe(56);
      expect(readFileSync(join(folder, 'first', 'adapter_model.safetensors'))).toEqual(
        Buffer.from(zip['adapter_model.safetensors'] ?? []),
      );
      let text = '';
      for await (const piece of model.generate([{ role: 'user', content: 'What colour is the door?' }], {
        adapter,
        maxNewTokens: 4,
      }))
        text += piece;
      expect(text.length).toBeGreaterThan(0);
      await expect(model.train(rows, { rank: 0 })).rejects.toMatchObject({ code: 'config' });
      const bad = await model.train([{ nonsense: 1 }], { out: 'second' });
      await expect(bad.finished).rejects.toSatisfy(
        (error) => error instanceof WebLoraError && error.code === 'bad-data',
      );
    } finally {
      await engine.dispose();
      process.chdir(before);
      rmSync(folder, { recursive: true });
    }
  }, 600_000);
});
