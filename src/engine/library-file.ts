import * as v from 'valibot';
import { zipFiles } from '../adapters/zip.ts';
import { WebLoraError } from '../errors.ts';
import { unzip } from '../formats/zip.ts';
import { sha256Of } from '../hash.ts';
import { checkShape, parseJson } from '../schema.ts';
import { joinPath } from '../storage/paths.ts';
import type { FileStore } from '../storage/store.ts';
import {
  assertAsRecorded,
  isFinished,
  lacksFiles,
  parseRunRecord,
  readRunRecord,
  RUN_FILE,
} from '../train/run-record.ts';
import { isSealed, seal, unseal } from './seal.ts';

/** Every finished run of a device as one file: a zip of their folders without checkpoints, sealed where a passphrase is given. */
const INDEX_FILE = 'weblora-library.json';
const FORMAT = 'weblora-library/1';

const NOTE = v.object({
  title: v.exactOptional(v.string()),
  note: v.exactOptional(v.string()),
  tags: v.exactOptional(v.pipe(v.array(v.string()), v.readonly())),
});
/** What a person wrote about a version. */
export type VersionNote = v.InferOutput<typeof NOTE>;
export type VersionNotes = Readonly<Record<string, VersionNote>>;

const INDEX = v.object({
  format: v.literal(FORMAT),
  notes: v.record(v.string(), NOTE),
  files: v.record(v.string(), v.string()),
});

export interface WrittenLibrary {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Runs in it. */
  readonly versions: readonly string[];
  /** Runs that are not: unfinished or damaged, or without a file of their adapter. */
  readonly leftOut: readonly string[];
}

/** More than this is neither saved nor opened: a browser holds a file and its contents in memory, several times over. */
const MOST_BYTES = 2 ** 30;
/** A zip counts them in 16 bits. */
const MOST_FILES = 0xffff;
const LIMITS = { bytes: MOST_BYTES, entries: MOST_FILES, ratio: 200 };

export interface ImportedLibrary {
  /** Runs that were added, each under the folder that it has now, with the one that it had. */
  readonly added: readonly { readonly out: string; readonly was: string }[];
  /** Runs that were here already. */
  readonly present: readonly string[];
  /** By the folders that the added runs have now. */
  readonly notes: VersionNotes;
}

/**
 * @param notes by a run's folder; those of other runs are left out
 * @throws `unsupported` for more than one file can hold, or a passphrase where the browser encrypts nothing
 */
export async function writeLibrary(
  store: FileStore,
  notes: VersionNotes,
  passphrase?: string,
): Promise<WrittenLibrary> {
  const files = new Map<string, Uint8Array>();
  let total = 0;
  const [versions, leftOut]: [string[], string[]] = [[], []];
  for (const { name: out, kind } of await store.list('')) {
    if (kind !== 'folder' || !(await store.exists(joinPath(out, RUN_FILE)))) continue;
    const record = await readRunRecord(store, out).catch(() => undefined);
    if (!isFinished(record) || (await lacksFiles(store, out, record))) {
      leftOut.push(out);
      continue;
    }
    versions.push(out);
    for (const entry of await store.list(out)) {
      // Locks and drafts are of this moment only.
      if (entry.kind !== 'file' || entry.name.startsWith('.') || entry.name.endsWith('.tmp')) continue;
      const path = joinPath(out, entry.name);
      total += await store.size(path);
      if (total > MOST_BYTES || files.size + 2 > MOST_FILES) {
        throw new WebLoraError('unsupported', 'all versions as one file', {
          got: total > MOST_BYTES ? `more than ${MOST_BYTES} bytes` : `more than ${MOST_FILES} files`,
          wanted: `at most ${MOST_BYTES} bytes in ${MOST_FILES} files`,
          fix: 'download large versions one by one, and delete those that are not needed',
        });
      }
      files.set(`${out}/${entry.name}`, await store.read(path));
    }
  }
  const index: v.InferOutput<typeof INDEX> = {
    format: FORMAT,
    notes: Object.fromEntries(Object.entries(notes).filter(([out]) => versions.includes(out))),
    files: Object.fromEntries([...files].map(([path, bytes]) => [path, sha256Of(bytes)])),
  };
  const zip = zipFiles(new Map(files).set(INDEX_FILE, new TextEncoder().encode(JSON.stringify(index, null, 2))));
  return {
    bytes: passphrase === undefined ? zip : await seal(zip, passphrase, 'all versions as one file'),
    versions,
    leftOut,
  };
}

const refused = (name: string, got: string, cause?: unknown): WebLoraError =>
  new WebLoraError('bad-file', name, {
    got,
    wanted: 'a library of versions as WebLoRA saved it',
    fix: 'take another copy of it',
    ...(cause !== undefined && { cause }),
  });

/** Whether a name is that of a folder directly below the root, and of nothing that the program hides there. */
const isPlainName = (name: string): boolean => name !== '' && !name.startsWith('.') && !/[/\\\0]/.test(name);

async function readLibrary(bytes: Uint8Array<ArrayBuffer>, name: string, passphrase: string | undefined) {
  if (isSealed(bytes) && passphrase === undefined) {
    throw new WebLoraError('bad-file', name, {
      got: 'a library with a passphrase',
      wanted: 'its passphrase',
      fix: 'give it, and open the file again',
    });
  }
  // Whoever gives a passphrase relies on it: a file that anybody could have put in its place is not taken for the sealed one.
  if (!isSealed(bytes) && passphrase !== undefined) {
    throw new WebLoraError('bad-file', name, {
      got: 'a file that no passphrase protects',
      wanted: 'one that was saved with it',
      fix: 'leave the passphrase out where you trust the file all the same',
    });
  }
  const zip = passphrase === undefined ? bytes : await unseal(bytes, passphrase, name);
  let files: Map<string, Uint8Array>;
  try {
    files = unzip(zip, LIMITS);
  } catch (cause) {
    throw refused(name, cause instanceof Error ? cause.message : String(cause), cause);
  }
  const index = files.get(INDEX_FILE);
  if (index === undefined) throw refused(name, `a file without ${INDEX_FILE}`);
  const of = {
    what: `${name}: ${INDEX_FILE}`,
    code: 'bad-file',
    wanted: 'the list of a library',
    fix: 'take another copy',
  } as const;
  const told = checkShape(INDEX, parseJson(new TextDecoder().decode(index), of), of);
  files.delete(INDEX_FILE);
  const runs = new Map<string, Map<string, Uint8Array>>();
  for (const [path, hash] of Object.entries(told.files)) {
    const file = files.get(path);
    if (file === undefined || sha256Of(file) !== hash)
      throw refused(name, `${path} missing or changed after it was saved`);
    const [out = '', inner = '', ...deeper] = path.split('/');
    if (!isPlainName(out) || !isPlainName(inner) || deeper.length > 0) throw refused(name, `a file named ${path}`);
    runs.set(out, (runs.get(out) ?? new Map<string, Uint8Array>()).set(inner, file));
  }
  const added = [...files.keys()].find((path) => !Object.hasOwn(told.files, path));
  if (added !== undefined) throw refused(name, `${added}, which was not in it when it was saved`);
  return { runs, notes: told.notes };
}

/** A library is held in memory: of what is larger than any that was saved nothing is read. @throws `bad-file` */
export function assertLibrarySize(bytes: number, name: string): void {
  // Beside the contents it has its list, the zip's own and the seal.
  if (bytes > 1.1 * MOST_BYTES) throw refused(name, `${bytes} bytes`);
}

/**
 * Adds the runs of a library to those of a store; what is there stays as it is. Everything is checked before anything is written,
 * and where not all can be written none stays.
 * @throws `bad-file` for another passphrase or a file that was changed, `bad-adapter` for weights that are not those of their run
 */
export async function importLibrary(
  store: FileStore,
  { bytes, name }: { readonly bytes: Uint8Array<ArrayBuffer>; readonly name: string },
  passphrase?: string,
): Promise<ImportedLibrary> {
  const { runs, notes } = await readLibrary(bytes, name, passphrase);
  const checked = [...runs].map(([was, files]) => {
    const text = new TextDecoder().decode(files.get(RUN_FILE) ?? new Uint8Array());
    const of = { what: `${name}: ${was}/${RUN_FILE}`, code: 'bad-file', fix: 'take another copy' } as const;
    const record = parseRunRecord(text, of);
    if (!isFinished(record)) throw refused(name, `${was}, which was not finished`);
    assertAsRecorded(record, files, `${name}: ${was}`);
    return { was, files, record };
  });
  const here = await recordsIn(store);
  const added: { out: string; was: string }[] = [];
  const present: string[] = [];
  try {
    for (const { was, files, record } of checked) {
      const known = await readRunRecord(store, was).catch(() => undefined);
      const isHere = known !== undefined && known.results?.adapterSha256 === record.results?.adapterSha256;
      if (isHere || here.has(sha256Of(files.get(RUN_FILE) ?? new Uint8Array()))) {
        present.push(was);
        continue;
      }
      const out = await freeName(store, was);
      added.push({ out, was });
      await writeRun(store, out, files);
    }
  } catch (thrown) {
    // All or nothing: what was added without its note would not be found again.
    for (const { out } of added) await store.remove(out, { recursive: true }).catch(() => undefined);
    throw thrown;
  }
  const noted = added.flatMap(({ out, was }) => {
    const note = Object.hasOwn(notes, was) ? notes[was] : undefined;
    return note === undefined ? [] : [[out, note] as const];
  });
  return { added, present, notes: Object.fromEntries(noted) };
}

/** sha256 of the record of every run: one that was added under another name is known by it. */
async function recordsIn(store: FileStore): Promise<Set<string>> {
  const hashes = new Set<string>();
  for (const { name: out, kind } of await store.list('')) {
    const path = joinPath(out, RUN_FILE);
    if (kind === 'folder' && (await store.exists(path))) hashes.add(sha256Of(await store.read(path)));
  }
  return hashes;
}

async function freeName(store: FileStore, was: string): Promise<string> {
  let out = was;
  for (let n = 2; await store.exists(out); n++) out = `${was}-${n}`;
  return out;
}

/** The record last: a folder without one is no run, should the program end meanwhile. */
async function writeRun(store: FileStore, out: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [inner, bytes] of files) if (inner !== RUN_FILE) await store.write(joinPath(out, inner), bytes);
  await store.write(joinPath(out, RUN_FILE), files.get(RUN_FILE) ?? new Uint8Array());
}
