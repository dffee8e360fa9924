import type { Gpu } from '../gpu/gpu.ts';
import type { TilingChoices } from '../gpu/kernel.ts';
import type { Plan } from '../graph/plan.ts';
import { tuneTilings, type TuneOptions } from '../graph/tune.ts';
import type { FileStore } from '../storage/store.ts';
import { VERSION } from '../version.ts';
import { adapterKey, readCached, writeCached } from './device-cache.ts';

const TILINGS_FILE = 'tilings.json';

/** What an engine measured so far, by adapter: work that fails, or has no file to cache it in, measures nothing twice. */
export type MeasuredTilings = Map<string, Record<string, string>>;

interface TilingOptions {
  readonly measured: MeasuredTilings;
  /** Where choices are cached beyond the engine; left out, nowhere. */
  readonly store?: FileStore | undefined;
  readonly onProgress?: TuneOptions['onProgress'] | undefined;
}

/**
 * Choices for a device's plans: those cached for its adapter and this version of the kernels, the rest measured and
 * cached.
 */
export async function tilingsFor(
  gpu: Gpu,
  plans: readonly Pick<Plan, 'launches'>[],
  { measured, store, onProgress }: TilingOptions,
): Promise<TilingChoices> {
  const key = `${VERSION}/${adapterKey(gpu)}`;
  const all = store === undefined ? {} : await readCached(store, TILINGS_FILE, isChoices);
  const known = all[key] ?? {};
  const own = measured.get(key) ?? {};
  measured.set(key, own);
  const choices = await tuneTilings(gpu, plans, {
    known: { ...own, ...known },
    onMeasured: (shape, name) => {
      own[shape] = name;
    },
    ...(onProgress && { onProgress }),
  });
  if (store !== undefined && Object.keys(choices).some((shape) => known[shape] !== choices[shape]))
    await writeCached(store, TILINGS_FILE, { ...all, [key]: { ...known, ...choices } });
  return choices;
}

function isChoices(value: unknown): value is TilingChoices {
  return (
    typeof value === 'object' && value !== null && Object.values(value).every((choice) => typeof choice === 'string')
  );
}
