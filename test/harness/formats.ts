import { readFileSync } from 'node:fs';
import { readSafetensors, tensorToFloat32 } from '../../src/formats/safetensors.ts';
import {
  codeWordsPerRow,
  packWeight,
  scaleWordsPerRow,
  SUPER_WORDS,
  type PackedWeight,
  type WeightFormat,
} from '../../src/formats/quantize.ts';
import { testValues } from './compare.ts';

/** A file of test/fixtures/formats: what a format's definition says, element by element. */
export interface FormatFixture {
  readonly shape: (tensor: string) => readonly number[];
  readonly bytes: (tensor: string) => Uint8Array;
  readonly floats: (tensor: string) => Float32Array;
}

export function formatFixture(file: 'blocks' | 'nf4'): FormatFixture {
  const { tensors } = readSafetensors(
    readFileSync(new URL(`../fixtures/formats/${file}.safetensors`, import.meta.url)),
  );
  const tensor = (name: string): NonNullable<ReturnType<typeof tensors.get>> => {
    const found = tensors.get(name);
    if (found === undefined) throw new Error(`no tensor '${name}' in test/fixtures/formats/${file}.safetensors`);
    return found;
  };
  return {
    shape: (name) => tensor(name).shape,
    bytes: (name) => Uint8Array.from(tensor(name).bytes),
    floats: (name) => Float32Array.from(tensorToFloat32(tensor(name))),
  };
}

/**
 * A weight of any format with values of a few hundredths. Formats that only files come in get arbitrary codes, padding included,
 * and scales of both signs; the others are packed from values.
 */
export function testWeight(format: WeightFormat, rows: number, cols: number, seed: number): PackedWeight {
  switch (format) {
    case 'f32':
    case 'f16':
    case 'bf16':
    case 'q8':
    case 'q4':
    case 'nf4':
      return packWeight(testValues(rows * cols, seed), rows, cols, format);
    case 'q4_0':
    case 'q5_0':
    case 'q5_1':
    case 'q4_k':
    case 'q5_k':
    case 'q6_k':
      break;
    default:
      return format satisfies never;
  }
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
  const word = (): number => ((next() << 16) ^ next()) >>> 0;
  const codes = Uint32Array.from({ length: rows * codeWordsPerRow(format, cols) }, word);
  const isSuper = format.endsWith('_k');
  // Halves of a magnitude from 2^-7 to 2^-6, or from 2^-14 to 2^-13 where whole numbers up to 127 multiply them.
  const half = (): number => (isSuper ? 0x0400 : 0x2000) | (next() & 0x83ff);
  const scales = Uint32Array.from({ length: rows * scaleWordsPerRow(format, cols) }, (_, at) =>
    isSuper && at % SUPER_WORDS > 0 ? word() : ((half() << 16) | half()) >>> 0,
  );
  return { format, rows, cols, codes, scales };
}

/** Every format that a kernel reads. */
export const ALL_FORMATS: readonly WeightFormat[] = [
  'f32',
  'f16',
  'bf16',
  'q8',
  'q4',
  'nf4',
  'q4_0',
  'q5_0',
  'q5_1',
  'q4_k',
  'q5_k',
  'q6_k',
];
