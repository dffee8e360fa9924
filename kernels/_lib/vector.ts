import { defineKernel, type Kernel } from '../../src/gpu/kernel.ts';
import vector1 from './vector_1.wgsl?raw';
import vector2 from './vector_2.wgsl?raw';
import vector4 from './vector_4.wgsl?raw';

/** One program per width of a storage load: a binding of vec4f needs rows whose length is a multiple of 4. */
export interface VectorKernel {
  readonly 1: Kernel;
  readonly 2: Kernel;
  readonly 4: Kernel;
}

/** Joins a source written over `Vec`, `WIDTH` and the `vec_*` functions with their definition for each width. */
export function defineVectorKernel(name: string, ...sources: readonly string[]): VectorKernel {
  const withWidth = (vector: string): Kernel => defineKernel(name, [...sources, vector].join('\n'));
  return { 1: withWidth(vector1), 2: withWidth(vector2), 4: withWidth(vector4) };
}

/** The widest load that divides `length`. */
export function vectorWidth(length: number): 1 | 2 | 4 {
  return length % 4 === 0 ? 4 : length % 2 === 0 ? 2 : 1;
}
