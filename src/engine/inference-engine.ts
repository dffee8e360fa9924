import { resolveBase } from '../../models/base/base-format.ts';
import { baseBufferRequests, GpuBase } from '../../models/base/gpu-base.ts';
import { baseNamesOf } from '../../models/checkpoint/gguf/base-names.ts';
import { openModel, type OpenModel } from '../../models/checkpoint/open-model.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import { readAdapterFiles } from '../adapters/formats/index.ts';
import { toFailure, WebLoraError } from '../errors.ts';
import { Conversation } from '../generate/conversation.ts';
import { WgslPrograms } from '../generate/wgsl-programs.ts';
import { WgslRuntime } from '../generate/wgsl-runtime.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { AdapterPool } from '../lora/adapter-pool.ts';
import { assertAdapterFits } from '../lora/gpu-adapter.ts';
import type { ModelStore } from '../sources/model-store.ts';
import type { FileStore } from '../storage/store.ts';
import type {
  AdapterId,
  Call,
  EngineCalls,
  GenerateEvent,
  GenerateRequest,
  LoadOptions,
  ModelFacts,
  ModelId,
  ModelSource,
  NamedFile,
  ProgressEvent,
} from './calls.ts';
import { resolveContext } from './context.ts';
import { fileBytes } from './file-bytes.ts';
import { modelFacts } from './model-facts.ts';
import { openSource } from './open-source.ts';
import { tilingsFor, type MeasuredTilings } from './tilings.ts';

/** The calls of a page that only talks with a tuned model. */
export type InferenceCalls = Pick<EngineCalls, 'loadModel' | 'loadAdapter' | 'generate' | 'dispose'>;

export interface InferenceDeps {
  readonly openGpu: () => Promise<Gpu>;
  /** Where what was measured of the device is cached. */
  readonly openStore: () => Promise<FileStore>;
  readonly openModels: () => Promise<ModelStore>;
}

const MODEL: ModelId = 'model';

interface Loaded {
  readonly opened: OpenModel;
  readonly base: GpuBase;
  readonly pool: AdapterPool;
  readonly conversation: Conversation;
}

/**
 * One model, adapters over it and one conversation, on WebGPU: an engine from which training, evaluation, export and the path
 * without a GPU are left out, for sites that show a tuned model.
 */
export function makeInferenceEngine(deps: InferenceDeps): InferenceCalls {
  return new InferenceEngine(deps);
}

class InferenceEngine implements InferenceCalls {
  readonly #deps: InferenceDeps;
  #gpu: Promise<Gpu> | undefined;
  #loaded: Loaded | undefined;
  readonly #adapters = new Map<AdapterId, LoraAdapter>();

  constructor(deps: InferenceDeps) {
    this.#deps = deps;
  }

  /** @throws `no-webgpu`: without a GPU nothing is computed here; as for the full engine otherwise */
  async loadModel(source: ModelSource, options: LoadOptions, call: Call<ProgressEvent>): Promise<ModelFacts> {
    const { openGpu, openModels, openStore } = this.#deps;
    const gpu = await (this.#gpu ??= openGpu());
    const folder = await openSource(source, options, call, {
      openModels,
      readEmbedded: (path) => Promise.reject(new WebLoraError('file-not-found', `the built-in model: ${path}`)),
    });
    const opened = await openModel(folder);
    const context = resolveContext(opened.model, options.context);
    const format = resolveBase(opened, options.base);
    const base = await GpuBase.load(gpu, opened, {
      format,
      context,
      onProgress: (done, total) => call.emit({ phase: 'preparing the model', done, total, unit: 'rows' }),
    });
    const pool = new AdapterPool(gpu);
    const tuned = gpu.profile.variant === 'workgroup';
    const measured: MeasuredTilings = new Map();
    const programs = new WgslPrograms(
      base,
      {
        slots: 1,
        context,
        ...(tuned && { choose: async (plans) => tilingsFor(gpu, plans, { measured, store: await openStore() }) }),
      },
      pool,
    );
    const conversation = new Conversation(await WgslRuntime.over(programs), () => opened.tokenizer());
    this.#loaded = { opened, base, pool, conversation };
    const weightsBytes = baseBufferRequests(opened.model, format, context, gpu.profile.limits).reduce(
      (sum, { bytes }) => sum + bytes,
      0,
    );
    return modelFacts({ opened, format, context }, { id: MODEL, weightsBytes });
  }

  #model(): Loaded {
    if (this.#loaded === undefined) throw new WebLoraError('internal', 'no model is loaded');
    return this.#loaded;
  }

  async loadAdapter(_model: ModelId, given: readonly NamedFile[]): Promise<AdapterId> {
    const { opened } = this.#model();
    const adapter = await readAdapterFiles(await fileBytes(given), () => Promise.resolve(baseNamesOf(opened.model)));
    assertAdapterFits(adapter, opened.model);
    const id: AdapterId = `adapter-${this.#adapters.size}`;
    this.#adapters.set(id, adapter);
    return id;
  }

  generate(request: GenerateRequest, call: Call<GenerateEvent>): Promise<null> {
    const { conversation } = this.#model();
    void this.#answer(conversation, request, call);
    return Promise.resolve(null);
  }

  async #answer(
    conversation: Conversation,
    request: GenerateRequest,
    { emit, signal }: Call<GenerateEvent>,
  ): Promise<void> {
    try {
      const { model: _model, adapter: id, strength, conversation: _name, ...settings } = request;
      const adapter = id === undefined ? undefined : this.#adapters.get(id);
      const selection = { ...(adapter && { adapter }), ...(strength !== undefined && { strength }) };
      const pieces = conversation.answer(settings, selection, { signal });
      for (;;) {
        const piece = await pieces.next();
        if (piece.done === true) return emit({ kind: 'done', report: piece.value });
        emit({ kind: 'text', text: piece.value });
      }
    } catch (thrown) {
      emit({ kind: 'failed', error: toFailure(thrown) });
    }
  }

  async dispose(): Promise<null> {
    const { conversation, pool, base } = this.#loaded ?? {};
    await conversation?.dispose();
    pool?.destroy();
    base?.destroy();
    (await this.#gpu?.catch(() => undefined))?.destroy();
    return null;
  }
}
