import type { ColumnScaleNode } from '../../ops/column_scale.ts';
import type { TfjsOp } from '../pass.ts';

/** The factor's value depends on the magnitude, so that the tape reaches it. */
export const columnScale: TfjsOp<ColumnScaleNode> = ({ z, factor, bias, y }, pass) => {
  const { tf } = pass;
  const scaled = tf.mul(pass.valueOf(z), pass.valueOf(factor));
  pass.set(y, bias === undefined ? scaled : tf.add(scaled, pass.valueOf(bias)));
};
