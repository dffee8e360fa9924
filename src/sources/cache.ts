import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import * as v from 'valibot';
import { WebLoraError } from '../errors.ts';
import type { ByteSource } from '../formats/byte-source.ts';
import { count, sha256Hex, shapeOrUndefined } from '../schema.ts';
import { checkRecord, withChecksum } from '../storage/checked-record.ts';
import { joinPath } from '../storage/paths.ts';
import type { FileStore, Lock } from '../storage/store.ts';
import { countBytes, type Range } from './ranges.ts';

/** One file of a model in the cache. */
export interface CachedFile {
  readonly size: number;
  /** What the source says of the content; a download goes on only while these stay the same. */
  readonly etag?: string;
  readonly gitSha1?: string;
  /** As the source says, and after the download as computed. */
  readonly sha256?: string;
  /** Whole and checked; else `have` says which bytes are in the partial file. */
  readonly complete: boolean;
  readonly have?: readonly Range[];
}

interface Manifest {
  readonly version: 1;
  /** As a user writes it: `hf:org/name`, an address. */
  readonly name: string;
  readonly commit: string;
  /** Every file the model needs is there. */
  readonly complete: boolean;
  readonly files: Readonly<Record<string, CachedFile>>;
}

const RANGE = v.custom<Range>(
  (value) =>
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((at) => v.is(count, at)) &&
    Number(value[0]) <= Number(value[1]),
);

/** A plain name or path below the model's folder: a manifest can name no other file of the disk. */
const isBelow = (path: string): boolean =>
  !path.startsWith('/') && !path.includes('\\') && path.split('/').every((part) => !['', '.', '..'].includes(part));

const MANIFEST_SHAPE: v.GenericSchema<unknown, Manifest> = v.looseObject({
  version: v.literal(1),
  name: v.string(),
  commit: v.string(),
  complete: v.boolean(),
  files: v.record(
    v.pipe(v.string(), v.check(isBelow)),
    v.looseObject({
      size: count,
      etag: v.exactOptional(v.string()),
      gitSha1: v.exactOptional(v.string()),
      sha256: v.exactOptional(sha256Hex),
      complete: v.boolean(),
      have: v.exactOptional(v.array(RANGE)),
    }),
  ),
});

const REVISIONS_SHAPE: v.GenericSchema<unknown, Record<string, string>> = v.record(v.string(), v.string());

/** A model in the cache, as listed. */
export interface CachedModel {
  /** Its folder in the cache. */
  readonly id: string;
  readonly name: string;
  readonly commit: string;
  readonly complete: boolean;
  /** On this device. */
  readonly bytes: number;
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly complete: boolean }[];
}

const MANIFEST = 'weblora-files.json';
const REVISIONS = 'revisions.json';
const PARTIAL = '.partial';
const HASH_CHUNK_BYTES = 4 * 2 ** 20;

/**
 * Models that were downloaded: one folder each in Hugging Face layout, `<model>/<commit>/`, with a manifest of sizes,
 * hashes and, while a download is under way, the byte ranges that are safely on the disk.
 */
export class ModelCache {
  readonly store: FileStore;

  constructor(store: FileStore) {
    this.store = store;
  }

  /** @param model folder of all versions, e.g. `org--name` @param version one of them, e.g. a commit */
  snapshot(model: string, version: string): Snapshot {
    return new Snapshot(this.store, joinPath(model, version));
  }

  /** The commit that a branch or tag had when it was last looked up. */
  async commitOf(model: string, revision: string): Promise<string | undefined> {
    return (await this.#revisions(model))[revision];
  }

  async recordCommit(model: string, revision: string, commit: string): Promise<void> {
    const known = await this.#revisions(model);
    if (known[revision] !== commit)
      await writeJson(this.store, joinPath(model, REVISIONS), { ...known, [revision]: commit });
  }

  async #revisions(model: string): Promise<Record<string, string>> {
    const { record, changed } = await readJson(this.store, joinPath(model, REVISIONS));
    return (changed === undefined ? shapeOrUndefined(REVISIONS_SHAPE, record) : undefined) ?? {};
  }

  async list(): Promise<readonly CachedModel[]> {
    const models: CachedModel[] = [];
    for (const { name: model, kind } of await this.store.list('')) {
      if (kind !== 'folder') continue;
      for (const { name: version, kind: inner } of await this.store.list(model)) {
        if (inner !== 'folder') continue;
        const snapshot = this.snapshot(model, version);
        const manifest = await snapshot.read();
        if (manifest === undefined) continue;
        const files = Object.entries(manifest.files).map(([path, { size, complete, have = [] }]) => ({
          path,
          bytes: complete ? size : countBytes(have),
          complete,
        }));
        const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
        const { name, commit, complete } = manifest;
        models.push({ id: snapshot.folder, name, commit, complete, bytes, files });
      }
    }
    return models;
  }

  /**
   * Removes a model by its id or name (every version of it).
   * @returns what was removed
   * @throws WebLoraError `file-not-found`; `locked` while it is being downloaded
   */
  async remove(idOrName: string): Promise<readonly CachedModel[]> {
    const found = await this.#find(idOrName);
    for (const { id } of found) {
      const lock = await new Snapshot(this.store, id).lock();
      try {
        await this.store.remove(id, { recursive: true });
      } finally {
        await lock.release();
      }
      await this.#removeIfEmpty(id.slice(0, id.indexOf('/')));
    }
    return found;
  }

  async #removeIfEmpty(model: string): Promise<void> {
    if ((await this.store.list(model)).some(({ name }) => name !== REVISIONS)) return;
    await this.store.remove(joinPath(model, REVISIONS));
    await this.store.remove(model);
  }

  /**
   * Reads every byte of a model again and compares it with its hash. Damaged files are removed, so that the next use
   * fetches them again.
   * @returns their paths
   */
  async check(idOrName: string, onProgress?: (done: number, total: number) => void): Promise<readonly string[]> {
    const found = await this.#find(idOrName);
    const total = found.reduce((sum, { bytes }) => sum + bytes, 0);
    const damaged: string[] = [];
    let done = 0;
    for (const { id } of found) {
      const snapshot = new Snapshot(this.store, id);
      const lock = await snapshot.lock();
      try {
        const manifest = await snapshot.read();
        for (const [path, { size, complete, sha256: wanted }] of Object.entries(manifest?.files ?? {})) {
          if (!complete) continue;
          const before = done;
          const isWhole =
            (await snapshot.sizeOf(path)) === size &&
            (await hashSource(await snapshot.open(path), (bytes) => onProgress?.(before + bytes, total))) === wanted;
          done += size;
          if (isWhole) continue;
          damaged.push(joinPath(id, path));
          await snapshot.discard(path);
        }
      } finally {
        await lock.release();
      }
    }
    return damaged;
  }

  async #find(idOrName: string): Promise<readonly CachedModel[]> {
    const all = await this.list();
    const wanted = idOrName.replace(/^hf:/, '');
    const found = all.filter(
      ({ id, name }) => [id, name, name.replace(/^hf:/, '')].includes(wanted) || name === idOrName,
    );
    if (found.length > 0) return found;
    throw new WebLoraError('file-not-found', `model ${idOrName}`, {
      got: 'no such model in the cache',
      wanted: all.map(({ name }) => name).join(', ') || 'a model that was downloaded (there is none yet)',
      fix: 'see the list of models',
    });
  }
}

/** One version of a model in the cache. */
export class Snapshot {
  readonly folder: string;
  readonly #store: FileStore;

  constructor(store: FileStore, folder: string) {
    this.#store = store;
    this.folder = folder;
  }

  /** The manifest; undefined where there is none or it is damaged, which is the same as nothing downloaded. */
  async read(): Promise<Manifest | undefined> {
    const { record } = await readJson(this.#store, joinPath(this.folder, MANIFEST));
    return shapeOrUndefined(MANIFEST_SHAPE, record);
  }

  /** @throws WebLoraError `bad-file` for a manifest that was changed since it was written, which is removed */
  async #assertAsWritten(isLocked: boolean): Promise<void> {
    const path = joinPath(this.folder, MANIFEST);
    const { changed } = await readJson(this.#store, path);
    if (changed === undefined) return;
    await this.#under(isLocked, () => this.#store.remove(path));
    throw new WebLoraError('bad-file', path, {
      got: `a record with sha256 ${changed.got.slice(0, 12)}…`,
      wanted: `${changed.wanted.slice(0, 12)}…, as the download wrote it`,
      fix: 'load the model again to fetch it anew; the damaged record was removed',
    });
  }

  async write(manifest: Manifest): Promise<void> {
    await writeJson(this.#store, joinPath(this.folder, MANIFEST), manifest);
  }

  /** Everything the model needs is there; files that an older version needed are removed. */
  async complete(paths: readonly string[]): Promise<void> {
    const manifest = await this.read();
    if (manifest === undefined) return;
    const kept = Object.entries(manifest.files).filter(([path]) => paths.includes(path));
    await this.write({ ...manifest, complete: true, files: Object.fromEntries(kept) });
    for (const path of Object.keys(manifest.files).filter((one) => !paths.includes(one))) {
      await this.#store.remove(joinPath(this.folder, path));
      await this.removePartial(path);
    }
  }

  /** Held while the folder changes. @throws WebLoraError `locked` */
  lock(): Promise<Lock> {
    return this.#store.lock(`${this.folder}.lock`);
  }

  freeBytes(): Promise<number | undefined> {
    return this.#store.freeBytes();
  }

  /** Bytes of a finished file; undefined when it is not there. */
  async sizeOf(path: string): Promise<number | undefined> {
    const file = joinPath(this.folder, path);
    return (await this.#store.exists(file)) ? this.#store.size(file) : undefined;
  }

  open(path: string): Promise<ByteSource> {
    return this.#store.open(joinPath(this.folder, path));
  }

  /** Bytes of the partial file; 0 when there is none. */
  async partialSize(path: string): Promise<number> {
    const file = joinPath(this.folder, path + PARTIAL);
    return (await this.#store.exists(file)) ? this.#store.size(file) : 0;
  }

  openPartial(path: string): Promise<ByteSource> {
    return this.#store.open(joinPath(this.folder, path + PARTIAL));
  }

  writePartial(path: string): ReturnType<FileStore['openWriter']> {
    return this.#store.openWriter(joinPath(this.folder, path + PARTIAL));
  }

  cutPartial(path: string, sizeBytes: number): Promise<void> {
    return this.#store.truncate(joinPath(this.folder, path + PARTIAL), sizeBytes);
  }

  /** The partial file becomes the file. */
  finish(path: string): Promise<void> {
    return this.#store.replace(joinPath(this.folder, path + PARTIAL), joinPath(this.folder, path));
  }

  async removePartial(path: string): Promise<void> {
    await this.#store.remove(joinPath(this.folder, path + PARTIAL));
  }

  /** Forgets a damaged file. */
  async discard(path: string): Promise<void> {
    const manifest = await this.read();
    if (manifest !== undefined) {
      const { [path]: _gone, ...files } = manifest.files;
      await this.write({ ...manifest, complete: false, files });
    }
    await this.#store.remove(joinPath(this.folder, path));
  }

  /**
   * The files of a model that is wholly there, each with its hash, which was compared with its bytes just now; undefined when
   * something is missing or has another size than recorded.
   * @param isLocked whether the caller has the snapshot's lock
   * @param isCompared false where only headers are wanted: the bytes are then taken for what they were
   * @throws WebLoraError `bad-file` for a file, or the manifest, whose bytes changed, which is removed so that it is fetched again
   */
  async openAll(
    onProgress?: OnChecked,
    isLocked = false,
    isCompared = true,
  ): Promise<ReadonlyMap<string, ByteSource> | undefined> {
    await this.#assertAsWritten(isLocked);
    const manifest = await this.read();
    if (manifest?.complete !== true) return undefined;
    const entries = Object.entries(manifest.files);
    const files = new Map<string, ByteSource>();
    const total = entries.reduce((sum, [, { size }]) => sum + size, 0);
    let done = 0;
    for (const [path, { size, sha256: hash, complete }] of entries) {
      if (!complete || hash === undefined || (await this.sizeOf(path)) !== size) return undefined;
      const name = path.slice(path.lastIndexOf('/') + 1);
      const source = await this.open(path);
      const before = done;
      const found = isCompared ? await hashSource(source, (bytes) => onProgress?.(path, before + bytes, total)) : hash;
      done += size;
      if (found !== hash) {
        await this.#under(isLocked, () => this.discard(path));
        throw new WebLoraError('bad-file', `${manifest.name}: ${path}`, {
          got: `content with sha256 ${found.slice(0, 12)}…`,
          wanted: `${hash.slice(0, 12)}…, as it was downloaded`,
          fix: 'load the model again to fetch this file anew; the damaged copy was removed',
        });
      }
      files.set(name, { name, size, sha256: hash, read: (offset, length) => source.read(offset, length) });
    }
    return files;
  }

  async #under(isLocked: boolean, change: () => Promise<void>): Promise<void> {
    const lock = isLocked ? undefined : await this.lock();
    try {
      await change();
    } finally {
      await lock?.release();
    }
  }
}

/** Told while bytes are compared with their hash. */
type OnChecked = (path: string, doneBytes: number, totalBytes: number) => void;

/** sha256 of a source, hex, read piece by piece. */
export async function hashSource(source: ByteSource, onProgress?: (bytes: number) => void): Promise<string> {
  const hash = sha256.create();
  for (let offset = 0; offset < source.size; offset += HASH_CHUNK_BYTES) {
    const length = Math.min(HASH_CHUNK_BYTES, source.size - offset);
    hash.update(await source.read(offset, length));
    onProgress?.(offset + length);
  }
  return bytesToHex(hash.digest());
}

async function readJson(store: FileStore, path: string): Promise<ReturnType<typeof checkRecord>> {
  if (!(await store.exists(path))) return { record: undefined };
  try {
    return checkRecord(JSON.parse(await store.readText(path)));
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return { record: undefined };
    throw thrown;
  }
}

async function writeJson(store: FileStore, path: string, value: object): Promise<void> {
  await store.write(`${path}.new`, `${JSON.stringify(withChecksum(value), null, 1)}\n`);
  await store.replace(`${path}.new`, path);
}
