import type { AddNode } from '../../ops/add.ts';
import type { TfjsOp } from '../pass.ts';

export const add: TfjsOp<AddNode> = ({ a, b, y }, pass) => {
  pass.set(y, pass.tf.add(pass.valueOf(a), pass.valueOf(b)));
};
