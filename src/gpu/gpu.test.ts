import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { checkKnownAnswer } from './known-answer.ts';
import { openNodeGpu } from './node.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** A device that was used and ended, and its owner, held by nobody. */
async function ended(end: 'lost' | 'destroyed'): Promise<WeakRef<object>[]> {
  const gpu = await openNodeGpu({ limits: 'defaults' });
  await checkKnownAnswer(gpu);
  if (end === 'destroyed') gpu.destroy();
  else {
    gpu.device.destroy();
    await gpu.lost;
  }
  return [new WeakRef(gpu), new WeakRef(gpu.device)];
}

it.each(['lost', 'destroyed'] as const)('is held by nothing once it was %s', async (end) => {
  const held = await ended(end);
  const alive = (): number => {
    collect();
    return held.filter((each) => each.deref() !== undefined).length;
  };
  await expect.poll(alive).toBe(0);
});
