import { WebLoraError } from '../../../errors.ts';
import type { AttentionNode, AttentionShape } from '../../ops/attention.ts';
import { attend, causalMask } from '../attention.ts';
import type { Tf, TfTensor } from '../library.ts';
import type { TfjsOp } from '../pass.ts';

export const attention: TfjsOp<AttentionNode> = (node, pass) => {
  const { q, k, v, bounds, window, y } = node;
  const lengths = pass.once(`segments/${bounds.id}`, () => segmentLengths(pass.wordsOf(bounds)));
  const maskOf = (rows: number): TfTensor | undefined =>
    pass.once(`mask/${rows}/${window ?? 0}`, () => causalMask(pass.tf, 0, rows, window));
  pass.set(y, segmentAttention(pass.tf, pass.valueOf(q), pass.valueOf(k), pass.valueOf(v), lengths, node, maskOf));
};

/** Lengths of the segments that lie end to end, from the [first, end) pair of each row. */
export function segmentLengths(bounds: Uint32Array): number[] {
  const lengths: number[] = [];
  for (let row = 0; row < bounds.length / 2;) {
    const end = bounds[row * 2 + 1] ?? 0;
    if (bounds[row * 2] !== row || end <= row || end > bounds.length / 2) {
      throw new WebLoraError('internal', 'attention: bounds', {
        got: `[${bounds[row * 2] ?? 0}, ${end}) at row ${row}`,
        wanted: 'segments that lie end to end',
      });
    }
    lengths.push(end - row);
    row = end;
  }
  return lengths;
}

/** Attention inside each segment, block by block: no score between segments is ever computed. */
function segmentAttention(
  tf: Tf,
  q: TfTensor,
  k: TfTensor,
  v: TfTensor,
  lengths: readonly number[],
  shape: AttentionShape,
  maskOf: (rows: number) => TfTensor | undefined,
): TfTensor {
  let first = 0;
  const blocks = lengths.map((rows) => {
    const cut = (x: TfTensor): TfTensor => (lengths.length === 1 ? x : tf.slice(x, [first, 0], [rows, -1]));
    const block = attend(tf, cut(q), cut(k), cut(v), shape, maskOf(rows));
    first += rows;
    return block;
  });
  const [only] = blocks;
  return blocks.length === 1 && only !== undefined ? only : tf.concat(blocks, 0);
}
