import type { Gpu } from '../../src/gpu/gpu.ts';
import type { TilingChoices } from '../../src/gpu/kernel.ts';
import type { Plan } from '../../src/graph/plan.ts';
import { tuneTilings, type TuneOptions } from '../../src/graph/tune.ts';
import type { FileStore } from '../../src/storage/store.ts';
import { VERSION } from '../../src/version.ts';

const TILINGS_FILE = 'tilings.json';

/**
 * Choices for a device's plans: those remembered for its adapter and this version of the kernels, the rest measured and
 * remembered. A damaged file counts as nothing.
 * @param store where choices are remembered; undefined: nowhere
 */
export async function tilingsFor(
  gpu: Gpu,
  plans: readonly Pick<Plan, 'launches'>[],
  store: FileStore | undefined,
  options: Omit<TuneOptions, 'known'> = {},
): Promise<TilingChoices> {
  const { vendor, architecture, device, description } = gpu.adapter;
  const key = [VERSION, vendor, architecture, device, description].join('/');
  const all = store === undefined ? {} : await readChoices(store);
  const known = all[key] ?? {};
  const choices = await tuneTilings(gpu, plans, { ...options, known });
  if (store !== undefined && Object.keys(choices).some((shape) => known[shape] !== choices[shape]))
    await store.write(TILINGS_FILE, JSON.stringify({ ...all, [key]: { ...known, ...choices } }));
  return choices;
}

async function readChoices(store: FileStore): Promise<Record<string, TilingChoices>> {
  if (!(await store.exists(TILINGS_FILE))) return {};
  try {
    const parsed: unknown = JSON.parse(await store.readText(TILINGS_FILE));
    return Object.fromEntries(
      Object.entries(parsed ?? {}).filter((entry): entry is [string, TilingChoices] =>
        Object.values((entry[1] ?? {}) as object).every((choice) => typeof choice === 'string'),
      ),
    );
  } catch {
    return {};
  }
}
