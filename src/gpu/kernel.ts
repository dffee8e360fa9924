import { WebLoraError } from '../errors.ts';
import { writeOutRepeats } from './repeats.ts';

/** A scalar field of a kernel's `Params` uniform struct. */
export interface ParamField {
  readonly name: string;
  readonly type: 'u32' | 'i32' | 'f32';
}

export type Access = 'read' | 'read_write';

/** One storage binding, as declared in the WGSL source. */
export interface StorageBinding {
  readonly binding: number;
  readonly name: string;
  readonly access: Access;
}

/** A WGSL file, its repeats written out, with the facts that are read off its source: nothing is declared twice. */
export interface Kernel {
  /** Name of the kernel's folder, e.g. `rms_norm`, or of a variant in it. */
  readonly name: string;
  readonly wgsl: string;
  /** Fields of `struct Params`, in order; each 4 bytes. Empty when the kernel takes none. */
  readonly params: readonly ParamField[];
  /** Every storage binding of the file by its WGSL variable name. */
  readonly storage: ReadonlyMap<string, StorageBinding>;
  readonly entryPoints: readonly string[];
}

/** Bind-group slot of the uniform block, by convention in every kernel. */
export const PARAMS_BINDING = 0;

/** The specification's default for maxStorageBuffersPerShaderStage; Chromium gives 10, Dawn in Node more. */
export const MAX_STORAGE_BINDINGS = 8;

/**
 * Reads a kernel's interface off its WGSL source. Conventions of every kernel: one bind group (0); binding 0 is
 * `var<uniform> …: Params` whose struct has only u32, i32 and f32 scalars; every other binding is a storage buffer. What
 * the source repeats is written out (repeats.ts).
 * @throws `internal` when the source breaks a convention
 */
export function defineKernel(name: string, template: string): Kernel {
  const wgsl = writeOutRepeats(template);
  const source = wgsl.replace(/\/\/[^\n]*/g, '');
  const params: ParamField[] = [];
  const struct = /struct\s+Params\s*\{([^}]*)\}/.exec(source);
  if (struct?.[1] !== undefined) {
    for (const part of struct[1].split(',')) {
      if (part.trim() === '') continue;
      const field = /^\s*(\w+)\s*:\s*(u32|i32|f32)\s*$/.exec(part);
      if (field?.[1] === undefined)
        throw new WebLoraError(
          'internal',
          `kernel ${name}: Params field '${part.trim()}' is not a u32, i32 or f32 scalar`,
        );
      params.push({ name: field[1], type: field[2] as ParamField['type'] });
    }
  }
  const storage = new Map<string, StorageBinding>();
  for (const match of source.matchAll(
    /@group\(0\)\s*@binding\((\d+)\)\s*var<storage(?:\s*,\s*(read_write|read))?>\s*(\w+)/g,
  )) {
    const [, binding, access, variable] = match;
    if (binding === undefined || variable === undefined) continue;
    storage.set(variable, { binding: Number(binding), name: variable, access: (access ?? 'read') as Access });
  }
  const entryPoints = [...source.matchAll(/@compute[^{]*?fn\s+(\w+)\s*\(/g)].map((match) => match[1] ?? '');
  if (entryPoints.length === 0) throw new WebLoraError('internal', `kernel ${name}: no @compute entry point`);
  return { name, wgsl, params, storage, entryPoints };
}

/**
 * One dispatch of one entry point, before buffers are known: what the spec in a kernel's folder returns.
 * `operands` name the WGSL storage variables the entry point uses; the executor maps each to a tensor.
 */
export interface Launch {
  readonly kernel: Kernel;
  readonly entry: string;
  readonly overrides: Readonly<Record<string, number>>;
  /** Value per field of Params; every field must be given. */
  readonly params: Readonly<Record<string, number>>;
  readonly operands: readonly string[];
  /**
   * Operands under which another operand's tensor is bound: unread ones, so that one program serves launches with and
   * without them, and those that are swapped. A program takes seconds to compile on a software adapter.
   */
  readonly aliases?: Readonly<Record<string, string>>;
  readonly workgroups: readonly [number, number, number];
  /** Lanes that every subgroup of the device must have. */
  readonly subgroupSize?: number;
  /** The same work in other ways, where a measurement on the device should choose. */
  readonly tilings?: Tilings;
  /** Floating point operations of the dispatch, for slicing submissions and for benchmarks. */
  readonly flops: number;
}

/** Launches over the same operands that do the same work, by name; the default's is its entry point. */
export interface Tilings {
  /** What was measured holds for every launch of this shape, e.g. `matmul_nt 512x576->1536 q4 rank 16`. */
  readonly shape: string;
  readonly launches: Readonly<Record<string, Launch>>;
  /** What operands hold when the tilings are measured, where the work depends on it; the others hold small numbers. */
  readonly contents?: Readonly<Record<string, () => Uint32Array>>;
}

/** The name of the tiling to use, by shape. */
export type TilingChoices = Readonly<Record<string, string>>;

/** Packs a launch's parameters in the order of the WGSL struct, padded to 16 bytes. */
export function packParams(kernel: Kernel, values: Readonly<Record<string, number>>): ArrayBuffer {
  const bytes = new ArrayBuffer(Math.max(16, Math.ceil((kernel.params.length * 4) / 16) * 16));
  const view = new DataView(bytes);
  const known = new Set(kernel.params.map((field) => field.name));
  for (const name of Object.keys(values)) {
    if (!known.has(name)) throw new WebLoraError('internal', `kernel ${kernel.name}: Params has no field '${name}'`);
  }
  kernel.params.forEach((field, index) => {
    const value = values[field.name];
    if (value === undefined)
      throw new WebLoraError('internal', `kernel ${kernel.name}: Params field '${field.name}' was not given`);
    if (field.type === 'f32') view.setFloat32(index * 4, value, true);
    else if (field.type === 'u32') {
      if (!(Number.isInteger(value) && value >= 0 && value <= 0xffffffff)) {
        throw new WebLoraError('internal', `kernel ${kernel.name}: Params field '${field.name}'`, {
          got: value,
          wanted: 'a u32',
        });
      }
      view.setUint32(index * 4, value, true);
    } else view.setInt32(index * 4, value, true);
  });
  return bytes;
}

/** Largest workgroup count per dimension every WebGPU device accepts. */
export const MAX_WORKGROUPS = 65535;

/**
 * Folds a count of workgroups into two dimensions, since one dimension is capped at 65535.
 * The kernel recovers the index as `wg.y * grid.x + wg.x` and must return when it is past the end.
 */
export function foldGrid(count: number): [number, number, number] {
  if (count <= MAX_WORKGROUPS) return [Math.max(1, count), 1, 1];
  const y = Math.ceil(count / MAX_WORKGROUPS);
  return [Math.ceil(count / y), y, 1];
}
