import type { Gpu } from '../gpu/gpu.ts';
import type { TilingChoices } from '../gpu/kernel.ts';
import type { Plan } from '../graph/plan.ts';
import { tuneTilings, type TuneOptions } from '../graph/tune.ts';
import type { FileStore } from '../storage/store.ts';
import { VERSION } from '../version.ts';
import { adapterKey, readCached } from './device-cache.ts';

const TILINGS_FILE = 'tilings.json';

/**
 * Choices for a device's plans: those cached for its adapter and this version of the kernels, the rest measured and
 * cached.
 * @param store where choices are cached; undefined: nowhere
 */
export async function tilingsFor(
  gpu: Gpu,
  plans: readonly Pick<Plan, 'launches'>[],
  store: FileStore | undefined,
  onProgress?: TuneOptions['onProgress'],
): Promise<TilingChoices> {
  const key = `${VERSION}/${adapterKey(gpu)}`;
  const all = store === undefined ? {} : await readCached(store, TILINGS_FILE, isChoices);
  const known = all[key] ?? {};
  const choices = await tuneTilings(gpu, plans, { known, ...(onProgress && { onProgress }) });
  if (store !== undefined && Object.keys(choices).some((shape) => known[shape] !== choices[shape]))
    await store.write(TILINGS_FILE, JSON.stringify({ ...all, [key]: { ...known, ...choices } }));
  return choices;
}

function isChoices(value: unknown): value is TilingChoices {
  return (
    typeof value === 'object' && value !== null && Object.values(value).every((choice) => typeof choice === 'string')
  );
}
