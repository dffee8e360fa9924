import { codeWordsPerRow, scaleWordsPerRow, type WeightFormat } from '../../src/formats/quantize.ts';
import { NF4_BLOCK } from '../../src/formats/nf4.ts';
import { defineKernel, type Kernel } from '../../src/gpu/kernel.ts';
import unpack8BlocksWgsl from './software/unpack8_blocks.wgsl?raw';
import unpack8FloatWgsl from './software/unpack8_float.wgsl?raw';
import unpack8GroupedWgsl from './software/unpack8_grouped.wgsl?raw';
import unpack8Nf4Wgsl from './software/unpack8_nf4.wgsl?raw';
import broadcastWgsl from './software/quad_broadcast.wgsl?raw';
import blocksWgsl from './weight_blocks.wgsl?raw';
import floatWgsl from './weight_float.wgsl?raw';
import groupedWgsl from './weight_grouped.wgsl?raw';
import nf4Wgsl from './weight_nf4.wgsl?raw';
import rowsWgsl from './weight_rows.wgsl?raw';
import wideFloatWgsl from './wide_float.wgsl?raw';
import wideGroupedWgsl from './wide_grouped.wgsl?raw';
import wideQuadsWgsl from './wide_quads.wgsl?raw';

/** Groups of formats that share a reader: a kernel's source is joined with only one of these, which keeps programs small. */
type Reader = 'float' | 'grouped' | 'blocks' | 'nf4';

interface ReaderSources {
  readonly plain: string;
  readonly unpack8: string;
  /** Sixteen columns at a time. */
  readonly wide: readonly string[];
}

const READERS: Readonly<Record<Reader, ReaderSources>> = {
  float: { plain: floatWgsl, unpack8: unpack8FloatWgsl, wide: [wideFloatWgsl] },
  grouped: { plain: groupedWgsl, unpack8: unpack8GroupedWgsl, wide: [wideGroupedWgsl] },
  blocks: { plain: blocksWgsl, unpack8: unpack8BlocksWgsl, wide: [blocksWgsl, wideQuadsWgsl] },
  nf4: { plain: nf4Wgsl, unpack8: unpack8Nf4Wgsl, wide: [nf4Wgsl, wideQuadsWgsl] },
};

/** The reader of each format, and the format's value of FORMAT. */
const FORMATS: Readonly<Record<WeightFormat, readonly [reader: Reader, code: number]>> = {
  f32: ['float', 0],
  f16: ['float', 1],
  bf16: ['float', 2],
  q8: ['grouped', 3],
  q4: ['grouped', 4],
  q4_0: ['blocks', 5],
  q4_k: ['blocks', 6],
  q5_0: ['blocks', 7],
  q5_1: ['blocks', 8],
  q5_k: ['blocks', 9],
  q6_k: ['blocks', 10],
  nf4: ['nf4', 11],
};
const NF4_ACROSS_ROWS = 12;

/** A kernel over a packed weight: a program for each reader. */
export type WeightKernel = Readonly<Record<Reader, Kernel>>;

function join(reading: (reader: Reader) => readonly string[], name: string, wgsl: string): WeightKernel {
  const of = (reader: Reader): Kernel => defineKernel(name, [wgsl, ...reading(reader)].join('\n'));
  return { float: of('float'), grouped: of('grouped'), blocks: of('blocks'), nf4: of('nf4') };
}

/** Joins a kernel's source with the code that reads weights: operands `w_codes` and, except for float formats, `w_scales`. */
export function defineWeightKernel(name: string, wgsl: string): WeightKernel {
  return join((reader) => [READERS[reader].plain, rowsWgsl], name, wgsl);
}

/** The same for a source that begins with `enable subgroups;` and reads eight columns at once (`weight_unpack8`, `quad_broadcast`). */
export function defineQuadsKernel(name: string, wgsl: string): WeightKernel {
  return join((reader) => [READERS[reader].plain, READERS[reader].unpack8, rowsWgsl, broadcastWgsl], name, wgsl);
}

/** The same for a source that reads sixteen columns at once: `fetch` and `unpack`. */
export function defineWideKernel(name: string, wgsl: string): WeightKernel {
  return join((reader) => READERS[reader].wide, name, wgsl);
}

export interface WeightReading {
  readonly kernel: Kernel;
  readonly overrides: { readonly FORMAT: number };
  readonly params: { readonly code_words: number; readonly scale_words: number };
  readonly operands: readonly string[];
}

/** The parts of a launch that depend on how its weight is stored. */
export function readWeight(kernel: WeightKernel, format: WeightFormat, cols: number): WeightReading {
  const [reader, code] = FORMATS[format];
  const scaleWords = scaleWordsPerRow(format, cols);
  return {
    kernel: kernel[reader],
    overrides: { FORMAT: format === 'nf4' && cols % NF4_BLOCK !== 0 ? NF4_ACROSS_ROWS : code },
    params: { code_words: codeWordsPerRow(format, cols), scale_words: scaleWords },
    operands: scaleWords > 0 ? ['w_codes', 'w_scales'] : ['w_codes'],
  };
}
