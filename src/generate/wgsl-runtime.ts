import { NO_SLOT } from '../../kernels/kv_write/kv_write.ts';
import type { GpuBase } from '../../models/base/gpu-base.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import { WebLoraError } from '../errors.ts';
import { Usage, WorkErrors } from '../gpu/gpu.ts';
import { phrase, setting } from '../phrase.ts';
import { BufferSet } from '../graph/replay.ts';
import { AdapterPool } from '../lora/adapter-pool.ts';
import { candidatesOf, MAX_CANDIDATES } from './inference-plan.ts';
import { resolveSelection, type Candidates, type Runtime, type RuntimeRows, type AdapterSelection } from './runtime.ts';
import { WgslPrograms, type Cache, type ChooseTilings, type Program, type Until } from './wgsl-programs.ts';

export interface WgslRuntimeOptions {
  readonly adapter?: LoraAdapter;
  /** Sequences decoded side by side. */
  readonly slots: number;
  /** Positions of each slot's cache; at most the base's context. */
  readonly context: number;
  /** Where its adapters stay; by default a pool of its own. */
  readonly pool?: AdapterPool;
  /** Chooses tilings for decoding; default: every shape keeps its own. */
  readonly choose?: ChooseTilings;
}

/** Generation on the GPU: one KV cache, and the programs that run over it. */
export class WgslRuntime implements Runtime {
  readonly vocabSize: number;
  readonly context: number;
  readonly slots: number;
  readonly maxRows: number;
  readonly #programs: WgslPrograms;
  readonly #cache: Cache;
  readonly #staging: GPUBuffer;
  readonly #errors: WorkErrors;
  readonly #candidates: number;
  readonly #onDispose: () => void;
  #program: Program;
  #adapter: LoraAdapter | undefined;
  #strength = 1;

  private constructor(programs: WgslPrograms, program: Program, buffers: BufferSet, onDispose: () => void) {
    this.#programs = programs;
    this.#program = program;
    this.#cache = { buffers };
    this.#staging = buffers.require('staging');
    this.#errors = new WorkErrors(programs.base.gpu, 'generation');
    this.#onDispose = onDispose;
    this.vocabSize = programs.base.model.shape.vocabSize;
    this.context = programs.context;
    this.slots = programs.slots;
    this.maxRows = program.maxRows;
    this.#candidates = Math.min(MAX_CANDIDATES, this.vocabSize);
  }

  /** A runtime with programs of its own. */
  static async make(base: GpuBase, options: WgslRuntimeOptions): Promise<WgslRuntime> {
    const { adapter, slots, context, choose, pool = new AdapterPool(base.gpu) } = options;
    const programs = new WgslPrograms(base, { slots, context, ...(choose && { choose }) }, pool);
    const release = (): void => {
      programs.dispose();
      if (options.pool === undefined) pool.destroy();
    };
    try {
      return await WgslRuntime.over(programs, { ...(adapter && { adapter }) }, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  /**
   * A cache of its own over shared programs.
   * @throws `out-of-memory` when the GPU has not enough memory for the cache
   */
  static async over(
    programs: WgslPrograms,
    selection: AdapterSelection = {},
    onDispose = (): void => undefined,
  ): Promise<WgslRuntime> {
    const { adapter } = resolveSelection(selection);
    const { gpu, model } = programs.base;
    const program = await programs.get(adapter);
    const usage = Usage.storage | Usage.copySrc | Usage.copyDst;
    const buffers = await BufferSet.make(
      gpu,
      `a conversation of ${programs.context} positions`,
      [
        ...program.caches.map(({ name, bytes }) => ({ name, bytes, usage })),
        {
          name: 'staging',
          bytes: stagingBytes(programs.slots, model.shape.vocabSize),
          usage: Usage.mapRead | Usage.copyDst,
        },
      ],
      phrase`close other programs and tabs, lower ${setting('context')}, or choose a smaller model`,
    );
    try {
      const runtime = new WgslRuntime(programs, program, buffers, onDispose);
      await runtime.use(selection);
      return runtime;
    } catch (error) {
      buffers.destroy();
      throw error;
    }
  }

  async use(selection: AdapterSelection): Promise<void> {
    const { adapter, strength } = resolveSelection(selection);
    this.#program = await this.#programs.get(adapter);
    this.#adapter = adapter;
    this.#strength = strength;
    // Decoding is what switching must not delay: its adapter is uploaded here.
    await this.#program.prepare(1, this.#cache, adapter);
  }

  async topK(rows: RuntimeRows, wanted: readonly number[], k: number): Promise<Candidates[]> {
    if (k > this.#candidates) throw new WebLoraError('internal', `topK: k is ${k}, at most ${this.#candidates}`);
    const name = candidatesOf(k, this.#programs.base.gpu.profile.variant);
    const stored = name === 'best' ? 1 : this.#candidates;
    const staging = this.#staging;
    const sizes = { values: this.slots * stored * 4, indices: this.slots * stored * 4, lse: this.slots * 4 };
    const program = await this.#prepared(rows);
    this.#submit(program, rows, wanted, name, (encoder) => {
      let offset = 0;
      for (const part of ['values', 'indices', 'lse'] as const) {
        encoder.copyBufferToBuffer(program.result(`${name}.${part}`), 0, staging, offset, sizes[part]);
        offset += sizes[part];
      }
    });
    const bytes = sizes.values + sizes.indices + sizes.lse;
    const range = await this.#programs.base.gpu.readStaging(staging, bytes, this.#errors.take());
    const lse = new Float32Array(range, sizes.values + sizes.indices, this.slots);
    return wanted.map((_, i) => ({
      values: new Float32Array(range, i * stored * 4, k),
      indices: new Uint32Array(range, sizes.values + i * stored * 4, k),
      lse: lse[i] ?? Number.NaN,
    }));
  }

  async logits(rows: RuntimeRows, wanted: readonly number[]): Promise<Float32Array[]> {
    const bytes = wanted.length * this.vocabSize * 4;
    const program = await this.#prepared(rows);
    // Both in one turn, so that no other runtime over these programs comes between.
    this.#submit(program, rows, wanted, 'logits');
    const all = await this.#programs.base.gpu.readBuffer(program.result('logits'), 0, bytes);
    await this.#errors.check();
    return wanted.map((_, i) => new Float32Array(all, i * this.vocabSize * 4, this.vocabSize));
  }

  dispose(): void {
    this.#cache.buffers.destroy();
    this.#onDispose();
  }

  async #prepared(rows: RuntimeRows): Promise<Program> {
    const { length } = rows.tokens;
    do await this.#program.prepare(length, this.#cache, this.#adapter);
    while (!this.#program.isPrepared(length, this.#adapter));
    return this.#program;
  }

  #submit(
    program: Program,
    rows: RuntimeRows,
    wanted: readonly number[],
    until: Until,
    finish?: (encoder: GPUCommandEncoder) => void,
  ): void {
    if (wanted.length > this.slots)
      throw new WebLoraError('internal', `${wanted.length} rows wanted, at most ${this.slots}`);
    const call = {
      rows: rows.tokens.length,
      cache: this.#cache,
      adapter: this.#adapter,
      strength: this.#strength,
      until,
    };
    const fill = (region: (name: string) => Uint32Array, size: number): void => {
      const write = (name: string, values: ArrayLike<number>, length: number, padding: number): void => {
        region(name).fill(padding, 0, length).set(values);
      };
      region('step').set([0, 0, wanted.length]);
      write('tokens', rows.tokens, size, 0);
      write('positions', rows.positions, size, 0);
      write('slots', rows.slots, size, NO_SLOT);
      write('wanted', wanted, this.slots, 0);
    };
    this.#errors.within(() => program.run(call, fill, finish));
  }
}

/** Values and indices of all candidates, and the log-sum-exp of each slot. */
function stagingBytes(slots: number, vocabSize: number): number {
  return slots * (Math.min(MAX_CANDIDATES, vocabSize) * 2 + 1) * 4;
}
