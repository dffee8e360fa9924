import type { GatedActivationNode } from '../../ops/gated_activation.ts';
import type { TfjsOp } from '../pass.ts';
import { geluTanh } from './gelu.ts';

export const gatedActivation: TfjsOp<GatedActivationNode> = (node, pass) => {
  const { tf } = pass;
  const gate = pass.valueOf(node.gate);
  const active = node.act === 'silu' ? tf.mul(gate, tf.sigmoid(gate)) : geluTanh(tf, gate);
  pass.set(node.y, tf.mul(active, pass.valueOf(node.up)));
};
