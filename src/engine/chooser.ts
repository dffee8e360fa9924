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
import { adapterKey, readCached, writeCached } from './device-cache.ts';
import { probeSpeed } from './probe-speed.ts';

/** What of a device decides which models suit it. */
export interface ChooserDevice {
  readonly profile: DeviceProfile;
  /** Everything runs on the processor: small models answer, large ones take minutes. */
  readonly isSoftware: boolean;
  readonly memory: ProbedMemory;
  /** Floating-point operations a second of a training step, where it was tried. */
  readonly flopsPerSecond?: number;
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
const SPEED_FILE = 'device-speed.json';

/** The device's memory and speed, probed once per adapter and cached in storage. `probeAgain` ignores the cache. */
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
  const probed = async <T>(
    file: string,
    isValue: (value: unknown) => value is T,
    probe: () => Promise<T>,
  ): Promise<T> => {
    const known = await readCached(store, file, isValue);
    const cached = probeAgain ? undefined : known[key];
    if (cached !== undefined) return cached;
    const value = await probe();
    await writeCached(store, file, { ...known, [key]: value });
    return value;
  };
  const memory = await probed(MEMORY_FILE, isProbedMemory, () =>
    probeMemory(gpu, isSoftware ? SOFTWARE_PROBE_BYTES : PROBE_BYTES),
  );
  const flopsPerSecond = await probed(SPEED_FILE, isSpeed, () => probeSpeed(gpu));
  return { profile: gpu.profile, isSoftware, memory, flopsPerSecond };
}

const isSpeed = (value: unknown): value is number => typeof value === 'number' && value > 0;

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
  // A small model is tuned in minutes and shows soonest whether the examples do what they should. To chat as it is, a larger
  // one is better, unless everything runs on the processor.
  const smallestFirst = purpose === 'training' || device.isSoftware;
  const size = ({ parameterCount }: ModelChoice): number => (smallestFirst ? -parameterCount : parameterCount);
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
      planned(`training ${id} ${rank} ${seqLen}`, device, () => planOfTraining(sizes, rank, seqLen, device)),
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
      planned(`chat ${id}`, device, () => ({ bytes: chatBytes(sizes, device) })),
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

interface Planned {
  readonly bytes: number;
  /** Floating-point operations of training on a token. */
  readonly flopsPerToken?: number;
}

/** What was planned, or the limit of the device that is in its way. Planning takes a while, and its answer never changes. */
const plans = new Map<string, Planned | WebLoraError>();

function planned(what: string, { profile }: ChooserDevice, plan: () => Planned): Planned | WebLoraError {
  const key = JSON.stringify([what, profile]);
  let known = plans.get(key);
  if (known === undefined) {
    try {
      known = plan();
    } catch (error) {
      if (!(error instanceof WebLoraError) || error.code !== 'out-of-memory') throw error;
      known = error;
    }
    plans.set(key, known);
  }
  return known;
}

function fitOf({ memory, flopsPerSecond }: ChooserDevice, plan: Planned | WebLoraError): Fit {
  if (plan instanceof WebLoraError) return { verdict: 'too-large', needBytes: undefined, note: plan.message };
  const { bytes: needBytes, flopsPerToken } = plan;
  const { availableBytes, isAtLeast } = memory;
  const have = `${isAtLeast ? 'at least' : 'about'} ${gib(availableBytes)} free`;
  const note = `needs ${gib(needBytes)} of GPU memory, ${have} when it was tried; an estimate`;
  const fits = needBytes <= availableBytes * COMFORTABLE;
  const verdict = fits ? 'fits' : needBytes <= availableBytes || isAtLeast ? 'tight' : 'too-large';
  const isTimed = verdict !== 'too-large' && flopsPerSecond !== undefined && flopsPerToken !== undefined;
  return { verdict, needBytes, note, ...(isTimed && { tokensPerSecond: flopsPerSecond / flopsPerToken }) };
}

function chatBytes({ model, context: most }: CatalogueSizes, { profile }: ChooserDevice): number {
  const context = Math.min(most, CHAT_CONTEXT);
  return planChat(model, { format: 'q4', tableRows: context, slots: 1, context }, profile).totalBytes;
}

function planOfTraining(
  { model, context }: CatalogueSizes,
  rank: number,
  seqLen: number,
  { profile }: ChooserDevice,
): Planned {
  const base = { format: 'q4', context: Math.min(context, CHAT_CONTEXT) } as const;
  const settings = programSettings(model, base, resolveTrainConfig({ rank, seqLen }));
  // The minimum: a run saves more activations where memory allows.
  const { report } = planTraining(model, { ...settings, checkpoint: 'block-and-attention', isEstimate: true }, profile);
  return { bytes: report.totalBytes, flopsPerToken: report.flopsPerStep / (settings.rows * settings.microSteps) };
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(bytes < GIB ? 2 : 1)} GiB`;
}
