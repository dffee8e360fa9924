import type { LoraAdapter } from '../../src/adapters/adapter.ts';
import { makeSigningKey, SIGNATURE_FILE, signFiles } from '../../src/adapters/signature.ts';
import { adapterFormat, asDownload, writeAdapter } from '../../src/adapters/formats/index.ts';
import { exportFormatsOf, mergedExportFormats } from '../../src/engine/export-formats.ts';
import { fromFailure, type Failure } from '../../src/errors.ts';
import { DEFAULT_PROFILE } from '../../src/gpu/device-profile.ts';
import { chooseModels } from '../../src/engine/chooser.ts';
import { wilson } from '../../src/evaluate/statistics.ts';
import type {
  CachedModel,
  EngineCalls,
  ModelFacts,
  PlanReport,
  RunDetails,
  RunSummary,
  StepMetrics,
  TrainRequest,
} from '../../src/engine/calls.ts';
import { questions, scriptedReport } from './fake-report.ts';

/** What the scripted engine plays; a browser test answers `embedded/scenario.json` with the parts it wants changed. */
export interface Scenario {
  readonly software: boolean;
  readonly stepMs: number;
  readonly steps: number;
  readonly describeFails?: Failure;
  readonly loadFails?: Failure;
  /** The first download of this visit fails. */
  readonly downloadFails?: Failure;
  /** What was downloaded is not there any more. */
  readonly evicted?: boolean;
  /** Milliseconds that loading the model takes. */
  readonly loadMs: number;
  /** With the usual length of examples. */
  readonly planFails?: Failure;
  readonly trainRefused?: Failure;
  readonly trainFails?: { readonly atStep: number; readonly error: Failure };
  readonly generateFails?: Failure;
  /** The worker throws outside any call, as a defect would. */
  readonly crashAtStep?: number;
  /** No run gets past compiling. */
  readonly preparesUntilStopped?: boolean;
  /** At this step the graphics chip has no memory for a run, and then none again. */
  readonly memoryShortAt?: number;
  /** Asked to stop, the worker never comes back from its step, as where a loop does not end. */
  readonly hangsOnStop?: boolean;
  readonly notices: readonly string[];
  readonly runs: readonly RunSummary[];
  /** Models that are on this device already. */
  readonly stored: readonly CachedModel[];
  readonly freeGpuBytes: number;
  /** Whether the engine fell back to the processor. */
  readonly onCpu?: boolean;
  readonly keepsFiles: boolean;
  readonly baseAnswer: string;
  /** `{messages}` in it becomes the number of messages that were sent, `{seed}` the seed. */
  readonly tunedAnswer: string;
  /** Of the built-in model: recordings are of one. */
  readonly baseHash: string;
  /** Share of the questions that the tuned model answers right: of those kept back, and of those trained. */
  readonly examShare: number;
  readonly trainedShare: number;
  /** Share of held-out pairs that an adapter prefers as the person does, before and after it learned from pairs. */
  readonly winRates: readonly [number, number];
  /** `examShare` of an adapter that learned a correction. */
  readonly correctedShare: number;
  /** Of the untrained model with examples in its prompt. */
  readonly promptedShare: number;
  /** Milliseconds that each part of a report takes. */
  readonly reportMs: number;
  /** Milliseconds that writing a merged model takes, and its loss on rows kept back; the adapter's is 0.4. */
  readonly mergeMs: number;
  readonly mergedLoss: number;
}

const DEFAULTS: Scenario = {
  software: true,
  stepMs: 15,
  steps: 40,
  loadMs: 60,
  notices: [],
  runs: [],
  stored: [],
  keepsFiles: true,
  freeGpuBytes: 2 * 2 ** 30,
  baseAnswer: 'I am not sure. The bottle is on the table.',
  baseHash: 'f'.repeat(64),
  examShare: 0.9,
  trainedShare: 1,
  winRates: [0.5, 1],
  correctedShare: 0.9,
  promptedShare: 0.4,
  reportMs: 20,
  mergeMs: 40,
  mergedLoss: 0.401,
  tunedAnswer: '{"category":"return","priority":"high","product":"bread maker"}',
};

/** Told from that of any other run. */
const scriptedHash = (out: string): string =>
  Array.from(out, (letter) => letter.charCodeAt(0).toString(16))
    .join('')
    .padEnd(64, '0')
    .slice(-64);

/** A test writes folders of these names for runs that the browser has cleared: the scripted engine has no files of its own. */
const CLEARED_FOLDER = 'web-lora-cleared';

async function cleared(): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  if (typeof navigator.storage?.getDirectory !== 'function') return names;
  try {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(CLEARED_FOLDER);
    for await (const name of folder.keys()) names.add(name);
  } catch {
    // There is none, or the browser gives this page no storage.
  }
  return names;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const MODEL: ModelFacts = {
  id: 'embedded',
  name: 'embedded',
  family: 'llama',
  parameterCount: 5_100_000,
  base: 'q4',
  context: 1024,
  vocabSize: 4096,
  layers: 6,
  hiddenSize: 256,
  targets: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
  recommendedLearningRate: 2e-3,
  notes: [],
  baseHash: 'f'.repeat(64),
  weightsBytes: 3_400_000,
};

const PLAN: PlanReport = {
  weightsBytes: 3_400_000,
  adapterBytes: 1_200_000,
  optimizerBytes: 2_400_000,
  arenaBytes: 23_900_000,
  otherBytes: 100_000,
  totalBytes: 31_000_000,
  peakLivenessBytes: 22_000_000,
  largestBindingBytes: 8_000_000,
  dispatchesPerStep: 420,
  flopsPerStep: 2e9,
  checkpoint: 'none',
  optimizerState: 'f32',
};

const CARD = '# An adapter\n';
const QUERY = 'model.layers.0.self_attn.q_proj';
const WRITE_OPTIONS = {
  modelCard: CARD,
  base: { ggufArchitecture: 'llama', layers: 1, modules: new Map([[QUERY, { ggufName: 'blk.0.attn_q.weight' }]]) },
};

function madeAdapter(method: LoraAdapter['method']): LoraAdapter {
  const values = new Float32Array(32).fill(0.5);
  const module = { a: values, b: values, inFeatures: 16, outFeatures: 16 };
  const magnitude = new Float32Array(16).fill(1);
  return {
    rank: 2,
    alpha: 4,
    scale: 2,
    method,
    dropout: 0,
    targetModules: ['q_proj'],
    baseModel: MODEL.name,
    modules: new Map([[QUERY, { ...module, ...(method === 'dora' && { magnitude }) }]]),
  };
}

function recordOf(step: number, loss: number, learningRate: number): StepMetrics {
  return {
    step,
    epoch: step / 10,
    loss,
    gradNorm: 0.6 + loss / 3 + 0.1 * Math.sin(step * 2.3),
    learningRate,
    tokens: 120,
    totalTokens: step * 120,
    tokensPerSecond: 950,
    elapsedSeconds: step * 0.4,
  };
}

function detailsOf(
  { config, data }: Pick<TrainRequest, 'config' | 'data'>,
  totalSteps: number,
  steps: readonly StepMetrics[],
  status: RunDetails['record']['status'],
): RunDetails {
  const { name } = data;
  const facts = { name, sha256: '0'.repeat(64), rows: 40, skippedRows: 0, truncatedRows: 0 };
  const last = steps.at(-1);
  const evals = [...steps]
    .filter(({ step }) => step % 20 === 0)
    .map(({ step, loss }) => ({ step, evalLoss: loss + 0.2 }));
  const { system, rank = 16, lr = 2e-3, seed = 0 } = config;
  return {
    record: {
      webLoraVersion: '0.1.0',
      status,
      settings: { data: name, rank, seed, ...(config.lr && { lr }), ...(system !== undefined && { system }) },
      base: {
        name: MODEL.name,
        modelType: 'llama',
        sha256: MODEL.baseHash,
        format: 'q4',
        context: 1024,
        parameterCount: 5.1e6,
      },
      data: facts,
      trainRows: 40,
      evalRows: 8,
      parents: [],
      resolved: { learningRate: lr, steps: totalSteps, accumulate: 4, seqLen: 512, targets: MODEL.targets },
      device: { executor: 'webgpu' },
      kernels: { executor: 'webgpu', variant: 'serial', checkpointing: 'none', optimizerState: 'f32' },
      plan: undefined,
      ...(status === 'completed' &&
        last && {
          results: {
            steps: last.step,
            finalLoss: last.loss,
            evalLoss: last.loss + 0.2,
            totalTokens: last.totalTokens,
            elapsedSeconds: last.elapsedSeconds,
            adapterSha256: 'a'.repeat(64),
          },
        }),
    },
    steps,
    evals,
    card:
      status === 'completed'
        ? '---\nbase_model: weblora-embedded\n---\n\n# An adapter\n\nA LoRA adapter, trained in a browser tab.\n'
        : '',
  };
}

/** An engine that computes nothing and plays a script: for the states of the page that a real one reaches slowly. */
export function makeEngine({
  readEmbedded,
}: {
  readonly readEmbedded: (path: string) => Promise<Uint8Array>;
}): EngineCalls {
  const scenario = readEmbedded('scenario.json')
    .then((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Partial<Scenario>)
    .catch((): Partial<Scenario> => ({})) // a test that scripts nothing serves no such file
    .then((given): Scenario => ({ ...DEFAULTS, ...given }));
  let hasFailed = false;
  const wishes = new Map<string, 'pause' | 'resume' | 'stop'>();
  const finished: RunSummary[] = [];
  const details = new Map<string, RunDetails>();
  const methods = new Map<string, LoraAdapter['method']>();
  /** By adapter: what was learned on top of another one. */
  const improvedBy = new Map<string, 'pairs' | 'correction'>();
  const adapterOf = (id: string): LoraAdapter => madeAdapter(methods.get(id) ?? 'lora');
  const deleted = new Set<string>();
  /** Questions of each exam so far, by its name. */
  const answered = new Map<string, number>();
  const listAll = async (): Promise<RunSummary[]> => {
    const gone = await cleared();
    return [...finished, ...(await scenario).runs].filter(({ out }) => !deleted.has(out) && !gone.has(out));
  };

  return {
    async describe() {
      const { software, describeFails, onCpu, keepsFiles } = await scenario;
      if (describeFails !== undefined) throw fromFailure(describeFails);
      if (onCpu === true) return { executor: 'cpu', keepsFiles };
      const name = software ? 'SwiftShader Device (Subzero)' : 'NVIDIA GeForce RTX 3060';
      const vendor = software ? 'google' : 'nvidia';
      const architecture = software ? 'swiftshader' : 'ampere';
      return {
        executor: 'webgpu',
        adapter: { vendor, architecture, device: '', description: name, isSoftware: software, features: ['subgroups'] },
        keepsFiles,
      };
    },

    async loadModel(source, { offline = false, base = MODEL.base }, { emit }) {
      const { loadFails, downloadFails, loadMs, baseHash, evicted } = await scenario;
      for (let part = 0; part <= 10; part += 1) {
        emit({ phase: 'preparing the model', done: part * 1e6, total: 1e7, unit: 'bytes' });
        await wait(loadMs / 10);
      }
      if (loadFails !== undefined) throw fromFailure(loadFails);
      if (source.kind === 'embedded' || source.kind === 'files') return { ...MODEL, base, baseHash };
      if (offline && evicted === true)
        throw fromFailure({ code: 'file-not-found', message: 'the model while offline: got no copy on this device' });
      if (!offline && downloadFails !== undefined && !hasFailed) {
        hasFailed = true;
        throw fromFailure(downloadFails);
      }
      return { ...MODEL, base, name: source.kind === 'hub' ? `hf:${source.hub}` : source.url };
    },

    unloadModel: () => Promise.resolve(null),
    listModels: async () => (await scenario).stored.filter(({ id }) => !deleted.has(id)),
    deleteModel(id) {
      deleted.add(id);
      return Promise.resolve([]);
    },
    checkModel: () => Promise.resolve([]),
    modelStorage: () => Promise.resolve({ usedBytes: 0, freeBytes: undefined, isPersistent: undefined }),
    storeHubToken: () => Promise.resolve(null),
    hasHubToken: () => Promise.resolve(true),

    plan: async (_model, config) => {
      const { planFails } = await scenario;
      if (planFails !== undefined && config.seqLen === undefined) throw fromFailure(planFails);
      return PLAN;
    },
    prepare: () => Promise.resolve(null),

    async train(request, { emit: send, signal }) {
      const script = await scenario;
      if (script.trainRefused !== undefined) throw fromFailure(script.trainRefused);
      wishes.delete(request.out);
      methods.set(`run:${request.out}`, request.config.method ?? 'lora');
      if (request.config.objective === 'dpo') improvedBy.set(`run:${request.out}`, 'pairs');
      else if (request.replayData !== undefined) improvedBy.set(`run:${request.out}`, 'correction');
      const totalSteps = request.config.steps ?? script.steps;
      signal.addEventListener('abort', () => wishes.set(request.out, 'stop'));
      const firstStep = request.resume === true ? Math.floor(totalSteps / 2) : 0;
      const play = async (): Promise<void> => {
        const learningRate = request.config.lr ?? 2e-3;
        const rows = new TextDecoder().decode(request.data.bytes).split('\n').filter(Boolean).length;
        for (let done = 0; done <= 3; done += 1) {
          send({ kind: 'preparing', done, total: 3 });
          await wait(5);
        }
        while (script.preparesUntilStopped === true && wishes.get(request.out) !== 'stop') await wait(5);
        send({
          kind: 'started',
          totalSteps,
          firstStep,
          rows,
          evalRows: request.evalData === undefined ? 0 : 8,
          learningRate,
          accumulate: 4,
          plan: PLAN,
          notices: script.notices,
          warnings: [],
          skippedRows: [],
        });
        let finalLoss = 3.4;
        let shortages = 0;
        const steps: StepMetrics[] = [];
        const finish = (step: number, ended: 'completed' | 'stopped'): void => {
          details.set(request.out, detailsOf(request, totalSteps, steps, ended));
          const at = finished.findIndex(({ out }) => out === request.out);
          if (at >= 0) finished.splice(at, 1);
          const parent = request.initAdapter?.replace('run:', '');
          finished.unshift({
            ...{ out: request.out, finished: ended === 'completed', step, totalSteps, model: 'embedded' },
            origin: {
              adapterSha256: scriptedHash(request.out),
              parents: parent === undefined ? [] : [scriptedHash(parent)],
              baseSha256: MODEL.baseHash,
              data: { name: request.data.name, sha256: '0'.repeat(64), rows: 40 },
            },
          });
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
          while (script.hangsOnStop === true && wishes.get(request.out) === 'stop');
          if (wishes.get(request.out) === 'stop') return finish(step - 1, 'stopped');
          if (script.crashAtStep === step) throw new Error('scripted crash');
          if (script.memoryShortAt === step && shortages < 2) {
            const reason = 'a training run: got no memory for 24.0 MiB beside the 7.0 MiB in use';
            step = Math.max(0, step - 5);
            send(
              shortages === 0
                ? { kind: 'memory-short', step, reason, remedy: 'checkpointing', checkpointing: 'block' }
                : { kind: 'memory-short', step, reason, remedy: 'micro-batch', batchSize: 1, accumulate: 8 },
            );
            shortages += 1;
            continue;
          }
          if (script.trainFails?.atStep === step) return send({ kind: 'failed', error: script.trainFails.error });
          finalLoss =
            0.15 +
            (request.initAdapter === undefined ? 3.25 : 1) * Math.exp((-4 * step) / totalSteps) +
            0.12 * Math.sin(step * 1.7);
          const record = recordOf(step, finalLoss, learningRate);
          steps.push(record);
          const left = (totalSteps - step) * (record.elapsedSeconds / step);
          send({ kind: 'step', ...record, ...(step > 1 && { secondsLeft: left }) });
          if (
            request.evalData !== undefined &&
            (step % Math.max(1, Math.floor(totalSteps / 5)) === 0 || step === totalSteps)
          ) {
            send({ kind: 'eval', step, evalLoss: finalLoss + 0.2 });
          }
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
      return request.out;
    },

    control(run, to) {
      wishes.set(run, to);
      return Promise.resolve(null);
    },

    async generate(request, { emit, signal }) {
      const { generateFails, baseAnswer, tunedAnswer } = await scenario;
      if (generateFails !== undefined) throw fromFailure(generateFails);
      const said = 'messages' in request.input ? request.input.messages.length : 0;
      const text = (request.adapter === undefined ? baseAnswer : tunedAnswer)
        .replace('{messages}', String(said))
        .replace('{seed}', String(request.seed ?? 0));
      const pieces = text.match(/.{1,6}/gs) ?? [];
      const answer = async (): Promise<void> => {
        for (const piece of pieces) {
          if (signal.aborted) break;
          emit({ kind: 'text', text: piece });
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
          finishReason: signal.aborted
            ? ('aborted' as const)
            : pieces.length > (request.maxNewTokens ?? Infinity)
              ? ('length' as const)
              : ('eos' as const),
        };
        emit({ kind: 'done', report });
      };
      void answer();
      return null;
    },

    async evaluate(request, { emit }) {
      const rows = new TextDecoder().decode(request.data.bytes).trim().split('\n').length;
      for (let done = 1; done <= rows; done += 1) {
        emit({ phase: 'answering held-out rows', done, total: rows, unit: 'rows' });
        await wait(5);
      }
      const { examShare, trainedShare, correctedShare, winRates } = await scenario;
      const { name } = request.data;
      const improved = improvedBy.get(request.adapter ?? '');
      const shares = name.startsWith('trained')
        ? trainedShare
        : name === 'correction.jsonl'
          ? 1
          : improved === 'correction'
            ? correctedShare
            : examShare;
      const share = request.adapter === undefined ? 0 : shares;
      // Counted on from call to call: a share of many small exams comes out as that of one large one.
      const before = answered.get(name) ?? 0;
      answered.set(name, before + rows);
      const right = Math.floor((before + rows) * share) - Math.floor(before * share);
      const exactMatch = right / rows;
      const scores = { exactMatch: { value: exactMatch, ...wilson(right, rows), rows, interval: 'wilson' as const } };
      const isOfPairs = new TextDecoder().decode(request.data.bytes).includes('"chosen"');
      const winRate = winRates[improved === 'pairs' ? 1 : 0];
      return {
        ...{ rows, loss: 0.4, perplexity: 1.5, tokens: 400, exactMatch, scores },
        predictions: questions(request.data.bytes).map((one, i) => {
          const isRight = Math.floor((before + i + 1) * share) > Math.floor((before + i) * share);
          return { ...one, got: isRight ? one.expected : 'I am not sure.' };
        }),
        ...(isOfPairs && { winRate }),
      };
    },

    report: async (request, call) => {
      const { examShare, trainedShare, promptedShare, reportMs } = await scenario;
      return scriptedReport(request, call, {
        tuned: examShare,
        trained: trainedShare,
        prompted: promptedShare,
        ms: reportMs,
      });
    },

    async describeExport(id) {
      const adapter = adapterOf(id);
      return { formats: exportFormatsOf(adapter), merged: mergedExportFormats(), modelCard: CARD };
    },
    computeGolden: () =>
      Promise.resolve({
        format: 'weblora-golden/1',
        base: { name: MODEL.name, sha256: MODEL.baseHash, precision: 'q4' },
        prompts: [],
      }),
    async exportAdapter(id, name, _golden, isSigned = false) {
      const format = adapterFormat(name);
      const files = new Map<string, Uint8Array>(writeAdapter(format, adapterOf(id), WRITE_OPTIONS));
      if (isSigned) files.set(SIGNATURE_FILE, await signFiles(files, await makeSigningKey()));
      return asDownload(format, files, 'adapter');
    },
    async exportMerged({ format, to, evalData }, { emit, signal }) {
      const { mergeMs, mergedLoss } = await scenario;
      const stopped = new Promise((resolve) => signal.addEventListener('abort', resolve));
      const total = 1e7;
      for (let done = 0; done <= total; done += total / 20) {
        emit({ phase: 'writing the merged model', done, total, unit: 'bytes' });
        await Promise.race([wait(mergeMs / 20), stopped]);
        if (signal.aborted) throw fromFailure({ code: 'aborted', message: 'the export was stopped' });
      }
      if (to?.kind === 'file') {
        const stream = await to.createWritable();
        await stream.write('scripted');
        await stream.close();
      }
      const losses = { unmerged: 0.4, merged: mergedLoss, isWorse: mergedLoss > 0.4 * 1.02 };
      return {
        files: [format],
        bytes: total,
        notes: [],
        base: { name: MODEL.name, sha256: MODEL.baseHash, weights: 'F16', readFrom: 'files', types: ['F16'] },
        ...(evalData && { losses }),
        ...(to === undefined && { content: new Blob(['scripted']) }),
      };
    },
    async adapterFiles(id, name) {
      const files = writeAdapter(adapterFormat(name), adapterOf(id), WRITE_OPTIONS);
      return [...files].map(([file, bytes]) => ({ name: file, bytes }));
    },

    loadAdapter: () => Promise.resolve('adapter:loaded'),
    listAdapters: () => Promise.resolve([]),
    unloadAdapter: () => Promise.resolve(null),
    chooseModels: async (request) => {
      const memory = { availableBytes: (await scenario).freeGpuBytes, isAtLeast: false };
      const device = { profile: DEFAULT_PROFILE, isSoftware: false, memory, flopsPerSecond: 1e12 } as const;
      return chooseModels(device, request);
    },
    async openRun(_model, out) {
      if ((await cleared()).has(out)) throw fromFailure({ code: 'file-not-found', message: `run '${out}'` });
      return `run:${out}`;
    },
    listRuns: () => listAll(),
    async readRun(out) {
      const known = (await cleared()).has(out) ? undefined : details.get(out);
      if (known !== undefined) return known;
      const summary = (await listAll()).find((run) => run.out === out);
      if (summary === undefined) throw fromFailure({ code: 'file-not-found', message: `run '${out}'` });
      const steps = Array.from({ length: summary.step }, (_, i) =>
        recordOf(i + 1, 3.4 - (2.9 * i) / summary.step, 1e-3),
      );
      const request = { config: { lr: 1e-3, rank: 8 }, data: { name: 'rows.jsonl', bytes: new Uint8Array() } };
      return detailsOf(request, summary.totalSteps, steps, summary.finished ? 'completed' : 'stopped');
    },
    exportLibrary: async () => ({
      bytes: new Uint8Array(4),
      versions: (await listAll()).map(({ out }) => out),
      leftOut: [],
    }),
    importLibrary: () => Promise.resolve({ added: [], present: [], notes: {} }),
    deleteRun(out) {
      deleted.add(out);
      return Promise.resolve(null);
    },
    previewRow(_model, data, { system }) {
      const row = JSON.parse(new TextDecoder().decode(data.bytes)) as {
        messages: readonly { readonly role: string; readonly content: string }[];
      };
      const turns = [...(system === undefined ? [] : [{ role: 'system', content: system }]), ...row.messages];
      const pieces = turns.flatMap(({ role, content }) => {
        const scored = role === 'assistant';
        const words = (content.match(/\S+\s*/g) ?? []).map((text) => ({ text, scored }));
        return [{ text: `<|${role}|>`, scored: false }, ...words, { text: '<|end|>', scored }];
      });
      return Promise.resolve({ pieces, notes: [] });
    },
    measureData: (_model, data) => {
      const rows = new TextDecoder().decode(data.bytes).split('\n').filter(Boolean).length;
      const measure = { rows, totalTokens: rows * 42, medianTokens: 40, longestTokens: 77, cutLines: [], problems: [] };
      return Promise.resolve(measure);
    },
    listRequests: async () =>
      performance
        .getEntriesByType('resource')
        .map((entry) => ({ url: entry.name, bytes: (entry as PerformanceResourceTiming).transferSize })),
    dispose: () => Promise.resolve(null),
  };
}
