import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { unzipSync } from 'fflate';
import { describe, expect, it, vi } from 'vitest';
import {
  createEngine,
  reportHtml,
  readSafetensors,
  WebLoraError,
  type AdapterFormatName,
  type ModelInput,
} from '../src/index.ts';
import { recordGpuOf } from './harness/gpu.ts';
import { startHub } from './harness/hub-server.ts';
import { startUploadHub } from './harness/hub-upload-server.ts';

const EMBEDDED = pathToFileURL(`${join(import.meta.dirname, '..', 'models', 'embedded')}/`);
const TOY = join(import.meta.dirname, 'fixtures', 'toy-llama', 'model');

/** The files of each format. */
const FILES: Readonly<Record<AdapterFormatName, readonly string[]>> = {
  peft: ['README.md', 'adapter_config.json', 'adapter_model.safetensors'],
  gguf: ['adapter.gguf'],
  mlx: ['README.md', 'adapter_config.json', 'adapters.safetensors'],
};

describe('the library', () => {
  it('loads, plans, trains, answers, exports and reports failures with a code', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'web-lora-'));
    const before = process.cwd();
    process.chdir(folder); // runs are written below the working folder
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
      // No text of a row is in anything that was written.
      for (const name of readdirSync(join(folder, 'first'), { recursive: true, encoding: 'utf8' })) {
        const path = join(folder, 'first', name);
        if (statSync(path).isFile()) expect(readFileSync(path).includes('colour is the door'), name).toBe(false);
      }
      // Whatever the format, what comes back computes the same, to the bit.
      const { loss } = await model.evaluate(rows, { adapter, maxNewTokens: 1 });
      expect(loss).not.toBe((await model.evaluate(rows, { maxNewTokens: 1 })).loss);
      const verdict = await model.report(rows, {
        adapter,
        maxNewTokens: 1,
        trainData: [{ prompt: 'What colour is the sky?', completion: 'Blue.' }],
        suite: [{ prompt: 'Which door?', choices: ['Green.', 'Red.'], answer: 'Green.' }],
        gate: { metric: 'suite.choice', atLeast: 0.5 },
      });
      expect(verdict).toMatchObject({
        loss,
        verdict: 'cannot-tell',
        rowsNeeded: 30,
        tuning: { needed: 'cannot-tell' },
      });
      expect(verdict.generalisation?.heldOutLoss).toBe(loss);
      expect(verdict.findings).toEqual([]);
      await expect(model.report(rows, { trainData: rows })).rejects.toThrow(/only rows that were trained on/);
      expect(reportHtml(verdict, { model: 'embedded', data: 'rows' })).toContain('<h1 class="cannot-tell">');
      await expect(model.report(rows, { gate: { metric: 'accuracy', atLeast: 0.5 } })).rejects.toMatchObject({
        code: 'bad-file',
      });
      for (const [format, names] of Object.entries(FILES)) {
        const file = new File(
          [await adapter.export(format as AdapterFormatName)],
          `mine${names.length > 1 ? '.zip' : '.gguf'}`,
        );
        expect((await adapter.files(format as AdapterFormatName)).map(({ name }) => name).sort()).toEqual(names);
        const loaded = await model.loadAdapter([{ name: file.name, bytes: file }]);
        expect((await model.evaluate(rows, { adapter: loaded, maxNewTokens: 1 })).loss, format).toBe(loss);
        const weights = (await loaded.files()).find(({ name }) => name === 'adapter_model.safetensors');
        expect(weights?.bytes, format).toEqual(zip['adapter_model.safetensors']);
        await loaded.unload();
      }
      const asked: number[] = [];
      const golden = await adapter.golden({
        prompts: ['What colour is the sky?'],
        system: 'Be brief.',
        onProgress: ({ done }) => asked.push(done),
      });
      expect(asked).toEqual([0]);
      expect(golden).toMatchObject({ format: 'weblora-golden/1', system: 'Be brief.', base: { precision: 'q4' } });
      const [first] = golden.prompts;
      const messages = [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: first?.prompt ?? '' },
      ];
      let said = '';
      for await (const piece of model.generate(messages, { adapter, maxNewTokens: 16 })) said += piece;
      expect(first?.text).toBe(said);
      const checked = unzipSync(new Uint8Array(await (await adapter.export('peft', { golden })).arrayBuffer()));
      expect(Object.keys(checked).sort()).toEqual([...FILES.peft, 'check_peft.py', 'golden.json'].sort());
      expect(JSON.parse(new TextDecoder().decode(checked['golden.json']))).toEqual(golden);
      const withCheck = await adapter.files('gguf', { golden });
      expect(withCheck.map(({ name }) => name)).toEqual(['adapter.gguf', 'golden.json', 'CHECK.md']);
      expect(new TextDecoder().decode(withCheck[2]?.bytes as Uint8Array)).toContain("--lora 'adapter.gguf'");
      await expect(adapter.export('gguf', { golden })).rejects.toThrow(
        'golden prompts: got GGUF LoRA, which is one file, wanted a format that is a folder, or the files of an adapter; leave them out here',
      );
      const halves = await model.combine([
        { adapter, weight: 0.25 },
        { adapter, weight: 0.75 },
      ]);
      expect((await model.evaluate(rows, { adapter: halves, maxNewTokens: 1 })).loss).toBeCloseTo(loss, 5);
      expect((await halves.files()).map(({ name }) => name)).toContain('adapter_model.safetensors');
      await halves.unload();
      await expect(model.combine([{ adapter }])).rejects.toMatchObject({ code: 'usage' });
      const hub = await startUploadHub('hf_mine');
      const uploaded = await adapter.upload('me/mine', { token: 'hf_mine', hubUrl: hub.url, golden });
      expect([...uploaded.files].sort()).toEqual(Object.keys(checked).sort());
      expect([...(hub.repositories.get('me/mine')?.files.keys() ?? [])].sort()).toEqual(Object.keys(checked).sort());
      await hub.close();
      await expect(adapter.golden({ prompts: [] })).rejects.toThrow('golden prompts: got 0 of them, wanted 1 to 32');
      const progress: number[] = [];
      const gguf = await adapter.export('merged-gguf', {
        type: 'F32',
        onProgress: ({ done, total }) => progress.push(done / total),
      });
      expect(progress.at(-1)).toBe(1);
      expect(readdirSync('.')).not.toContain('.exports');
      const merged = await engine.loadModel([new File([gguf], 'merged.gguf')], { context: 128 });
      const unmerged = await engine.loadModel('embedded', { base: 'f32', context: 128 });
      const again = await unmerged.loadAdapter(await adapter.files());
      const lossOf = await unmerged.evaluate(rows, { adapter: again, maxNewTokens: 1 });
      expect((await merged.evaluate(rows, { maxNewTokens: 1 })).loss).toBeCloseTo(lossOf.loss, 4);
      await Promise.all([merged.dispose(), unmerged.dispose()]);
      const folderZip = unzipSync(new Uint8Array(await (await adapter.export('merged')).arrayBuffer()));
      expect(Object.keys(folderZip)).toEqual(
        expect.arrayContaining(['README.md', 'config.json', 'model.safetensors', 'tokenizer.json']),
      );
      await expect(adapter.export('merged', { signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'aborted',
      });
      expect(readdirSync('.')).not.toContain('.exports');
      const dora = await model.train(rows, { method: 'dora', steps: 1, rank: 2, seqLen: 64, out: 'dora' });
      await expect((await dora.finished).adapter.export('gguf')).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringMatching(/^GGUF LoRA: it cannot hold DoRA; choose PEFT folder/) as string,
      });
      await expect(adapter.export('zip' as 'peft')).rejects.toMatchObject({ code: 'usage' });
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

  it('downloads a model of the hub once, or of an address, and computes with it what its files do', async () => {
    const files = new Map(readdirSync(TOY).map((name) => [name, new Uint8Array(readFileSync(join(TOY, name)))]));
    const hub = await startHub({ 'org/toy': { files } });
    const cache = mkdtempSync(join(tmpdir(), 'web-lora-cache-'));
    vi.stubEnv('HF_ENDPOINT', hub.url).stubEnv('WEBLORA_CACHE', cache);
    const engine = await createEngine({ worker: false });
    const hash = async (source: ModelInput, signal?: AbortSignal): Promise<string> => {
      const model = await engine.loadModel(source, { base: 'q4', context: 64, ...(signal && { signal }) });
      return model.facts.baseHash;
    };
    try {
      await expect(hash({ hub: 'org/toy' }, AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
      const fetched = await hash({ hub: 'org/toy' });
      expect(fetched).toBe(await hash([...files].map(([name, bytes]) => new File([bytes], name))));
      expect((await engine.listModels()).map(({ name, complete }) => ({ name, complete }))).toEqual([
        { name: 'hf:org/toy', complete: true },
      ]);
      const stored = hub.seen.filter(({ server }) => server === 'store').length;
      expect(await hash({ hub: 'org/toy' })).toBe(fetched);
      expect(hub.seen.filter(({ server }) => server === 'store')).toHaveLength(stored);
      expect(await hash({ url: `${hub.url}/org/toy/resolve/main/` })).toBe(fetched);
      await expect(hash({ hub: 'org/absent' })).rejects.toMatchObject({ code: 'file-not-found' });
    } finally {
      await engine.dispose();
      await hub.close();
      vi.unstubAllEnvs();
      rmSync(cache, { recursive: true });
    }
  }, 600_000);
});
