import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { WebLoraError } from '../errors.ts';
import type { FileWriter } from '../storage/store.ts';
import type { CachedFile, Snapshot } from './cache.ts';
import { Patience, type Http } from './http.ts';
import { addRange, countBytes, missingPieces, type Range } from './ranges.ts';
import { TransferRate, type DownloadProgress } from './transfer-rate.ts';

/** A file to fetch and what its source says of the content. */
export interface RemoteFile {
  readonly path: string;
  readonly url: string;
  readonly size: number;
  readonly etag?: string;
  /** Of the content, hex. */
  readonly sha256?: string;
  /** Git's blob id: sha1 over `blob <size>\0` and the content, hex. */
  readonly gitSha1?: string;
}

export interface DownloadOptions {
  /** As a user writes the model, for messages. */
  readonly name: string;
  readonly commit: string;
  /** Requests side by side (4). */
  readonly connections?: number;
  /** Bytes of one request at most (16 MiB). */
  readonly pieceBytes?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DownloadProgress) => void;
}

const CONNECTIONS = 4;
const PIECE_BYTES = 16 * 2 ** 20;
const CHECK_BYTES = 4 * 2 ** 20;
/** What arrived is recorded at least this often, so that a process that is killed loses no more. */
const SAVE_EVERY_MS = 250;

/** A file on its way. */
interface Part {
  readonly file: RemoteFile;
  readonly writer: FileWriter;
  /** In the partial file, sorted. */
  have: readonly Range[];
  /** Some of it came from an earlier download, so damage may be older than this one. */
  readonly isResumed: boolean;
}

/**
 * Fetches files into the cache over several connections. What an earlier download left is used; what is complete is not
 * asked for again. Every file is compared with its size and hash before it counts. Needs the snapshot's lock.
 * @throws WebLoraError `network`, `access`, `file-not-found`, `bad-file` for a wrong hash, `storage`, `aborted`; the
 *   cache then holds what arrived
 */
export async function downloadFiles(
  snapshot: Snapshot,
  files: readonly RemoteFile[],
  http: Http,
  options: DownloadOptions,
): Promise<void> {
  await new Download(snapshot, http, options).run(files);
}

class Download {
  readonly #snapshot: Snapshot;
  readonly #http: Http;
  readonly #options: DownloadOptions;
  readonly #entries = new Map<string, CachedFile>();
  readonly #parts = new Map<string, Part>();
  readonly #rate = new TransferRate();
  #received = 0;
  #doneBytes = 0;
  #totalBytes = 0;
  /** Stopped by the user, or because one of the connections failed. */
  readonly #ended = new AbortController();
  /** Saves and closes one after the other. */
  #saving: Promise<void> = Promise.resolve();
  #savedAt = 0;

  constructor(snapshot: Snapshot, http: Http, options: DownloadOptions) {
    this.#snapshot = snapshot;
    this.#http = http;
    this.#options = options;
  }

  async run(files: readonly RemoteFile[]): Promise<void> {
    for (const [path, entry] of Object.entries((await this.#snapshot.read())?.files ?? {}))
      this.#entries.set(path, entry);
    const missing: RemoteFile[] = [];
    for (const file of files) if (!(await this.#isComplete(file))) missing.push(file);
    if (missing.length === 0) return;
    this.#totalBytes = files.reduce((sum, { size }) => sum + size, 0);
    this.#doneBytes = this.#totalBytes - missing.reduce((sum, { size }) => sum + size, 0);
    await this.#assertRoom(missing);
    try {
      await this.#fetchAll(missing);
    } catch (thrown) {
      throw this.#advise(thrown);
    }
  }

  async #isComplete(file: RemoteFile): Promise<boolean> {
    const entry = this.#entries.get(file.path);
    return (
      entry?.complete === true && isSameContent(entry, file) && (await this.#snapshot.sizeOf(file.path)) === entry.size
    );
  }

  async #assertRoom(missing: readonly RemoteFile[]): Promise<void> {
    const free = await this.#snapshot.freeBytes();
    if (free === undefined) return;
    let wanted = 0;
    for (const file of missing) wanted += file.size - countBytes(await this.#usableRanges(file));
    if (wanted <= free) return;
    throw new WebLoraError('storage', this.#options.name, {
      got: `${formatBytes(free)} of free space`,
      wanted: `${formatBytes(wanted)} for the files still to come`,
      fix: 'free disk space or delete models you no longer need, then start it again',
    });
  }

  /** Ranges of the partial file that belong to the content the source has now. */
  async #usableRanges(file: RemoteFile): Promise<readonly Range[]> {
    const entry = this.#entries.get(file.path);
    if (entry === undefined || entry.complete || !isSameContent(entry, file)) return [];
    const size = await this.#snapshot.partialSize(file.path);
    return (entry.have ?? []).filter(([, to]) => to <= size && to <= file.size);
  }

  async #fetchAll(missing: readonly RemoteFile[]): Promise<void> {
    const { connections = CONNECTIONS, pieceBytes = PIECE_BYTES, signal } = this.#options;
    const queue: { file: RemoteFile; piece: Range }[] = [];
    const left = new Map<string, number>();
    signal?.addEventListener('abort', () => this.#ended.abort(), { once: true });
    if (signal?.aborted === true) this.#ended.abort();
    try {
      for (const file of missing) {
        const part = await this.#openPart(file);
        this.#doneBytes += countBytes(part.have);
        const pieces = missingPieces(part.have, file.size, pieceBytes);
        left.set(file.path, pieces.length);
        queue.push(...pieces.map((piece) => ({ file, piece })));
        if (pieces.length === 0) await this.#finish(part);
      }
      const connection = async (): Promise<void> => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          const { file, piece } = next;
          const part = this.#parts.get(file.path);
          if (part === undefined) throw new WebLoraError('internal', `download: no open file for ${file.path}`);
          await this.#fetchPiece(part, piece);
          await this.#save();
          left.set(file.path, (left.get(file.path) ?? 0) - 1);
          if (left.get(file.path) === 0) await this.#finish(part);
        }
      };
      const outcomes = await Promise.allSettled(
        Array.from({ length: connections }, () =>
          connection().catch((thrown: unknown) => {
            queue.length = 0;
            this.#ended.abort();
            throw thrown;
          }),
        ),
      );
      const failures = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }): unknown => reason);
      if (failures.length > 0) throw failures.find((one) => !isAbort(one)) ?? failures[0];
    } finally {
      // On a full disk the older record stays: it names less than is there, never more.
      await this.#save().catch(() => undefined);
      for (const { writer } of this.#parts.values()) await writer.close().catch(() => undefined);
    }
  }

  async #openPart(file: RemoteFile): Promise<Part> {
    const have = await this.#usableRanges(file);
    const size = await this.#snapshot.partialSize(file.path);
    if (size > 0 && have.length === 0) await this.#snapshot.removePartial(file.path);
    if (size > file.size) await this.#snapshot.cutPartial(file.path, file.size);
    const part = { file, have, isResumed: have.length > 0, writer: await this.#snapshot.writePartial(file.path) };
    this.#parts.set(file.path, part);
    this.#entries.set(file.path, entryOf(file, have));
    return part;
  }

  /** One range, however often the connection is cut. */
  async #fetchPiece(part: Part, [from, to]: Range): Promise<void> {
    const { signal } = this.#ended;
    const { file } = part;
    const what = `${this.#options.name}: ${file.path}`;
    const patience = new Patience();
    let at = from;
    while (at < to) {
      // Also for whole files: a body that answers a range is never compressed.
      const headers = { Range: `bytes=${at}-${to - 1}` };
      const { response, chunks, discard } = await this.#http.request(file.url, { headers, what, signal, patience });
      let skip = 0;
      try {
        skip = bodyStart(response, file, at, what);
      } catch (thrown) {
        await discard();
        throw thrown;
      }
      try {
        for await (const chunk of chunks) {
          const useful = chunk.subarray(Math.min(skip, chunk.byteLength), Math.min(chunk.byteLength, skip + to - at));
          skip = Math.max(0, skip - chunk.byteLength);
          if (useful.byteLength > 0) {
            await part.writer.writeAt(at, useful);
            await this.#arrived(part, [at, at + useful.byteLength]);
            at += useful.byteLength;
            patience.progressed();
          }
          if (at >= to) break;
        }
        if (at < to) throw new Error(`a connection that ended ${to - at} bytes early`);
      } catch (thrown) {
        await this.#http.failed(patience, thrown, what, signal);
      }
    }
  }

  async #arrived(part: Part, range: Range): Promise<void> {
    part.have = addRange(part.have, range);
    const bytes = range[1] - range[0];
    this.#received += bytes;
    this.#doneBytes += bytes;
    this.#report('downloading', part.file.path);
    if (performance.now() - this.#savedAt < SAVE_EVERY_MS) return;
    this.#savedAt = performance.now();
    await this.#save();
  }

  #report(phase: DownloadProgress['phase'], file: string): void {
    const bytesPerSecond = this.#rate.measure(this.#received);
    const left = this.#totalBytes - this.#doneBytes;
    this.#options.onProgress?.({
      phase,
      file,
      doneBytes: this.#doneBytes,
      totalBytes: this.#totalBytes,
      bytesPerSecond,
      secondsLeft: bytesPerSecond > 0 ? left / bytesPerSecond : undefined,
    });
  }

  /** Records what is safely on the disk: data is flushed before the record names it. */
  #save(): Promise<void> {
    return this.#inTurn(async () => {
      const have = new Map([...this.#parts].map(([path, part]) => [path, part.have]));
      for (const { writer } of this.#parts.values()) await writer.flush();
      for (const [path, { file }] of this.#parts) this.#entries.set(path, entryOf(file, have.get(path) ?? []));
      const { name, commit } = this.#options;
      const files = Object.fromEntries([...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1)));
      await this.#snapshot.write({ version: 1, name, commit, complete: false, files });
    });
  }

  #inTurn(action: () => Promise<void>): Promise<void> {
    const done = this.#saving.then(action);
    this.#saving = done.catch(() => undefined);
    return done;
  }

  /** Compares a file whose bytes are all there with its hash. */
  async #finish(part: Part): Promise<void> {
    const { file } = part;
    await this.#save();
    await this.#inTurn(async () => {
      this.#parts.delete(file.path);
      await part.writer.close();
    });
    this.#report('checking', file.path);
    const found = await this.#hash(file);
    const wanted = file.sha256 ?? file.gitSha1;
    const got = file.sha256 !== undefined ? found.sha256 : found.gitSha1;
    if (wanted === undefined || wanted === got) {
      await this.#snapshot.finish(file.path);
      const { have: _have, ...entry } = entryOf(file, []);
      this.#entries.set(file.path, { ...entry, sha256: found.sha256, complete: true });
      await this.#save();
      return;
    }
    this.#entries.delete(file.path);
    await this.#snapshot.removePartial(file.path);
    await this.#save();
    this.#doneBytes -= file.size;
    if (part.isResumed) {
      // What an earlier download left may have been damaged since: once more, from nothing.
      const fresh = await this.#openPart(file);
      await this.#fetchPiece(fresh, [0, file.size]);
      return this.#finish(fresh);
    }
    throw new WebLoraError('bad-file', `${this.#options.name}: ${file.path}`, {
      got: `content with ${file.sha256 !== undefined ? 'sha256' : 'git id'} ${got.slice(0, 12)}…`,
      wanted: `${wanted.slice(0, 12)}…, as the server lists it`,
      fix: 'start it again to fetch this file anew; the damaged copy was removed',
    });
  }

  async #hash({ path, size }: RemoteFile): Promise<{ sha256: string; gitSha1: string }> {
    const source = await this.#snapshot.openPartial(path);
    const [whole, git] = [sha256.create(), sha1.create()];
    git.update(new TextEncoder().encode(`blob ${size}\0`));
    for (let offset = 0; offset < size; offset += CHECK_BYTES) {
      const bytes = await source.read(offset, Math.min(CHECK_BYTES, size - offset));
      whole.update(bytes);
      git.update(bytes);
      this.#http.throwIfAborted(this.#options.name, this.#options.signal);
    }
    return { sha256: bytesToHex(whole.digest()), gitSha1: bytesToHex(git.digest()) };
  }

  #advise(thrown: unknown): unknown {
    if (!(thrown instanceof WebLoraError) || thrown.code !== 'storage') return thrown;
    return new WebLoraError('storage', `${this.#options.name} cannot be stored`, {
      got: thrown.message,
      wanted: `${formatBytes(this.#totalBytes)} of space`,
      fix: 'free disk space or delete models you no longer need, then start it again: what arrived is kept',
      cause: thrown,
    });
  }
}

/**
 * Bytes of the body to pass over until byte `at` of the file: none when the server keeps to the range.
 * @throws WebLoraError `bad-file` when the file at that address is no longer the one that was listed
 */
function bodyStart(response: Response, file: RemoteFile, at: number, what: string): number {
  const etag = response.headers.get('X-Linked-ETag') ?? response.headers.get('ETag');
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('Content-Range') ?? '');
  const total = range?.[2] === undefined || range[2] === '*' ? undefined : Number(range[2]);
  // Redirects end at stores with ETags of their own: only an address of one's own is held to its ETag.
  const isOther = file.sha256 === undefined && file.gitSha1 === undefined && file.etag !== undefined && etag !== null;
  if ((isOther && etag !== file.etag) || (total !== undefined && total !== file.size)) {
    throw new WebLoraError('bad-file', what, {
      got: total === file.size ? 'another version of the file' : `a file of ${total ?? 'unknown'} bytes`,
      wanted: `the one of ${file.size} bytes that was listed`,
      fix: 'it changed on the server meanwhile, start it again',
    });
  }
  if (response.status !== 206) return at;
  return range?.[1] === undefined ? 0 : Math.max(0, at - Number(range[1]));
}

/** Without a hash of its own the content is known by its ETag; without one, a partial file is not trusted. */
function isSameContent(entry: CachedFile, file: RemoteFile): boolean {
  if (entry.size !== file.size) return false;
  if (file.sha256 !== undefined) return entry.sha256 === file.sha256;
  if (file.gitSha1 !== undefined) return entry.gitSha1 === file.gitSha1;
  return file.etag !== undefined && entry.etag === file.etag;
}

function entryOf({ size, etag, sha256: hash, gitSha1 }: RemoteFile, have: readonly Range[]): CachedFile {
  return {
    size,
    ...(etag !== undefined && { etag }),
    ...(hash !== undefined && { sha256: hash }),
    ...(gitSha1 !== undefined && { gitSha1 }),
    complete: false,
    have,
  };
}

function isAbort(thrown: unknown): boolean {
  return thrown instanceof WebLoraError && thrown.code === 'aborted';
}

/** 1234567890 -> `1.23 GB` */
function formatBytes(bytes: number): string {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
