import { WebLoraError } from '../../src/errors.ts';

/** What is said; anything but a refusal with a code fails the test. */
export async function refusal(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (thrown) {
    if (thrown instanceof WebLoraError) return `${thrown.code}: ${thrown.message}`;
    throw thrown;
  }
  throw new Error('nothing was refused');
}
