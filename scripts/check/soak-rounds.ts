import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { connectEngine, type EngineClient } from '../../workers/engine/connection.ts';
import { serveEngine } from '../../workers/engine/serve.ts';
import type { Result } from '../../workers/engine/contract.ts';
import { Pcg32 } from '../../src/data/random.ts';
import { makeEngine } from '../../src/engine/engine.ts';
import { WebLoraError } from '../../src/errors.ts';
import type { Gpu } from '../../src/gpu/gpu.ts';
import { openNodeGpu } from '../../src/gpu/node.ts';
import { makeNodeStore } from '../../src/storage/node-store.ts';

const TOY = join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'toy-llama');
const STEPS = 24;
/** Adapters and runs that are held; older ones are let go of. */
const HELD = 3;

/** What the process did so far, and what it holds. */
export interface Sample {
  readonly minutes: number;
  readonly rounds: number;
  readonly steps: number;
  readonly evaluations: number;
  readonly generations: number;
  readonly switches: number;
  readonly losses: number;
  readonly modelsOpened: number;
  readonly calls: number;
  readonly gpuBytes: number;
  readonly heapBytes: number;
  readonly arrayBufferBytes: number;
  readonly residentBytes: number;
  readonly tfjsTensors: number;
  readonly ports: number;
  readonly handles: number;
}

function valueOf<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Error(`${result.error.code}: ${result.error.message}`);
}

/** The engines of a soak, used in rounds. */
export class Soak {
  readonly #folder = mkdtempSync(join(tmpdir(), 'weblora-soak-'));
  readonly #random = new Pcg32(6);
  readonly #clients: EngineClient[] = [];
  readonly #ports: MessagePort[] = [];
  #gpu: Gpu | undefined;
  #adapters: string[] = [];
  #runs: string[] = [];
  readonly #counts = {
    ...{ rounds: 0, steps: 0, evaluations: 0, generations: 0, switches: 0, losses: 0, modelsOpened: 0, calls: 0 },
  };

  #client(openGpu: () => Promise<Gpu>): EngineClient {
    const { port1, port2 } = new MessageChannel();
    this.#ports.push(port1, port2);
    serveEngine(
      makeEngine({
        openGpu,
        openStore: () => Promise.resolve(makeNodeStore(this.#folder)),
        openModels: () => Promise.reject(new Error('no models of the hub here')),
        readEmbedded: () => Promise.reject(new Error('no built-in model here')),
      }),
      port2,
    );
    const client = connectEngine(port1, () => undefined);
    this.#clients.push(client);
    const counts = this.#counts;
    return new Proxy(client, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member === 'function') counts.calls += 1;
        return member;
      },
    });
  }

  async #open(client: EngineClient): Promise<string> {
    const model = join(TOY, 'model');
    const files = readdirSync(model).map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(model, name))) }));
    this.#counts.modelsOpened += 1;
    return valueOf(await client.loadModel({ kind: 'files', files }, { context: 64 })).id;
  }

  #lose(): void {
    this.#counts.losses += 1;
    this.#gpu?.device.destroy();
  }

  async #answer(client: EngineClient, model: string, adapter?: string): Promise<void> {
    const request = { model, input: { text: 'the cat' }, maxNewTokens: 4, ...(adapter !== undefined && { adapter }) };
    const { events } = valueOf(await client.generate(request));
    for await (const event of events) if (event.kind === 'failed') throw new Error(event.error.message);
    this.#counts.generations += 1;
  }

  async #evaluate(client: EngineClient, model: string, adapter?: string): Promise<void> {
    const rows = '{"prompt": "the cat", "completion": "sat"}\n{"prompt": "a dog", "completion": "ran"}\n';
    const data = { name: 'questions.jsonl', bytes: new TextEncoder().encode(rows) };
    const request = { model, data, maxNewTokens: 2, ...(adapter !== undefined && { adapter }) };
    valueOf(await client.evaluate(request, { onProgress: () => undefined }));
    this.#counts.evaluations += 1;
  }

  async #train(client: EngineClient, model: string, loseAt: number): Promise<void> {
    const out = `run-${this.#counts.rounds}`;
    const data = { name: 'data.jsonl', bytes: new Uint8Array(readFileSync(join(TOY, 'data.jsonl'))) };
    const config = {
      rank: 2,
      steps: STEPS,
      accumulate: 1,
      seqLen: 48,
      saveEvery: 6,
      lr: 1e-2,
      seed: this.#counts.rounds,
    };
    const { events } = valueOf(await client.train({ model, data, config, out }));
    let isLost = false;
    for await (const event of events) {
      if (event.kind === 'failed') throw new Error(event.error.message);
      if (event.kind === 'step') this.#counts.steps += 1;
      if (event.kind === 'step' && event.step >= loseAt && !isLost) {
        isLost = true;
        this.#lose();
      }
      if (event.kind === 'done') this.#adapters.push(event.report.adapter);
    }
    this.#runs.push(out);
    for (const old of this.#runs.splice(0, Math.max(0, this.#runs.length - HELD))) valueOf(await client.deleteRun(old));
    for (const old of this.#adapters.splice(0, Math.max(0, this.#adapters.length - HELD)))
      valueOf(await client.unloadAdapter(old));
  }

  /** Goes on for so many minutes. @param samples file that gets a line a round */
  async run(samples: string, minutes: number): Promise<void> {
    const gpu = this.#client(async () => {
      this.#gpu = await openNodeGpu();
      return this.#gpu;
    });
    const slow = this.#client(() => Promise.reject(new WebLoraError('no-webgpu', 'none', { wanted: 'none' })));
    const model = await this.#open(gpu);
    const slowModel = await this.#open(slow);
    const begun = performance.now();
    const passed = (): number => (performance.now() - begun) / 60_000;
    while (passed() < minutes) {
      const { rounds } = this.#counts;
      const chance = this.#random.nextUint32() % 4;
      await this.#train(gpu, model, chance === 0 ? 1 + (this.#random.nextUint32() % STEPS) : Infinity);
      for (let each = 0; each < 8; each += 1) {
        this.#counts.switches += 1;
        await this.#answer(gpu, model, [undefined, ...this.#adapters][each % (this.#adapters.length + 1)]);
      }
      if (chance === 1) this.#lose();
      await this.#evaluate(gpu, model, this.#adapters.at(-1));
      valueOf(await gpu.listRuns());
      valueOf(await gpu.plan(model, { rank: 2, seqLen: 48 }));
      const adapter = this.#adapters.at(-1);
      if (adapter !== undefined) valueOf(await gpu.exportAdapter(adapter, 'gguf'));
      if (rounds % 5 === 0) {
        const other = await this.#open(gpu);
        await this.#answer(gpu, other);
        valueOf(await gpu.unloadModel(other));
      }
      if (rounds % 10 === 0) {
        await this.#answer(slow, slowModel);
        await this.#evaluate(slow, slowModel);
      }
      this.#counts.rounds += 1;
      appendFileSync(samples, `${JSON.stringify(await this.#sample(passed()))}\n`);
    }
  }

  async #sample(minutes: number): Promise<Sample> {
    // What was closed or unloaded is let go of in turns of its own.
    await wait(100);
    collect();
    const tf = await import('@tensorflow/tfjs');
    const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
    return {
      minutes,
      ...this.#counts,
      gpuBytes: this.#gpu?.bytesAllocated ?? 0,
      heapBytes: heapUsed,
      arrayBufferBytes: arrayBuffers,
      residentBytes: rss,
      tfjsTensors: tf.memory().numTensors,
      ports: process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length,
      handles: readdirSync('/proc/self/fd').length,
    };
  }

  async dispose(): Promise<void> {
    for (const client of this.#clients) await client.dispose();
    for (const port of this.#ports) port.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
