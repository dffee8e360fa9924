import * as v from 'valibot';
import { WebLoraError } from '../errors.ts';
import { count, parseShape, sha256Hex } from '../schema.ts';
import { float32Tensor, readSafetensors, tensorToFloat32, writeSafetensors } from '../formats/safetensors.ts';
import { joinPath } from '../storage/paths.ts';
import type { FileStore } from '../storage/store.ts';
import type { BestSoFar } from './early-stopping.ts';
import type { MetricsMark } from './metrics.ts';
import type { TrainerState } from './trainer.ts';
import { sha256Of } from '../hash.ts';

/** What a run needs besides its tensors to continue where it was. */
export interface RunPosition {
  /** Updates done. */
  readonly step: number;
  readonly totalTokens: number;
  readonly elapsedSeconds: number;
  /** Early stopping's memory, where it is on. */
  readonly best?: BestSoFar;
  /** Of the lines up to here; absent in checkpoints that an older version wrote. */
  readonly metrics?: MetricsMark;
}

export interface Checkpoint extends RunPosition {
  readonly state: TrainerState;
  readonly bestParams?: TrainerState['params'];
}

interface Manifest {
  readonly version: 1;
  readonly step: number;
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
  readonly tensors: readonly string[];
}

/** A plain name: a manifest names files of its own folder and no others. */
const FILE_NAME = v.pipe(v.string(), v.regex(/^[\w.-]+\.(safetensors|json)$/));

const MANIFEST_SHAPE: v.GenericSchema<unknown, Manifest> = v.looseObject({
  version: v.literal(1),
  step: count,
  files: v.record(FILE_NAME, v.looseObject({ bytes: count, sha256: sha256Hex })),
  tensors: v.array(v.string()),
});

const POSITION_SHAPE: v.GenericSchema<unknown, RunPosition> = v.looseObject({
  step: count,
  totalTokens: count,
  elapsedSeconds: v.number(),
  best: v.exactOptional(
    v.looseObject({ step: v.exactOptional(count), evalLoss: v.exactOptional(v.number()), since: count }),
  ),
  metrics: v.exactOptional(v.looseObject({ bytes: count, sha256: sha256Hex })),
});

/** The folder of a run's checkpoints. */
export const CHECKPOINTS_FOLDER = 'checkpoints';
const MANIFEST = 'manifest.json';
const MANIFEST_DRAFT = `${MANIFEST}.tmp`;
const POSITION = 'position.json';
const RETAINED = 2;
const STEP_FOLDER = /^(?:damaged-)?step-\d+$/;

/**
 * Writes `checkpoints/step-N/`. The manifest comes last and by a move, so a folder that has a matching one is whole
 * whatever moment the process died at. Older checkpoints but the last two are removed after.
 */
export async function writeCheckpoint(store: FileStore, out: string, checkpoint: Checkpoint): Promise<string> {
  const { step, totalTokens, elapsedSeconds, best, metrics, state, bestParams } = checkpoint;
  const folder = folderOf(out, step);
  await removeCheckpoint(store, folder);
  const position: RunPosition = {
    ...{ step, totalTokens, elapsedSeconds },
    ...(best && { best }),
    ...(metrics && { metrics }),
  };
  const files = new Map<string, Uint8Array>([
    ['params.safetensors', encode(state.params)],
    ...Object.entries(state.moments).map(([name, matrices]): [string, Uint8Array] => [
      `${name}.safetensors`,
      encode(matrices),
    ]),
    [POSITION, new TextEncoder().encode(`${JSON.stringify(position)}\n`)],
  ]);
  if (bestParams !== undefined) files.set('best.safetensors', encode(bestParams));
  for (const [name, bytes] of files) await store.write(joinPath(folder, name), bytes);
  const manifest: Manifest = {
    version: 1,
    step,
    files: Object.fromEntries(
      [...files].map(([name, bytes]) => [name, { bytes: bytes.byteLength, sha256: sha256Of(bytes) }]),
    ),
    tensors: [...state.params.keys()],
  };
  await store.write(joinPath(folder, MANIFEST_DRAFT), `${JSON.stringify(manifest, null, 2)}\n`);
  await store.replace(joinPath(folder, MANIFEST_DRAFT), joinPath(folder, MANIFEST));
  await removeOlderCheckpoints(store, out, step);
  return folder;
}

/** Keeps the checkpoint of `step` and the one before it; a process that died after writing one had no time to. */
export async function removeOlderCheckpoints(store: FileStore, out: string, step: number): Promise<void> {
  const steps = (await checkpointSteps(store, out)).filter((each) => each <= step);
  for (const old of steps.slice(RETAINED)) await removeCheckpoint(store, folderOf(out, old));
}

/** A checkpoint whose files are not those that its manifest names. */
export interface DamagedCheckpoint {
  readonly step: number;
  /** What is wrong with it, to finish `the checkpoint of update 4 is damaged: …`. */
  readonly reason: string;
}

export interface FoundCheckpoint {
  /** The newest one that is whole. */
  readonly checkpoint?: Checkpoint;
  /** Newer ones that are damaged; folders that a killed process left unfinished are none. */
  readonly damaged: readonly DamagedCheckpoint[];
}

/** The newest checkpoint that is whole. */
export async function findLatestCheckpoint(store: FileStore, out: string): Promise<FoundCheckpoint> {
  const damaged: DamagedCheckpoint[] = [];
  for (const step of await checkpointSteps(store, out)) {
    const folder = folderOf(out, step);
    // The manifest comes last: without it the folder was never finished.
    if (!(await store.exists(joinPath(folder, MANIFEST)))) continue;
    try {
      return { checkpoint: await readCheckpoint(store, folder), damaged };
    } catch (thrown) {
      if (!(thrown instanceof WebLoraError) || !DAMAGE.has(thrown.code)) throw thrown;
      damaged.push({ step, reason: thrown.message });
    }
  }
  return { damaged };
}

/** What reading a checkpoint says of damage; a disk that cannot be read is another matter. */
const DAMAGE: ReadonlySet<string> = new Set(['bad-checkpoint', 'bad-file', 'file-not-found', 'unsupported']);

/** The newest checkpoint that is whole, or undefined; damaged and unfinished folders are passed over. */
export async function readLatestCheckpoint(store: FileStore, out: string): Promise<Checkpoint | undefined> {
  return (await findLatestCheckpoint(store, out)).checkpoint;
}

/** Moves a damaged checkpoint out of the run's way, to be looked at. @returns its new folder */
export async function setAside(store: FileStore, out: string, step: number): Promise<string> {
  const from = folderOf(out, step);
  const to = joinPath(out, CHECKPOINTS_FOLDER, `damaged-step-${step}`);
  await removeCheckpoint(store, to);
  for (const { name, kind } of await store.list(from))
    if (kind === 'file') await store.replace(joinPath(from, name), joinPath(to, name));
  await removeIfEmpty(store, from);
  return to;
}

/** Removes all checkpoints that a run wrote, e.g. before it is started afresh. */
export async function removeCheckpoints(store: FileStore, out: string): Promise<void> {
  const folder = joinPath(out, CHECKPOINTS_FOLDER);
  for (const { name, kind } of await store.list(folder))
    if (kind === 'folder' && STEP_FOLDER.test(name)) await removeCheckpoint(store, joinPath(folder, name));
  await removeIfEmpty(store, folder);
}

/**
 * Removes the files that a checkpoint is made of, and the folder if nothing else is in it. The manifest goes first: what
 * is left when the process dies on the way does not count as a checkpoint.
 */
async function removeCheckpoint(store: FileStore, folder: string): Promise<void> {
  const names = (await store.list(folder)).flatMap(({ name, kind }) => (kind === 'file' ? [name] : []));
  const isOurs = (name: string): boolean =>
    [MANIFEST, MANIFEST_DRAFT, POSITION].includes(name) || name.endsWith('.safetensors');
  if (names.includes(MANIFEST)) await store.remove(joinPath(folder, MANIFEST));
  for (const name of names) if (name !== MANIFEST && isOurs(name)) await store.remove(joinPath(folder, name));
  await removeIfEmpty(store, folder);
}

async function removeIfEmpty(store: FileStore, folder: string): Promise<void> {
  if ((await store.list(folder)).length === 0) await store.remove(folder);
}

const folderOf = (out: string, step: number): string => joinPath(out, CHECKPOINTS_FOLDER, `step-${step}`);

/** Steps that have a folder, newest first. */
async function checkpointSteps(store: FileStore, out: string): Promise<number[]> {
  const entries = await store.list(joinPath(out, CHECKPOINTS_FOLDER));
  return entries
    .flatMap(({ name, kind }) =>
      kind === 'folder' && /^step-(?:0|[1-9]\d*)$/.test(name) ? [Number(name.slice('step-'.length))] : [],
    )
    .sort((a, b) => b - a);
}

/** @throws WebLoraError for a damaged checkpoint */
async function readCheckpoint(store: FileStore, folder: string): Promise<Checkpoint> {
  const manifestPath = joinPath(folder, MANIFEST);
  const shape = { code: 'bad-checkpoint', fix: 'use an older checkpoint' } as const;
  const manifest = parseShape(MANIFEST_SHAPE, await store.readText(manifestPath), {
    ...shape,
    what: MANIFEST,
    wanted: 'the manifest of a checkpoint',
  });
  const files = new Map<string, Uint8Array>();
  for (const [name, { bytes, sha256: wanted }] of Object.entries(manifest.files)) {
    const content = await store.read(joinPath(folder, name));
    const got = sha256Of(content);
    if (content.byteLength === bytes && got === wanted) files.set(name, content);
    else
      throw new WebLoraError('bad-checkpoint', name, {
        got: `${content.byteLength} bytes with sha256 ${got.slice(0, 12)}…`,
        wanted: `${bytes} bytes with ${wanted.slice(0, 12)}…`,
      });
  }
  const position = parseShape(POSITION_SHAPE, new TextDecoder().decode(requireFile(files, POSITION)), {
    ...shape,
    what: POSITION,
    wanted: 'the position of a run',
  });
  const moments: Record<string, ReadonlyMap<string, Float32Array>> = {};
  for (const [name, content] of files) {
    const moment = /^(.+)\.safetensors$/.exec(name)?.[1];
    if (moment !== undefined && moment !== 'params' && moment !== 'best') moments[moment] = decode(content, name);
  }
  const best = files.get('best.safetensors');
  return {
    ...position,
    state: { params: decode(requireFile(files, 'params.safetensors'), 'params.safetensors'), moments },
    ...(best !== undefined && { bestParams: decode(best, 'best.safetensors') }),
  };
}

function requireFile(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const content = files.get(name);
  if (content !== undefined) return content;
  throw new WebLoraError('bad-checkpoint', name, { got: 'no such file in the manifest', wanted: 'a whole checkpoint' });
}

function encode(matrices: ReadonlyMap<string, Float32Array>): Uint8Array {
  return writeSafetensors(
    new Map([...matrices].map(([name, values]) => [name, float32Tensor(values, [values.length])])),
  );
}

function decode(bytes: Uint8Array, name: string): Map<string, Float32Array> {
  return new Map(
    [...readSafetensors(bytes, name).tensors].map(([tensor, value]) => [
      tensor,
      Float32Array.from(tensorToFloat32(value)),
    ]),
  );
}
