import { WebLoraError } from '../errors.ts';
import { MAX_STORAGE_BINDINGS, PARAMS_BINDING, type Launch } from './kernel.ts';

export interface CompiledPipeline {
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** The part of a launch that decides its pipeline; shapes travel in the uniform block. */
export type PipelineRequest = Pick<Launch, 'kernel' | 'entry' | 'overrides' | 'operands'>;

/** One WGSL text. Its number stands for it in keys: a plan asks for hundreds of launches, and a file is long. */
interface Source {
  readonly id: number;
  readonly module: GPUShaderModule;
}

/**
 * Compiles and caches compute pipelines. The key is the whole source, the entry point, the overrides and the bound
 * operands, so two different programs can never share a pipeline.
 */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #sources = new Map<string, Source>();
  readonly #pipelines = new Map<string, Promise<CompiledPipeline>>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Number of distinct pipelines asked for so far. */
  get size(): number {
    return this.#pipelines.size;
  }

  #source({ name, wgsl }: PipelineRequest['kernel']): Source {
    let source = this.#sources.get(wgsl);
    if (source === undefined) {
      source = { id: this.#sources.size, module: this.#device.createShaderModule({ label: name, code: wgsl }) };
      this.#sources.set(wgsl, source);
    }
    return source;
  }

  #keyOf({ kernel, entry, overrides, operands }: PipelineRequest): string {
    const settings = Object.entries(overrides).sort(([a], [b]) => (a < b ? -1 : 1));
    return JSON.stringify([this.#source(kernel).id, entry, settings, operands]);
  }

  /** Compiles without blocking; callers ask for all pipelines of a plan at once and await them together. */
  get(request: PipelineRequest): Promise<CompiledPipeline> {
    const key = this.#keyOf(request);
    let compiled = this.#pipelines.get(key);
    if (compiled === undefined) {
      compiled = this.#compile(request);
      this.#pipelines.set(key, compiled);
      // A failure is not cached: memory may have been short.
      compiled.catch(() => this.#pipelines.delete(key));
    }
    return compiled;
  }

  async #compile(request: PipelineRequest): Promise<CompiledPipeline> {
    const { kernel, entry, overrides, operands } = request;
    const settings = Object.entries(overrides).map(([name, value]) => ` ${name}=${value}`);
    const label = `${kernel.name}/${entry}${settings.join('')}`;
    if (!kernel.entryPoints.includes(entry))
      throw new WebLoraError('internal', `kernel ${kernel.name} has no entry point '${entry}'`);
    if (operands.length > MAX_STORAGE_BINDINGS) {
      throw new WebLoraError(
        'internal',
        `${label} binds ${operands.length} storage buffers, wanted at most ${MAX_STORAGE_BINDINGS}`,
      );
    }
    const entries: GPUBindGroupLayoutEntry[] = [];
    if (kernel.params.length > 0)
      entries.push({ binding: PARAMS_BINDING, visibility: GPU_STAGE_COMPUTE, buffer: { type: 'uniform' } });
    for (const name of operands) {
      const storage = kernel.storage.get(name);
      if (storage === undefined)
        throw new WebLoraError('internal', `${label}: no storage binding '${name}' in the WGSL source`);
      entries.push({
        binding: storage.binding,
        visibility: GPU_STAGE_COMPUTE,
        buffer: { type: storage.access === 'read' ? 'read-only-storage' : 'storage' },
      });
    }
    const { module } = this.#source(kernel);
    const layout = this.#device.createBindGroupLayout({ label, entries });
    try {
      const pipeline = await this.#device.createComputePipelineAsync({
        label,
        layout: this.#device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: entry, constants: { ...overrides } },
      });
      return { label, pipeline, layout };
    } catch (cause) {
      const info = await module.getCompilationInfo();
      const messages = info.messages
        .map((message) => `${message.lineNum}:${message.linePos} ${message.message}`)
        .join(' | ');
      const detail = messages === '' ? (cause instanceof Error ? cause.message : String(cause)) : messages;
      throw new WebLoraError('internal', `pipeline ${label} does not compile: ${detail}`, { cause });
    }
  }
}

// GPUShaderStage.COMPUTE, spelled out because Node has no such global.
const GPU_STAGE_COMPUTE = 0x4;
