import type { GpuBase } from '../../models/base/gpu-base.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import { WebLoraError } from '../errors.ts';
import { phrase, setting } from '../phrase.ts';
import { Usage } from '../gpu/gpu.ts';
import type { TilingChoices } from '../gpu/kernel.ts';
import type { Plan } from '../graph/plan.ts';
import { InputWords, type BucketPlans } from '../graph/program.ts';
import { BufferSet, compilePlans, Replay, slabRequests, type BufferSource } from '../graph/replay.ts';
import type { AdapterPool } from '../lora/adapter-pool.ts';
import { settingsOf, type GpuAdapter } from '../lora/gpu-adapter.ts';
import { adapterKind } from '../lora/kinds/index.ts';
import { moduleSettings, type LoraSettings } from '../lora/lora.ts';
import { planGeneration } from './inference-plan.ts';

/** Chooses tilings for plans, e.g. by measuring; default: every shape keeps its own. */
export type ChooseTilings = (plans: readonly Plan[]) => Promise<TilingChoices>;

/** Largest count of rows whose tilings are chosen: reading a prompt is short, writing an answer is long. */
const DECODE_ROWS = 8;

const USAGE = Usage.storage | Usage.copySrc | Usage.copyDst;

/** A KV cache that dispatches are bound to: the past of every slot of one runtime. */
export interface Cache {
  readonly buffers: BufferSet;
}

/**
 * What generation over one base shares: inputs, results, and a program for the base alone and for each shape of adapter
 * (target layers, their ranks, and how their scales go together). Programs are planned and compiled when first asked for and stay.
 */
export class WgslPrograms {
  readonly base: GpuBase;
  readonly slots: number;
  readonly context: number;
  readonly #pool: AdapterPool;
  readonly #choose: ChooseTilings | undefined;
  readonly #programs = new Map<string, Promise<Program>>();
  readonly #made: Program[] = [];
  #sharing: Promise<BufferSet> | undefined;
  #shared: BufferSet | undefined;

  /** @throws `context` when the cache would be longer than the base's rotary tables */
  constructor(
    base: GpuBase,
    { slots, context, choose }: { readonly slots: number; readonly context: number; readonly choose?: ChooseTilings },
    pool: AdapterPool,
  ) {
    if (context > base.context)
      throw new WebLoraError('context', 'KV cache', {
        got: context,
        wanted: `at most ${base.context} positions`,
        fix: phrase`load the model with a larger ${setting('context')}`,
      });
    this.base = base;
    this.slots = slots;
    this.context = context;
    this.#pool = pool;
    this.#choose = choose;
  }

  /** The program for the base alone, or for adapters shaped as this one. */
  async get(adapter?: LoraAdapter): Promise<Program> {
    const settings = adapter === undefined ? undefined : settingsOf(adapter);
    const key = settings === undefined ? 'base' : shapeOf(settings);
    const known = this.#programs.get(key);
    if (known !== undefined) return known;
    const { gpu, model, format, context: tableRows } = this.base;
    const { slots, context } = this;
    const made = (async () => {
      const shared = { format, tableRows, slots, context };
      let planned = planGeneration(model, shared, gpu.profile, settings);
      const decoding = [...planned.plans].filter(([rows]) => rows <= DECODE_ROWS).map(([, plan]) => plan);
      const tilings = (await this.#choose?.(decoding)) ?? {};
      if (Object.keys(tilings).length > 0)
        planned = planGeneration(model, { ...shared, tilings }, gpu.profile, settings);
      await compilePlans(gpu, [...planned.plans.values(), planned.perUpdate]);
      const program = await Program.make(
        this.base,
        { planned, settings },
        await this.#sharedBuffers(planned),
        this.#pool,
      );
      this.#made.push(program);
      return program;
    })();
    this.#programs.set(key, made);
    // A failure is not cached: the next call tries again.
    made.catch(() => {
      this.#programs.delete(key);
      if (this.#programs.size === 0) this.#releaseShared();
    });
    return made;
  }

  dispose(): void {
    for (const program of this.#made) program.dispose();
    this.#programs.clear();
    this.#releaseShared();
  }

  async #sharedBuffers({ inputBytes, results }: BucketPlans): Promise<BufferSet> {
    this.#sharing ??= BufferSet.make(this.base.gpu, 'results of generation', [
      { name: 'inputs', bytes: inputBytes, usage: USAGE },
      ...results.map(({ name, bytes }) => ({ name, bytes, usage: USAGE })),
    ]);
    this.#shared = await this.#sharing;
    return this.#shared;
  }

  #releaseShared(): void {
    this.#shared?.destroy();
    this.#shared = undefined;
    this.#sharing = undefined;
  }
}

/** Launches up to and with the logits, the best token, the most likely ones. */
export type Until = 'logits' | 'best' | 'top';

/** One plan of a program. */
interface Sized {
  readonly rows: number;
  readonly plan: Plan;
  readonly uniformsOffset: number;
  /** The first replay made: others differ in the bind groups of cache and adapter only. */
  template: Replay | undefined;
  readonly replays: WeakMap<Cache, WeakMap<object, Replay>>;
}

/** Adapters of one shape share programs. */
function shapeOf(settings: LoraSettings): string {
  const modules = settings.paths.map((path) => {
    const { rank, scale } = moduleSettings(settings, path);
    return `${path} ${rank} ${relativeScale(scale, settings)}`;
  });
  return [...adapterKind(settings.kind).parts.map(({ name }) => name), ...modules].join(' ');
}

/** A module's scale where the adapter's is 1. */
function relativeScale(scale: number, { scale: usual }: Pick<LoraSettings, 'scale'>): number {
  return scale === usual ? 1 : scale / usual;
}

/** Whether a buffer belongs to an adapter. */
function isOfAdapter(buffer: string, matrices: GpuAdapter | undefined): boolean {
  return buffer === 'params' || matrices?.buffers.get(buffer) !== undefined;
}

/** The index past the last launch. The best token alone takes one launch, the first after the logits. */
function endOf({ launches }: Plan, until: Until): number {
  const logitsEnd = launches.findIndex(({ launch }) => launch.kernel.name === 'top_k');
  return { logits: logitsEnd, best: logitsEnd + 1, top: launches.length }[until];
}

/** Stands for the base alone where an adapter would. */
const NO_ADAPTER = {};

/** The plans of a program, and the shape of the adapters it is for. */
interface ProgramPlans {
  readonly planned: BucketPlans;
  readonly settings: LoraSettings | undefined;
}

/** Plans of every count of rows, ready to run with any adapter of their shape over any cache. */
export class Program {
  /** What a cache must have. */
  readonly caches: BucketPlans['caches'];
  readonly maxRows: number;
  readonly #base: GpuBase;
  readonly #pool: AdapterPool;
  readonly #planned: BucketPlans;
  readonly #shared: BufferSet;
  readonly #buffers: BufferSet;
  readonly #sized: readonly Sized[];
  readonly #inputs: InputWords;
  /** The uniform blocks of all plans as the GPU has them. */
  readonly #uniforms: Uint8Array;
  /** Where scales of modules stand in them, and each for an adapter's scale of 1. */
  readonly #scales: ReadonlyMap<number, number>;
  /** Where the adapter's weight stands in the uniform blocks of what is computed once. */
  readonly #weightOffsets: readonly number[];
  #scale: number | undefined;
  #weight: number | undefined;
  /** What is computed once for an adapter. */
  #perUpdate: Replay | undefined;

  /** @throws `out-of-memory` */
  static async make(base: GpuBase, plans: ProgramPlans, shared: BufferSet, pool: AdapterPool): Promise<Program> {
    const { planned } = plans;
    const buffers = await BufferSet.make(base.gpu, 'intermediate results of generation', [
      ...slabRequests(planned.slabBytes),
      { name: 'uniforms', bytes: planned.uniformBytes, usage: Usage.uniform | Usage.copyDst },
    ]);
    return new Program(base, plans, { shared, buffers }, pool);
  }

  private constructor(
    base: GpuBase,
    { planned, settings }: ProgramPlans,
    { shared, buffers }: { readonly shared: BufferSet; readonly buffers: BufferSet },
    pool: AdapterPool,
  ) {
    this.caches = planned.caches;
    this.#base = base;
    this.#pool = pool;
    this.#planned = planned;
    this.#shared = shared;
    this.#inputs = new InputWords(planned);
    this.#sized = [...planned.plans].map(([rows, plan]): Sized => {
      const uniformsOffset = planned.uniformOffsets.get(rows) ?? 0;
      return { rows, plan, uniformsOffset, template: undefined, replays: new WeakMap() };
    });
    this.maxRows = Math.max(...planned.plans.keys());
    this.#uniforms = new Uint8Array(planned.uniformBytes);
    const scales = new Map<number, number>();
    const weightOffsets = new Set<number>();
    const { perUpdate, perUpdateUniformsOffset } = planned;
    const perUpdatePlan = { plan: perUpdate, uniformsOffset: perUpdateUniformsOffset };
    for (const { plan, uniformsOffset } of [...this.#sized, perUpdatePlan]) {
      this.#uniforms.set(plan.uniforms, uniformsOffset);
      for (const { launch, paramsOffset } of plan.launches) {
        const offsetOf = (name: string): number | undefined => {
          const field = launch.kernel.params.findIndex((param) => param.name === name);
          return field < 0 ? undefined : uniformsOffset + paramsOffset + field * 4;
        };
        const scale = (launch.params['rank'] ?? 0) > 0 ? offsetOf('lora_scale') : undefined;
        if (scale !== undefined && settings !== undefined)
          scales.set(scale, relativeScale(launch.params['lora_scale'] ?? 0, settings));
        const weight = plan === perUpdate ? offsetOf('weight') : undefined;
        if (weight !== undefined) weightOffsets.add(weight);
      }
    }
    this.#scales = scales;
    this.#weightOffsets = [...weightOffsets];
    this.#buffers = buffers;
    base.gpu.writeBuffer(this.#buffers.require('uniforms'), 0, this.#uniforms);
  }

  /** The shared result that `until` leaves, e.g. `logits` or `best.values`. */
  result(name: string): GPUBuffer {
    return this.#shared.require(name);
  }

  /** Makes everything a call with so many rows needs, so that the call itself only writes and encodes. */
  async prepare(rows: number, cache: Cache, adapter?: LoraAdapter): Promise<void> {
    const sized = this.#sizedFor(rows);
    const matrices = adapter === undefined ? undefined : await this.#pool.ensureResident(adapter, this.#planned);
    const source = this.#sourceOf(cache, matrices);
    const uniforms = this.#buffers.require('uniforms');
    sized.template ??= await Replay.make(this.#base.gpu, sized.plan, source, uniforms, sized.uniformsOffset);
    const { perUpdate, perUpdateUniformsOffset: offset } = this.#planned;
    if (matrices !== undefined && perUpdate.launches.length > 0)
      this.#perUpdate ??= await Replay.make(this.#base.gpu, perUpdate, source, uniforms, offset);
  }

  /** Whether `prepare` need not be called again; an adapter may have left meanwhile to make room for others. */
  isPrepared(rows: number, adapter: LoraAdapter | undefined): boolean {
    return this.#sizedFor(rows).template !== undefined && (adapter === undefined || this.#pool.has(adapter));
  }

  /** Writes inputs and scale and submits, all before it returns. `prepare` comes first, for as many rows. */
  run(
    call: {
      readonly rows: number;
      readonly cache: Cache;
      readonly adapter: LoraAdapter | undefined;
      /** Factor on the adapter's own scale. */
      readonly strength: number;
      readonly until: Until;
    },
    write: (region: (name: string) => Uint32Array, size: number) => void,
    finish?: (encoder: GPUCommandEncoder) => void,
  ): void {
    const { rows, cache, adapter, strength, until } = call;
    const sized = this.#sizedFor(rows);
    const matrices = adapter === undefined ? undefined : this.#pool.use(adapter);
    const replay = this.#replayOf(sized, cache, matrices);
    if (adapter !== undefined && matrices !== undefined) {
      this.#setScale(adapter.scale * strength, strength);
      this.#derive(cache, matrices, strength);
    }
    write((name) => this.#inputs.of(name), sized.rows);
    this.#base.gpu.writeBuffer(this.#shared.require('inputs'), 0, this.#inputs.all);
    replay.run({ to: endOf(sized.plan, until), ...(finish && { finish }) });
  }

  #replayOf(sized: Sized, cache: Cache, matrices: GpuAdapter | undefined): Replay {
    const ofCache = sized.replays.get(cache) ?? new WeakMap<object, Replay>();
    sized.replays.set(cache, ofCache);
    const known = ofCache.get(matrices ?? NO_ADAPTER);
    if (known !== undefined) return known;
    if (sized.template === undefined) throw new WebLoraError('internal', 'a program was run before it was prepared');
    const made = sized.template.rebind(
      (buffer) => isOfAdapter(buffer, matrices) || cache.buffers.get(buffer) !== undefined,
      this.#sourceOf(cache, matrices),
      this.#buffers.require('uniforms'),
      sized.uniformsOffset,
    );
    ofCache.set(matrices ?? NO_ADAPTER, made);
    return made;
  }

  #sourceOf(cache: Cache, matrices: GpuAdapter | undefined): BufferSource {
    return (name) =>
      matrices?.buffers.get(name) ??
      cache.buffers.get(name) ??
      this.#buffers.get(name) ??
      this.#shared.get(name) ??
      this.#base.buffers.require(name);
  }

  /** Computes what depends on the adapter's matrices and its weight, unless it is there already. */
  #derive(cache: Cache, matrices: GpuAdapter, weight: number): void {
    if (this.#perUpdate === undefined || matrices.derivedFor === weight) return;
    const { perUpdateUniformsOffset: offset } = this.#planned;
    this.#perUpdate
      .rebind(
        (name) => isOfAdapter(name, matrices),
        this.#sourceOf(cache, matrices),
        this.#buffers.require('uniforms'),
        offset,
      )
      .run();
    matrices.derivedFor = weight;
  }

  #setScale(scale: number, weight: number): void {
    if (scale === this.#scale && weight === this.#weight) return;
    const view = new DataView(this.#uniforms.buffer);
    for (const [offset, relative] of this.#scales) view.setFloat32(offset, scale * relative, true);
    for (const offset of this.#weightOffsets) view.setFloat32(offset, weight, true);
    this.#base.gpu.writeBuffer(this.#buffers.require('uniforms'), 0, this.#uniforms);
    this.#scale = scale;
    this.#weight = weight;
  }

  #sizedFor(rows: number): Sized {
    const sized = this.#sized.find((one) => one.rows >= rows);
    if (sized === undefined)
      throw new WebLoraError('internal', `${rows} rows exceed the largest plan, ${this.maxRows}`);
    return sized;
  }

  dispose(): void {
    this.#buffers.destroy();
  }
}
