import { WebLoraError } from '../../../errors.ts';
import type { CachedAttentionNode } from '../../ops/cached_attention.ts';
import type { TfjsOp } from '../pass.ts';

export const cachedAttention: TfjsOp<CachedAttentionNode> = (node, pass) => {
  const { q, k, v, slots, positions, y } = node;
  const { cache } = pass;
  if (cache === undefined) throw new WebLoraError('internal', 'tfjs executor: cached_attention needs a cache');
  const [queries, keys, values] = [pass.valueOf(q), pass.valueOf(k), pass.valueOf(v)];
  pass.set(y, cache.attend(node, queries, keys, values, pass.wordsOf(slots), pass.wordsOf(positions)));
};
