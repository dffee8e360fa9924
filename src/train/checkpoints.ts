import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { WebLoraError } from '../errors.ts';
import { float32Tensor, readSafetensors, tensorToFloat32, writeSafetensors } from '../formats/safetensors.ts';
import { joinPath } from '../storage/paths.ts';
import type { FileStore } from '../storage/store.ts';
import type { BestSoFar } from './early-stopping.ts';
import type { TrainerState } from './trainer.ts';

/** What a run needs besides its tensors to continue where it was. */
export interface RunPosition {
  /** Updates done. */
  readonly step: number;
  readonly totalTokens: number;
  readonly elapsedSeconds: number;
  /** Early stopping's memory, where it is on. */
  readonly best?: BestSoFar;
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

const FOLDER = 'checkpoints';
const MANIFEST = 'manifest.json';
const RETAINED = 2;

/**
 * Writes `checkpoints/step-N/`. The manifest comes last and by a move, so a folder that has a matching one is whole
 * whatever moment the process died at. Older checkpoints but the last two are removed after.
 */
export async function writeCheckpoint(store: FileStore, out: string, checkpoint: Checkpoint): Promise<string> {
  const { step, totalTokens, elapsedSeconds, best, state, bestParams } = checkpoint;
  const folder = joinPath(out, FOLDER, `step-${step}`);
  await store.remove(folder, { recursive: true });
  const position: RunPosition = { step, totalTokens, elapsedSeconds, ...(best && { best }) };
  const files = new Map<string, Uint8Array>([
    ['params.safetensors', encode(state.params)],
    ...Object.entries(state.moments).map(([name, matrices]): [string, Uint8Array] => [
      `${name}.safetensors`,
      encode(matrices),
    ]),
    ['position.json', new TextEncoder().encode(`${JSON.stringify(position)}\n`)],
  ]);
  if (bestParams !== undefined) files.set('best.safetensors', encode(bestParams));
  for (const [name, bytes] of files) await store.write(joinPath(folder, name), bytes);
  const manifest: Manifest = {
    version: 1,
    step,
    files: Object.fromEntries(
      [...files].map(([name, bytes]) => [name, { bytes: bytes.byteLength, sha256: bytesToHex(sha256(bytes)) }]),
    ),
    tensors: [...state.params.keys()],
  };
  await store.write(joinPath(folder, `${MANIFEST}.tmp`), `${JSON.stringify(manifest, null, 2)}\n`);
  await store.replace(joinPath(folder, `${MANIFEST}.tmp`), joinPath(folder, MANIFEST));
  const steps = await checkpointSteps(store, out);
  for (const old of steps.slice(RETAINED))
    await store.remove(joinPath(out, FOLDER, `step-${old}`), { recursive: true });
  return folder;
}

/** The newest checkpoint that is whole, or undefined; damaged and unfinished folders are passed over. */
export async function readLatestCheckpoint(store: FileStore, out: string): Promise<Checkpoint | undefined> {
  for (const step of await checkpointSteps(store, out)) {
    const checkpoint = await readCheckpoint(store, joinPath(out, FOLDER, `step-${step}`));
    if (checkpoint !== undefined) return checkpoint;
  }
  return undefined;
}

/** Removes all checkpoints, e.g. before a run is started afresh. */
export async function removeCheckpoints(store: FileStore, out: string): Promise<void> {
  await store.remove(joinPath(out, FOLDER), { recursive: true });
}

/** Steps that have a folder, newest first. */
async function checkpointSteps(store: FileStore, out: string): Promise<number[]> {
  const entries = await store.list(joinPath(out, FOLDER));
  return entries
    .flatMap(({ name, kind }) =>
      kind === 'folder' && /^step-\d+$/.test(name) ? [Number(name.slice('step-'.length))] : [],
    )
    .sort((a, b) => b - a);
}

async function readCheckpoint(store: FileStore, folder: string): Promise<Checkpoint | undefined> {
  if (!(await store.exists(joinPath(folder, MANIFEST)))) return undefined;
  let manifest: Manifest;
  try {
    manifest = JSON.parse(await store.readText(joinPath(folder, MANIFEST))) as Manifest;
  } catch {
    return undefined;
  }
  const files = new Map<string, Uint8Array>();
  for (const [name, { bytes, sha256: wanted }] of Object.entries(manifest.files)) {
    if (!(await store.exists(joinPath(folder, name)))) return undefined;
    const content = await store.read(joinPath(folder, name));
    if (content.byteLength !== bytes || bytesToHex(sha256(content)) !== wanted) return undefined;
    files.set(name, content);
  }
  const position = JSON.parse(new TextDecoder().decode(requireFile(files, 'position.json', folder))) as RunPosition;
  const moments: Record<string, ReadonlyMap<string, Float32Array>> = {};
  for (const [name, content] of files) {
    const moment = /^(.+)\.safetensors$/.exec(name)?.[1];
    if (moment !== undefined && moment !== 'params' && moment !== 'best') moments[moment] = decode(content, name);
  }
  const best = files.get('best.safetensors');
  return {
    ...position,
    state: { params: decode(requireFile(files, 'params.safetensors', folder), 'params.safetensors'), moments },
    ...(best !== undefined && { bestParams: decode(best, 'best.safetensors') }),
  };
}

function requireFile(files: ReadonlyMap<string, Uint8Array>, name: string, folder: string): Uint8Array {
  const content = files.get(name);
  if (content === undefined)
    throw new WebLoraError('bad-checkpoint', `${folder}: ${name}`, {
      got: 'no such file in the manifest',
      wanted: 'a complete checkpoint',
      fix: 'remove this folder and resume again',
    });
  return content;
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
