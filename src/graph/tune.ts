import { BenchLaunch, timeRepeated } from '../../kernels/_lib/bench.ts';
import { hasSubgroupsOf } from '../gpu/device-profile.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Launch, TilingChoices, Tilings } from '../gpu/kernel.ts';
import type { Plan, PlannedLaunch } from './plan.ts';

const MEASUREMENTS = 3;
/** What a tiling must win by to replace the default, so that noise changes nothing. */
const WORTH_IT = 0.97;
export interface TuneOptions {
  /** Shapes measured before, which are not measured again. */
  readonly known?: TilingChoices;
  /** Shapes measured so far, of all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Each choice that was measured, at once: what comes later may fail. */
  readonly onMeasured?: (shape: string, name: string) => void;
  /** Milliseconds of a dispatch; default: measured. */
  readonly measure?: (name: string, prepared: BenchLaunch) => Promise<number>;
}

/**
 * Measures on the device which tiling of each shape is fastest. A plan made with the choices is the same wherever it is
 * made: they belong into the record of a run.
 * @returns a choice for every shape of the plans that has several tilings on the device
 */
export async function tuneTilings(
  gpu: Gpu,
  plans: readonly Pick<Plan, 'launches'>[],
  { known = {}, onProgress, onMeasured, measure = measured }: TuneOptions = {},
): Promise<TilingChoices> {
  const shapes = new Map<string, PlannedLaunch>();
  for (const { launches } of plans)
    for (const planned of launches) {
      const { tilings } = planned.launch;
      if (tilings === undefined || shapes.has(tilings.shape)) continue;
      if (candidatesOf(gpu, tilings).length > 1) shapes.set(tilings.shape, planned);
    }
  const choices: Record<string, string> = {};
  const unknown: [shape: string, planned: PlannedLaunch][] = [];
  for (const [shape, planned] of shapes) {
    const name = known[shape];
    if (name !== undefined && planned.launch.tilings?.launches[name] !== undefined) choices[shape] = name;
    else unknown.push([shape, planned]);
  }
  for (const [index, [shape, { launch, bindings }]] of unknown.entries()) {
    const words = Object.fromEntries(launch.operands.map((operand, i) => [operand, (bindings[i]?.sizeBytes ?? 0) / 4]));
    const name = await fastestTiling(gpu, launch, words, measure);
    choices[shape] = name;
    onMeasured?.(shape, name);
    onProgress?.(index + 1, unknown.length);
  }
  return choices;
}

/**
 * The fastest of a launch's tilings that give the bits its default gives, by name.
 * @param words of 4 bytes, by operand
 */
export async function fastestTiling(
  gpu: Gpu,
  launch: Launch,
  words: Readonly<Record<string, number>>,
  measure: NonNullable<TuneOptions['measure']> = measured,
): Promise<string> {
  const candidates = candidatesOf(gpu, launch.tilings);
  let wanted: readonly Uint32Array[] | undefined;
  let best = launch.entry;
  let bestMs = Number.POSITIVE_INFINITY;
  // The default goes first: the others are held against its result.
  candidates.sort(([a], [b]) => Number(b === launch.entry) - Number(a === launch.entry));
  for (const [name, candidate] of candidates) {
    const prepared = await BenchLaunch.prepare(gpu, candidate, words, launch.tilings?.contents);
    try {
      await prepared.run();
      const results: Uint32Array[] = [];
      for (const operand of writtenBy(candidate)) results.push(bitsOf(await prepared.read(operand)));
      wanted ??= results;
      // Timing is noise: what it chooses may change no bit of a result, or no two runs would be the same.
      if (!results.every((bits, at) => bits.every((word, i) => word === wanted?.[at]?.[i]))) continue;
      const ms = await measure(name, prepared);
      if (ms < bestMs * WORTH_IT) {
        best = name;
        bestMs = ms;
      }
    } finally {
      prepared.destroy();
    }
  }
  return best;
}

/** The tilings that the device has the subgroups for, by name. */
function candidatesOf({ profile }: Gpu, tilings: Tilings | undefined): [name: string, launch: Launch][] {
  return Object.entries(tilings?.launches ?? {}).filter(([, candidate]) => hasSubgroupsOf(profile, candidate));
}

function writtenBy({ kernel, operands }: Launch): string[] {
  return operands.filter((name) => kernel.storage.get(name)?.access === 'read_write');
}

function bitsOf({ buffer, byteOffset, length }: Float32Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length);
}

async function measured(_: string, prepared: BenchLaunch): Promise<number> {
  return Math.min(...(await timeRepeated((times) => prepared.run(times), MEASUREMENTS)));
}
