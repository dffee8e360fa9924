import { strToU8, zipSync } from 'fflate';
import type { Failure } from '../../src/errors.ts';
import { float32Tensor, writeSafetensors } from '../../src/formats/safetensors.ts';
import type {
  EngineApi,
  ModelFacts,
  PlanReport,
  ProgressEvent,
  Result,
  RunReport,
  RunSummary,
  TrainEvent,
} from './contract.ts';

/** What the scripted engine plays; a browser test answers `embedded/scenario.json` with the parts it wants changed. */
export interface Scenario {
  readonly software: boolean;
  readonly stepMs: number;
  readonly steps: number;
  readonly describeFails?: Failure;
  readonly loadFails?: Failure;
  /** Milliseconds that loading the model takes. */
  readonly loadMs: number;
  readonly trainRefused?: Failure;
  readonly trainFails?: { readonly atStep: number; readonly error: Failure };
  readonly generateFails?: Failure;
  /** The worker throws outside any call, as a defect would. */
  readonly crashAtStep?: number;
  readonly notices: readonly string[];
  readonly runs: readonly RunSummary[];
  readonly baseAnswer: string;
  readonly tunedAnswer: string;
}

const DEFAULTS: Scenario = {
  software: true,
  stepMs: 15,
  steps: 40,
  loadMs: 60,
  notices: [],
  runs: [],
  baseAnswer: 'I am not sure. The bottle is on the table.',
  tunedAnswer: '{"category":"return","priority":"high","product":"bread maker"}',
};

const done = <T>(value: T): Result<T> => ({ ok: true, value });
const failed = (error: Failure): Result<never> => ({ ok: false, error });
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const MODEL: ModelFacts = {
  id: 'embedded',
  name: 'weblora-embedded',
  family: 'llama',
  parameterCount: 5_100_000,
  base: 'q4',
  context: 1024,
  vocabSize: 4096,
  layers: 6,
  hiddenSize: 256,
  targets: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
  recommendedLearningRate: 2e-3,
  baseHash: 'f'.repeat(64),
  weightsBytes: 3_400_000,
};

const PLAN: PlanReport = {
  weightsBytes: 3_400_000,
  adapterBytes: 1_200_000,
  optimizerBytes: 2_400_000,
  arenaBytes: 24_000_000,
  totalBytes: 31_000_000,
  peakLivenessBytes: 22_000_000,
  largestBindingBytes: 8_000_000,
  dispatchesPerStep: 420,
  flopsPerStep: 2e9,
};

type Unnumbered<E> = E extends { readonly seq: number } ? Omit<E, 'seq'> : never;

/** An engine that computes nothing and plays a script: for the states of the page that a real one reaches slowly. */
export function makeEngine({
  readEmbedded,
}: {
  readonly readEmbedded: (path: string) => Promise<Uint8Array>;
}): EngineApi {
  const scenario = readEmbedded('scenario.json')
    .then((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Partial<Scenario>)
    .catch((): Partial<Scenario> => ({})) // a test that scripts nothing serves no such file
    .then((given): Scenario => ({ ...DEFAULTS, ...given }));
  const wishes = new Map<string, 'pause' | 'resume' | 'stop'>();
  const finished: RunSummary[] = [];

  return {
    async describe() {
      const { software, describeFails } = await scenario;
      if (describeFails !== undefined) return failed(describeFails);
      const name = software ? 'SwiftShader Device (Subzero)' : 'NVIDIA GeForce RTX 3060';
      const vendor = software ? 'google' : 'nvidia';
      const architecture = software ? 'swiftshader' : 'ampere';
      return done({
        executor: 'webgpu',
        adapter: { vendor, architecture, device: '', description: name, isSoftware: software, features: ['subgroups'] },
      });
    },

    async loadModel(_source, _options, progress) {
      const { loadFails, loadMs } = await scenario;
      for (let seq = 0; seq <= 10; seq += 1) {
        const event: ProgressEvent = { seq, phase: 'Reading weights', done: seq * 1e6, total: 1e7, unit: 'bytes' };
        progress?.postMessage([event]);
        await wait(loadMs / 10);
      }
      return loadFails === undefined ? done(MODEL) : failed(loadFails);
    },

    plan: () => Promise.resolve(done(PLAN)),

    async train(request, events) {
      const script = await scenario;
      if (script.trainRefused !== undefined) return failed(script.trainRefused);
      wishes.delete(request.out);
      const totalSteps = request.config.steps ?? script.steps;
      let seq = 0;
      const send = (event: Unnumbered<TrainEvent>): void => {
        events.postMessage([{ ...event, seq }]);
        seq += 1;
      };
      const firstStep = request.resume === true ? Math.floor(totalSteps / 2) : 0;
      const play = async (): Promise<void> => {
        const learningRate = request.config.lr ?? 2e-3;
        const rows = new TextDecoder().decode(request.data.bytes).split('\n').filter(Boolean).length;
        for (let done = 0; done <= 3; done += 1) {
          send({ kind: 'preparing', done, total: 3 });
          await wait(5);
        }
        send({
          kind: 'started',
          totalSteps,
          firstStep,
          rows,
          evalRows: 0,
          learningRate,
          accumulate: 4,
          plan: PLAN,
          notices: script.notices,
          skippedRows: [],
        });
        let finalLoss = 3.4;
        const finish = (step: number, ended: RunReport['ended']): void => {
          finished.unshift({ out: request.out, finished: ended === 'completed', step, totalSteps, model: 'embedded' });
          send({
            kind: 'done',
            report: {
              steps: step,
              finalLoss,
              totalTokens: step * 120,
              elapsedSeconds: step * 0.4,
              ended,
              adapter: `run:${request.out}`,
            },
          });
        };
        for (let step = firstStep + 1; step <= totalSteps; step += 1) {
          await wait(script.stepMs);
          if (wishes.get(request.out) === 'pause') {
            send({ kind: 'paused', step: step - 1 });
            while (wishes.get(request.out) === 'pause') await wait(5);
            if (wishes.get(request.out) !== 'stop') send({ kind: 'resumed', step: step - 1 });
          }
          if (wishes.get(request.out) === 'stop') return finish(step - 1, 'stopped');
          if (script.crashAtStep === step) throw new Error('scripted crash');
          if (script.trainFails?.atStep === step) return send({ kind: 'failed', error: script.trainFails.error });
          finalLoss = 0.15 + 3.25 * Math.exp((-4 * step) / totalSteps) + 0.12 * Math.sin(step * 1.7);
          send({
            kind: 'step',
            step,
            epoch: step / 10,
            loss: finalLoss,
            gradNorm: 1.2,
            learningRate,
            tokens: 120,
            totalTokens: step * 120,
            tokensPerSecond: 950,
            elapsedSeconds: step * 0.4,
          });
          if (step % 20 === 0) send({ kind: 'checkpoint', step, path: `${request.out}/checkpoints/step-${step}` });
        }
        finish(totalSteps, 'completed');
      };
      // Not awaited by the caller, and a scripted crash must look like a defect outside any call.
      setTimeout(
        () =>
          void play().catch((error: unknown) =>
            setTimeout(() => {
              throw error;
            }),
          ),
      );
      return done(request.out);
    },

    control(run, to) {
      wishes.set(run, to);
      return Promise.resolve(done(null));
    },

    async generate(request, events) {
      const { generateFails, baseAnswer, tunedAnswer } = await scenario;
      if (generateFails !== undefined) return failed(generateFails);
      let aborted = false;
      events.onmessage = () => (aborted = true);
      const text = request.adapter === undefined ? baseAnswer : tunedAnswer;
      const pieces = text.match(/.{1,6}/gs) ?? [];
      let seq = 0;
      for (const piece of pieces) {
        if (aborted) break;
        events.postMessage([{ seq, kind: 'text', text: piece }]);
        seq += 1;
        await wait(5);
      }
      const report = {
        text,
        tokens: [],
        promptTokens: 12,
        reusedTokens: 0,
        newTokens: pieces.length,
        prefillTokensPerSec: 800,
        decodeTokensPerSec: 42,
        finishReason: aborted ? ('aborted' as const) : ('eos' as const),
      };
      events.postMessage([{ seq, kind: 'done', report }]);
      return done(null);
    },

    async evaluate(request, progress) {
      const rows = new TextDecoder().decode(request.data.bytes).trim().split('\n').length;
      for (let seq = 0; seq < rows; seq += 1) {
        progress?.postMessage([
          { seq, phase: 'Answering', done: seq + 1, total: rows, unit: 'rows' } satisfies ProgressEvent,
        ]);
        await wait(5);
      }
      const exactMatch = request.adapter === undefined ? 0 : 0.875;
      return done({ rows, loss: 0.4, perplexity: 1.5, tokens: 400, exactMatch, predictions: [] });
    },

    exportAdapter(_adapter, as) {
      const weight = float32Tensor(new Float32Array(32).fill(0.5), [2, 16]);
      const files = {
        'adapter_config.json': strToU8(
          JSON.stringify({ peft_type: 'LORA', r: 2, lora_alpha: 4, target_modules: ['q_proj'] }),
        ),
        'adapter_model.safetensors': writeSafetensors(
          new Map([['base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight', weight]]),
        ),
        'README.md': strToU8('# An adapter\n'),
      };
      const list = as === 'zip' ? [['adapter.zip', zipSync(files)] as const] : Object.entries(files);
      return Promise.resolve(done(list.map(([name, bytes]) => ({ name, bytes }))));
    },

    loadAdapter: () => Promise.resolve(done('adapter:loaded')),
    openRun: (_model, out) => Promise.resolve(done(`run:${out}`)),
    listRuns: async () => done([...finished, ...(await scenario).runs]),
    dispose: () => Promise.resolve(done(null)),
  };
}
