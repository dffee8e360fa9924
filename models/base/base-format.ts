import { WebLoraError } from '../../src/errors.ts';
import { phrase, setting } from '../../src/phrase.ts';
import { checkFinite } from '../../src/formats/pack-groups.ts';
import { packWeight, type BaseFormat, type PackedWeight, type WeightFormat } from '../../src/formats/quantize.ts';
import type { WeightSpec } from '../families/family.ts';
import type { OpenModel } from '../checkpoint/open-model.ts';

/**
 * How a model's base is stored: as asked for, else as its file has it (GGUF), else `q4`.
 * @throws `config` when `gguf` is asked of a model that is none
 */
export function resolveBase(opened: Pick<OpenModel, 'name' | 'readPacked'>, wanted?: BaseFormat): BaseFormat {
  const keepsOwn = opened.readPacked !== undefined;
  if (wanted === 'gguf' && !keepsOwn) {
    throw new WebLoraError('config', setting('base'), {
      got: `gguf for ${opened.name}, which is no GGUF file`,
      wanted: 'q4, nf4, q8, f16, bf16 or f32',
      fix: phrase`leave ${setting('base')} out, or choose one of these`,
    });
  }
  return wanted ?? (keepsOwn ? 'gguf' : 'q4');
}

/** The format a matrix is stored in: the base's, but for learned positions, which are never quantised. */
export function formatOf(spec: WeightSpec, base: BaseFormat): WeightFormat {
  if (spec.kind === 'positions') return 'f32';
  if (base !== 'gguf') return base;
  if (spec.fileFormat === undefined) throw new WebLoraError('internal', `${spec.name} has no format in its file`);
  return spec.fileFormat;
}

/** A whole matrix in the format `formatOf` says. */
export async function readMatrix(opened: OpenModel, spec: WeightSpec, base: BaseFormat): Promise<PackedWeight> {
  const { name, shape, kind } = spec;
  const [rows = 0, cols = 0] = shape;
  const format = kind === 'positions' ? 'f32' : base;
  if (format !== 'gguf') return packWeight(await opened.read(name), rows, cols, format, name);
  if (opened.readPacked === undefined) throw new WebLoraError('internal', `${opened.name} keeps no formats of its own`);
  return opened.readPacked(name, 0, rows);
}

/** A vector, which every base keeps in f32. @throws WebLoraError 'bad-model' when a value is not finite */
export async function readVector(opened: OpenModel, { name }: WeightSpec): Promise<Float32Array> {
  const values = await opened.read(name);
  checkFinite(values, name);
  return values;
}
