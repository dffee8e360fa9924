import { NOISE_NODE_ID, type EmbeddingNoiseNode } from '../../ops/embedding_noise.ts';
import { philox4x32 } from '../dropout-mask.ts';
import type { TfjsOp } from '../pass.ts';

export const embeddingNoise: TfjsOp<EmbeddingNoiseNode> = ({ x, step, bounds, amount, y }, pass) => {
  const { tf } = pass;
  const [low = 0, high = 0, , isOff = 0] = pass.wordsOf(step);
  if (isOff === 1) {
    pass.set(y, pass.valueOf(x));
    return;
  }
  const rows = pass.wordsOf(bounds);
  const noise = new Float32Array(x.elems);
  for (let e = 0; e < noise.length; e += 4) {
    const words = philox4x32([e / 4, 0, NOISE_NODE_ID, 0], [low, high]);
    for (let i = 0; i < 4 && e + i < noise.length; i += 1) {
      const row = Math.floor((e + i) / x.cols);
      const length = (rows[2 * row + 1] ?? 0) - (rows[2 * row] ?? 0);
      noise[e + i] = (amount / Math.sqrt(length * x.cols)) * (((words[i] ?? 0) >>> 8) / 2 ** 23 - 1);
    }
  }
  pass.set(y, tf.add(pass.valueOf(x), tf.tensor(noise, [...x.shape])));
};
