import { embedding as embeddingKernel } from '../../../kernels/embedding/embedding.ts';
import type { ForwardOp, GraphBuilder } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { weightOperands } from './_lib/weight.ts';

export interface EmbeddingNode {
  readonly op: 'embedding';
  readonly tokens: Tensor;
  readonly table: Tensor;
  readonly scale: number;
  readonly y: Tensor;
}

declare module '../op.ts' {
  interface ForwardNodes {
    embedding: EmbeddingNode;
  }
}

/** y[n] = table[tokens[n]] · scale; table [V, C], y [N, C]. */
export function embedding(g: GraphBuilder, tokens: Tensor, table: Tensor, scale = 1): Tensor {
  const y = g.activation('embedding', [tokens.rows, table.cols], []);
  return g.emit({ op: 'embedding', tokens, table, scale, y });
}

export const embeddingOp: ForwardOp<EmbeddingNode> = {
  writes: ['y'],
  // The table is frozen, and tokens are no variables.
  gradient: () => undefined,
  lower({ tokens, table, scale, y }, ctx) {
    for (const part of ctx.parts(table)) {
      const launch = embeddingKernel({
        rows: tokens.rows,
        cols: table.cols,
        rowOffset: part.firstRow,
        partRows: part.rows,
        format: table.format ?? 'f32',
        scale,
      });
      ctx.launch(launch, { tokens, y, ...weightOperands(table, part) });
    }
  },
};
