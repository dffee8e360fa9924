import type * as tfjs from '@tensorflow/tfjs';
import { WebLoraError } from '../../errors.ts';
import { phrase, setting } from '../../phrase.ts';

/** The tfjs library, as loaded: it is handed on, so that nothing but `openTfjs` ever imports it. */
export type Tf = typeof tfjs;
export type TfTensor = tfjs.Tensor;

/**
 * Makes a registered backend the current one of the whole thread.
 * @throws `unsupported` when it does not start here
 */
export async function useBackend(tf: Tf, backend: string): Promise<void> {
  if (!(await tf.setBackend(backend))) {
    throw new WebLoraError('unsupported', `tfjs backend '${backend}'`, {
      got: 'a backend that does not start',
      wanted: 'one that does',
      fix: phrase`use ${setting('device', 'cpu')}`,
    });
  }
  await tf.ready();
}

/** A copy of a tensor's values; reads on the cpu backend hand out the tensor's own memory. */
export async function readValues(tensor: TfTensor): Promise<Float32Array> {
  return Float32Array.from(await tensor.data<'float32'>());
}
