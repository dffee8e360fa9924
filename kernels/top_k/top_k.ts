import { WebLoraError } from '../../src/errors.ts';
import type { KernelVariant } from '../../src/gpu/device-profile.ts';
import { defineKernel, foldGrid, type Launch } from '../../src/gpu/kernel.ts';
import broadcastWgsl from '../_lib/software/quad_broadcast.wgsl?raw';
import quadsWgsl from './software/top_k_quad.wgsl?raw';
import serialWgsl from './software/top_k_serial.wgsl?raw';
import sortedListsWgsl from './sorted_lists.wgsl?raw';
import wgsl from './top_k.wgsl?raw';

const KERNELS = {
  lists: defineKernel('top_k', [wgsl, sortedListsWgsl].join('\n')),
  rows_serial: defineKernel('top_k', [wgsl, serialWgsl].join('\n')),
  best_quads: defineKernel('top_k', [quadsWgsl, wgsl, serialWgsl, broadcastWgsl].join('\n')),
} as const;

export const MAX_K = 64;
/** Logits that a workgroup takes to a sorted list. */
const CHUNK = 1024;
/** Lists that a workgroup merges into one. */
const MERGED = 16;
/** Words of a list: 64 candidates of two, and its sum. */
const LIST_WORDS = 130;

export interface TopKArgs {
  /** S, sequences decoded together. */
  readonly rows: number;
  /** V */
  readonly vocab: number;
  /** At most 64, at most V. */
  readonly k: number;
  readonly variant: KernelVariant;
}

/** Sorted lists that `workgroup` keeps between its launches, in each of two tensors: [lists, words of one]. */
export function listsShape({ rows, vocab, variant }: Omit<TopKArgs, 'k'>): readonly [number, number] | undefined {
  return variant === 'workgroup' ? [rows * Math.ceil(vocab / CHUNK), LIST_WORDS] : undefined;
}

/**
 * The k largest finite logits of each row, descending, ties by lower index, and the log-sum-exp of the whole row.
 * Operands: logits [S, V] -> values [S, k], indices [S, k] u32, lse [S]; between the launches of `workgroup` `lists_0` and
 * `lists_1`, as `listsShape` has them. A place for which no finite logit is left gets index 0xffffffff; NaN or +infinity
 * makes lse NaN.
 * @throws `internal` when k is out of its range
 */
export function topK(args: TopKArgs): readonly Launch[] {
  const { rows, vocab, k, variant } = args;
  if (!(k >= 1 && k <= Math.min(MAX_K, vocab)))
    throw new WebLoraError('internal', 'top_k: k', { got: k, wanted: `1 to ${Math.min(MAX_K, vocab)}` });
  const params = { rows, vocab, k, lists: 0 };
  const flops = 6 * rows * vocab;
  if (variant === 'workgroup') return sortedLists(args);
  const entry = variant === 'serial-quad' && k === 1 ? 'best_quads' : 'rows_serial';
  const operands = ['logits', 'values', 'indices', 'lse'];
  return [{ kernel: KERNELS[entry], entry, overrides: {}, params, operands, workgroups: foldGrid(rows), flops }];
}

function sortedLists({ rows, vocab, k }: TopKArgs): readonly Launch[] {
  const launches: Launch[] = [];
  const launch = (entry: string, lists: number, more: Pick<Launch, 'operands' | 'aliases' | 'flops'>, groups: number) =>
    launches.push({
      ...{ kernel: KERNELS.lists, entry, overrides: {}, params: { rows, vocab, k, lists } },
      ...{ workgroups: foldGrid(rows * groups), ...more },
    });
  let lists = Math.ceil(vocab / CHUNK);
  const written = (): string => `lists_${launches.length % 2}`;
  const read = (): string => `lists_${(launches.length + 1) % 2}`;
  const sorting = { operands: ['logits', 'lists'], aliases: { lists: written() }, flops: 6 * rows * vocab };
  launch('sort_chunk', lists, sorting, lists);
  for (; lists > MERGED; lists = Math.ceil(lists / MERGED)) {
    const merging = { operands: ['lists_in', 'lists'], aliases: { lists_in: read(), lists: written() }, flops: 0 };
    launch('merge', lists, merging, Math.ceil(lists / MERGED));
  }
  const operands = ['lists_in', 'values', 'indices', 'lse'];
  launch('finish', lists, { operands, aliases: { lists_in: read() }, flops: 0 }, 1);
  return launches;
}
