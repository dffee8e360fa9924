import { WebLoraError } from '../errors.ts';
import { memorySource, type ByteSource } from '../formats/byte-source.ts';
import type { Lock } from '../storage/store.ts';
import type { ModelCache, Snapshot } from './cache.ts';
import { downloadFiles, type DownloadOptions, type RemoteFile } from './download.ts';
import { Http, type HttpOptions } from './http.ts';
import { DEFAULT_HUB, fixedCommit, hubCacheFolder, openHubRepository } from './hub.ts';
import { formatAddress, type ModelAddress } from './model-address.ts';
import { openOwnAddress, ownCacheFolder, ownFile, OWN_VERSION } from './own-address.ts';
import { CONFIG_FILE, neededFiles, remoteSource, type RemoteRepository } from './remote-repository.ts';
import type { DownloadProgress } from './transfer-rate.ts';

export interface FetchSettings
  extends Omit<HttpOptions, 'hubUrl'>, Pick<DownloadOptions, 'connections' | 'pieceBytes'> {
  /** Another server that speaks the hub's interface (https://huggingface.co). */
  readonly hubUrl?: string;
  /** Use what is in the cache and ask no server. */
  readonly offline?: boolean;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Told what config.json says before the weights are fetched; what it throws ends the download. */
  readonly checkConfig?: (config: unknown) => void;
  /** Asked once, before the first byte is stored: a browser may promise not to clear its storage. */
  readonly askToPersist?: () => Promise<boolean>;
}

/** A model's files by name, as `openModel` takes them. */
export interface FetchedModel {
  readonly name: string;
  readonly files: ReadonlyMap<string, ByteSource>;
  /** The commit of the hub that they are of; of an address of one's own there is none. */
  readonly revision?: string;
}

const LOCK_POLL_MS = 500;

/**
 * Downloads the files of a model that are not in the cache yet, and opens the model. Only files that WebLoRA reads are
 * fetched. Without a connection the last known version is used and said so.
 * @throws WebLoraError `network`, `access`, `file-not-found`, `bad-file`, `bad-model`, `storage`, `aborted`
 */
export async function fetchModel(
  address: ModelAddress,
  cache: ModelCache,
  settings: FetchSettings = {},
): Promise<FetchedModel> {
  const name = formatAddress(address);
  const cached = await lastKnown(address, cache);
  if (settings.offline === true || (cached !== undefined && isFixed(address))) {
    const files = await cached?.openAll(onChecked(settings));
    if (files !== undefined) return { name, files, ...(await knownRevision(address, cache)) };
    if (settings.offline === true) throw notInCache(name, cached !== undefined);
  }
  let repository: RemoteRepository;
  const http = makeHttp(settings);
  try {
    repository = await openRepository(address, settings, http);
  } catch (thrown) {
    const files = isNetwork(thrown) ? await cached?.openAll(onChecked(settings)) : undefined;
    if (files === undefined) throw thrown;
    settings.onNotice?.(`${name}: its server cannot be reached, so the copy on this device is used`);
    return { name, files, ...(await knownRevision(address, cache)) };
  }
  const snapshot = cache.snapshot(repository.cacheFolder, versionOf(repository));
  const files =
    (await openUnchanged(repository, snapshot, settings)) ?? (await download(repository, snapshot, http, settings));
  if (address.kind === 'hub') {
    await cache.recordCommit(repository.cacheFolder, address.revision, repository.commit);
    return { name, files, revision: repository.commit };
  }
  return { name, files };
}

/**
 * A model's files as they lie on the server; only the bytes that are read are fetched. For plans: a header tells a model's
 * shapes without its weights. Files in the cache are read from there.
 */
export async function peekModel(
  address: ModelAddress,
  cache: ModelCache,
  settings: FetchSettings = {},
): Promise<FetchedModel> {
  const name = formatAddress(address);
  const cached = await (await lastKnown(address, cache))?.openAll(undefined, false, false);
  if (cached !== undefined && (settings.offline === true || isFixed(address))) return { name, files: cached };
  if (settings.offline === true) throw notInCache(name, false);
  const http = makeHttp(settings);
  try {
    const repository = await openRepository(address, settings, http);
    const { small, weights } = await neededFiles(repository);
    const texts = new Map<string, Uint8Array>();
    for (const file of small) {
      const { size, url, path } = file;
      texts.set(path, size === 0 ? new Uint8Array(0) : await http.bytes(url, { what: `${name}: ${path}` }));
    }
    const files = new Map<string, ByteSource>();
    for (const [path, bytes] of texts) files.set(path, memorySource(path, bytes));
    const large = await weights((file) => Promise.resolve(new TextDecoder().decode(texts.get(file.path))));
    for (const file of large) files.set(baseName(file.path), remoteSource(file, name, http));
    return { name, files };
  } catch (thrown) {
    if (cached === undefined || !isNetwork(thrown)) throw thrown;
    settings.onNotice?.(`${name}: its server cannot be reached, so the copy on this device is used`);
    return { name, files: cached };
  }
}

/** Tells how far the files of the cache are compared with their hashes. */
function onChecked({ onProgress }: FetchSettings): Parameters<Snapshot['openAll']>[0] {
  return (file, doneBytes, totalBytes) =>
    onProgress?.({ phase: 'checking', file, doneBytes, totalBytes, bytesPerSecond: 0, secondsLeft: undefined });
}

function makeHttp({ hubUrl = DEFAULT_HUB, ...settings }: FetchSettings): Http {
  return new Http({ ...settings, hubUrl });
}

async function openRepository(address: ModelAddress, settings: FetchSettings, http: Http): Promise<RemoteRepository> {
  return address.kind === 'hub'
    ? openHubRepository(address, settings.hubUrl ?? DEFAULT_HUB, http)
    : openOwnAddress(address, http);
}

/** A single file of a repository is a model of its own beside the others. */
function versionOf({ commit, file }: Pick<RemoteRepository, 'commit' | 'file'>): string {
  return file === undefined ? commit : `${commit}--${file.replaceAll('/', '--')}`;
}

/** Whether the address can never mean another version. */
function isFixed(address: ModelAddress): boolean {
  return address.kind === 'hub' && fixedCommit(address) !== undefined;
}

/** The commit that an address of the hub had when it was last looked up. */
async function knownRevision(address: ModelAddress, cache: ModelCache): Promise<Pick<FetchedModel, 'revision'>> {
  if (address.kind === 'url') return {};
  const revision = fixedCommit(address) ?? (await cache.commitOf(hubCacheFolder(address), address.revision));
  return revision === undefined ? {} : { revision };
}

/** What the cache has of an address, without asking its server. */
async function lastKnown(address: ModelAddress, cache: ModelCache): Promise<Snapshot | undefined> {
  if (address.kind === 'url') {
    const file = ownFile(address);
    return cache.snapshot(
      ownCacheFolder(address),
      versionOf({ commit: OWN_VERSION, ...(file !== undefined && { file }) }),
    );
  }
  const folder = hubCacheFolder(address);
  const { revision: commit } = await knownRevision(address, cache);
  if (commit === undefined) return undefined;
  return cache.snapshot(folder, versionOf({ commit, ...(address.file !== undefined && { file: address.file }) }));
}

/** A commit's files never change; those of an address of one's own may. */
async function openUnchanged(
  repository: RemoteRepository,
  snapshot: Snapshot,
  settings: FetchSettings,
  isLocked = false,
): Promise<ReadonlyMap<string, ByteSource> | undefined> {
  return repository.commit === OWN_VERSION ? undefined : snapshot.openAll(onChecked(settings), isLocked);
}

async function download(
  repository: RemoteRepository,
  snapshot: Snapshot,
  http: Http,
  settings: FetchSettings,
): Promise<ReadonlyMap<string, ByteSource>> {
  const { name, commit } = repository;
  const { checkConfig, connections, pieceBytes, signal, onProgress } = settings;
  const needed = await neededFiles(repository);
  const lock = await lockWhenFree(snapshot, name, settings);
  try {
    // Whoever had the lock may have fetched it meanwhile.
    const ready = await openUnchanged(repository, snapshot, settings, true);
    if (ready !== undefined) return ready;
    await settings.askToPersist?.();
    const options = {
      name,
      commit,
      ...(connections !== undefined && { connections }),
      ...(pieceBytes !== undefined && { pieceBytes }),
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
    };
    await downloadFiles(snapshot, needed.small, http, options);
    const textOf = async ({ path }: Pick<RemoteFile, 'path'>): Promise<string> => {
      const source = await snapshot.open(path);
      return new TextDecoder().decode(await source.read(0, source.size));
    };
    if (needed.small.some(({ path }) => path === CONFIG_FILE))
      checkConfig?.(parseConfig(await textOf({ path: CONFIG_FILE }), name));
    const weights = await needed.weights(textOf);
    await downloadFiles(snapshot, [...needed.small, ...weights], http, options);
    await snapshot.complete([...needed.small, ...weights].map(({ path }) => path));
    const files = await snapshot.openAll(onChecked(settings), true);
    if (files !== undefined) return files;
    throw new WebLoraError('storage', name, {
      got: 'files of another size than were written',
      wanted: 'the files that were fetched',
      fix: 'check the disk, then start it again',
    });
  } finally {
    await lock.release();
  }
}

/** Two tabs or commands that want one model: the second waits and then uses what the first fetched. */
async function lockWhenFree(snapshot: Snapshot, name: string, settings: FetchSettings): Promise<Lock> {
  const { onProgress, onNotice, signal, wait = waitFor } = settings;
  let hasSaid = false;
  for (;;) {
    try {
      return await snapshot.lock();
    } catch (thrown) {
      if (!(thrown instanceof WebLoraError) || thrown.code !== 'locked') throw thrown;
    }
    if (!hasSaid) {
      hasSaid = true;
      onNotice?.(`${name}: another download of this model is under way, waiting for it`);
      onProgress?.({
        phase: 'waiting for another download of this model',
        file: '',
        doneBytes: 0,
        totalBytes: 0,
        bytesPerSecond: 0,
        secondsLeft: undefined,
      });
    }
    await wait(LOCK_POLL_MS, signal);
    if (signal?.aborted === true)
      throw new WebLoraError('aborted', `${name}: stopped while another download of it was under way`);
  }
}

function parseConfig(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WebLoraError('bad-model', `${name}: ${CONFIG_FILE}`, {
      got: 'text that is not JSON',
      wanted: 'a JSON object',
      fix: 'choose another version of the model',
      cause,
    });
  }
}

function notInCache(name: string, isPartial: boolean): WebLoraError {
  return new WebLoraError('file-not-found', `${name} while offline`, {
    got: isPartial ? 'a copy that is not whole' : 'no copy on this device',
    wanted: 'a model that was downloaded before',
    fix: 'load it once with a connection',
  });
}

function isNetwork(thrown: unknown): boolean {
  return thrown instanceof WebLoraError && thrown.code === 'network';
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function waitFor(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
