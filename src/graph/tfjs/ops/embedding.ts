import type { EmbeddingNode } from '../../ops/embedding.ts';
import type { TfjsOp } from '../pass.ts';

export const embedding: TfjsOp<EmbeddingNode> = ({ tokens, table, scale, y }, pass) => {
  const rows = pass.tf.gather(pass.valueOf(table), pass.indices(tokens));
  pass.set(y, scale === 1 ? rows : pass.tf.mul(rows, scale));
};
