import { CATALOGUE } from '../../models/catalogue/catalogue.ts';
import { sizesOf, type CatalogueEntry, type CatalogueSizes } from '../../models/catalogue/entry.ts';
import { WebLoraError } from '../errors.ts';
import { planChat } from '../generate/inference-plan.ts';
import { DEFAULT_PROFILE, type DeviceProfile } from '../gpu/device-profile.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { probeMemory, type ProbedMemory } from '../gpu/probe.ts';
import type { FileStore } from '../storage/store.ts';
import { resolveTrainConfig } from '../train/config.ts';
import { programSettings } from '../train/program-settings.ts';
import { planTraining } from '../train/program.ts';
import type { ChooseRequest, Fit, ModelChoice, ModelChoices } from './calls.ts';
import { adapterKey, readCached } from './device-cache.ts';

/** What of a device decides which models suit it. */
export interface ChooserDevice {
  readonly profile: DeviceProfile;
  /** Everything runs on the processor: small models answer, large ones take minutes. */
  readonly isSoftware: boolean;
  readonly memory: ProbedMemory;
}

const GIB = 2 ** 30;
/** No model of the list needs more to chat in q4. */
const PROBE_BYTES = 6 * GIB;
/** On a software adapter memory is the machine's own, and time runs out before it does. */
const SOFTWARE_PROBE_BYTES = 2 * GIB;
/** Share of the memory that may be planned for: the page, other tabs and the system want some too. */
const COMFORTABLE = 0.75;
/** What a conversation is sized for unless --context says otherwise. */
const CHAT_CONTEXT = 4096;
/** Parameters above which a software adapter is too slow to be recommended. */
const SOFTWARE_PARAMETERS = 4e8;

const MEMORY_FILE = 'device-memory.json';

/** The device's memory, probed once per adapter and cached in storage. `probeAgain` ignores the cache. */
export async function deviceFor(
  gpu: Gpu | undefined,
  store: FileStore,
  { probeAgain = false }: { readonly probeAgain?: boolean } = {},
): Promise<ChooserDevice> {
  if (gpu === undefined) {
    const memory = { availableBytes: SOFTWARE_PROBE_BYTES, isAtLeast: false };
    return { profile: DEFAULT_PROFILE, isSoftware: true, memory };
  }
  const { isSoftware } = gpu.adapter;
  const key = `${adapterKey(gpu)}/${gpu.profile.limits.maxBufferBytes}`;
  const known = await readCached(store, MEMORY_FILE, isProbedMemory);
  let memory = probeAgain ? undefined : known[key];
  if (memory === undefined) {
    memory = await probeMemory(gpu, isSoftware ? SOFTWARE_PROBE_BYTES : PROBE_BYTES);
    await store.write(MEMORY_FILE, JSON.stringify({ ...known, [key]: memory }));
  }
  return { profile: gpu.profile, isSoftware, memory };
}

function isProbedMemory(value: unknown): value is ProbedMemory {
  const { availableBytes, isAtLeast } = (value ?? {}) as Partial<ProbedMemory>;
  return typeof availableBytes === 'number' && typeof isAtLeast === 'boolean';
}

/** The catalogue held against a device, best first for what is wished. Nothing is downloaded. */
export function chooseModels(
  device: ChooserDevice,
  { languages = [], purpose = 'training' }: ChooseRequest = {},
  catalogue: readonly CatalogueEntry[] = CATALOGUE,
): ModelChoices {
  const choices = catalogue.map((entry) => choiceOf(entry, device));
  const speaks = (choice: ModelChoice): number =>
    languages.filter((language) => choice.languages.includes(language)).length;
  const rank = ({ verdict }: Fit): number => VERDICTS.indexOf(verdict);
  // On a software adapter the smallest is best, elsewhere the largest that fits.
  const size = ({ parameterCount }: ModelChoice): number => (device.isSoftware ? -parameterCount : parameterCount);
  const sorted = choices.sort(
    (a, b) =>
      speaks(b) - speaks(a) ||
      rank(b[purpose]) - rank(a[purpose]) ||
      Number(b.chats) - Number(a.chats) ||
      Number(a.gated !== false) - Number(b.gated !== false) ||
      size(b) - size(a),
  );
  const best = sorted.find(
    (choice) =>
      choice[purpose].verdict === 'fits' &&
      choice.chats &&
      speaks(choice) === languages.length &&
      !(device.isSoftware && choice.parameterCount > SOFTWARE_PARAMETERS),
  );
  return { choices: sorted, memory: device.memory, ...(best && { recommended: best.id }) };
}

function choiceOf(entry: CatalogueEntry, device: ChooserDevice): ModelChoice {
  const sizes = sizesOf(entry);
  const { id, name, languages, licence, gated, recommended, goodFor } = entry;
  const train = (rank: number, seqLen: number): Fit =>
    fitOf(
      device,
      bytesOf(`training ${id} ${rank} ${seqLen}`, device, () => trainingBytes(sizes, rank, seqLen, device)),
    );
  const training = train(recommended.rank, recommended.seqLen);
  const smaller = training.verdict === 'fits' ? undefined : smallerFit(training, recommended, train);
  return {
    id,
    name,
    family: sizes.model.shape.modelType,
    parameterCount: sizes.parameterCount,
    languages,
    downloadBytes: sizes.downloadBytes,
    licence,
    ...(gated !== undefined && { gated }),
    context: sizes.context,
    recommended,
    goodFor,
    chats: entry.chats ?? true,
    chat: fitOf(
      device,
      bytesOf(`chat ${id}`, device, () => chatBytes(sizes, device)),
    ),
    training,
    ...(smaller && { smaller }),
  };
}

const VERDICTS: readonly Fit['verdict'][] = ['too-large', 'tight', 'fits'];

/** The first smaller settings that fit, else those that come nearest; undefined where none comes nearer. */
function smallerFit(
  full: Fit,
  { rank, seqLen }: CatalogueEntry['recommended'],
  train: (rank: number, seqLen: number) => Fit,
): ModelChoice['smaller'] {
  let best: ModelChoice['smaller'];
  for (const [less, shorter] of [
    [rank, seqLen / 2],
    [rank / 2, seqLen / 2],
    [rank / 2, seqLen / 4],
  ] as const) {
    const fit = train(less, shorter);
    if (VERDICTS.indexOf(fit.verdict) > VERDICTS.indexOf(best?.fit.verdict ?? full.verdict))
      best = { rank: less, seqLen: shorter, fit };
    if (fit.verdict === 'fits') break;
  }
  return best;
}

/** Bytes of a plan, or the limit of the device that is in its way. Planning takes a while, and its answer never changes. */
const planned = new Map<string, number | WebLoraError>();

function bytesOf(plan: string, { profile }: ChooserDevice, bytes: () => number): number | WebLoraError {
  const key = JSON.stringify([plan, profile]);
  let known = planned.get(key);
  if (known === undefined) {
    try {
      known = bytes();
    } catch (error) {
      if (!(error instanceof WebLoraError) || error.code !== 'out-of-memory') throw error;
      known = error;
    }
    planned.set(key, known);
  }
  return known;
}

function fitOf({ memory }: ChooserDevice, needBytes: number | WebLoraError): Fit {
  if (needBytes instanceof WebLoraError) {
    return { verdict: 'too-large', needBytes: undefined, note: needBytes.message };
  }
  const { availableBytes, isAtLeast } = memory;
  const have = `${isAtLeast ? 'at least' : 'about'} ${gib(availableBytes)} free`;
  const note = `needs ${gib(needBytes)} of GPU memory, ${have} when it was tried; an estimate`;
  if (needBytes <= availableBytes * COMFORTABLE) return { verdict: 'fits', needBytes, note };
  if (needBytes <= availableBytes || isAtLeast) return { verdict: 'tight', needBytes, note };
  return { verdict: 'too-large', needBytes, note };
}

function chatBytes({ model, context: most }: CatalogueSizes, { profile }: ChooserDevice): number {
  const context = Math.min(most, CHAT_CONTEXT);
  return planChat(model, { format: 'q4', tableRows: context, slots: 1, context }, profile).totalBytes;
}

function trainingBytes(
  { model, context }: CatalogueSizes,
  rank: number,
  seqLen: number,
  { profile }: ChooserDevice,
): number {
  const base = { format: 'q4', context: Math.min(context, CHAT_CONTEXT) } as const;
  const settings = programSettings(model, base, resolveTrainConfig({ rank, seqLen }));
  // The minimum: a run saves more activations where memory allows.
  return planTraining(model, { ...settings, checkpoint: 'block-and-attention', isEstimate: true }, profile).report
    .totalBytes;
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(bytes < GIB ? 2 : 1)} GiB`;
}
