import { codeWordsPerRow, scaleWordsPerRow, type WeightFormat } from '../../src/formats/quantize.ts';
import { defineKernel, type Kernel } from '../../src/gpu/kernel.ts';
import octFloatWgsl from './oct_float.wgsl?raw';
import octGroupedWgsl from './oct_grouped.wgsl?raw';
import quadsWgsl from './quads.wgsl?raw';
import floatWgsl from './weight_float.wgsl?raw';
import groupedWgsl from './weight_grouped.wgsl?raw';
import rowsWgsl from './weight_rows.wgsl?raw';

const FORMAT_CODE: Readonly<Record<WeightFormat, number>> = { f32: 0, f16: 1, bf16: 2, q8: 3, q4: 4 };

/** A kernel over a packed weight. The two storage classes differ in their bindings, so each is a program of its own. */
export interface WeightKernel {
  readonly float: Kernel;
  readonly grouped: Kernel;
}

/** Joins a kernel's source with the code that reads weights: operands `w_codes` and, for q8 and q4, `w_scales`. */
export function defineWeightKernel(name: string, wgsl: string): WeightKernel {
  const join = (reader: string): Kernel => defineKernel(name, [wgsl, reader, rowsWgsl].join('\n'));
  return { float: join(floatWgsl), grouped: join(groupedWgsl) };
}

/** The same for a source that begins with `enable subgroups;` and reads eight columns at once (`weight_oct`, `spread`). */
export function defineQuadsKernel(name: string, wgsl: string): WeightKernel {
  const join = (...readers: string[]): Kernel => defineKernel(name, [wgsl, ...readers, rowsWgsl, quadsWgsl].join('\n'));
  return { float: join(floatWgsl, octFloatWgsl), grouped: join(groupedWgsl, octGroupedWgsl) };
}

export interface WeightReading {
  readonly kernel: Kernel;
  readonly overrides: { readonly FORMAT: number };
  readonly params: { readonly code_words: number; readonly scale_words: number };
  readonly operands: readonly string[];
}

/** The parts of a launch that depend on how its weight is stored. */
export function readWeight(kernel: WeightKernel, format: WeightFormat, cols: number): WeightReading {
  const grouped = format === 'q8' || format === 'q4';
  return {
    kernel: grouped ? kernel.grouped : kernel.float,
    overrides: { FORMAT: FORMAT_CODE[format] },
    params: { code_words: codeWordsPerRow(format, cols), scale_words: scaleWordsPerRow(format, cols) },
    operands: grouped ? ['w_codes', 'w_scales'] : ['w_codes'],
  };
}
