import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModelFolder } from '../../models/checkpoint/open-model.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import {
  ADAPTER_FORMATS,
  CARD_FILE,
  isAdapterFile,
  readAdapterFiles,
  type BaseNames,
} from '../adapters/formats/index.ts';
import { SIGNATURE_FILE, signedNames } from '../adapters/signature.ts';
import { WebLoraError } from '../errors.ts';
import { checkRange, type ByteSource } from '../formats/byte-source.ts';
import type { RunRecord } from '../train/run-record.ts';
import { assertAsRecorded, parseRunRecord, RUN_FILE } from '../train/run-record.ts';
import type { Dataset } from '../data/dataset.ts';
import { nodeStorageFailure, readRange } from '../storage/node-store.ts';

/** The built-in model's folder: beside the built command, or in the repository. */
export function embeddedFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const candidates = [join(here, 'embedded', 'model'), join(here, '..', '..', 'models', 'embedded', 'model')];
  const found = candidates.find((path) => existsSync(join(path, 'config.json')));
  if (found === undefined) {
    throw new WebLoraError('file-not-found', 'the built-in model', {
      got: 'no folder beside this program',
      wanted: candidates[0] ?? 'embedded/model',
      fix: 'run npm run build',
    });
  }
  return found;
}

/** A model on this computer. @throws `file-not-found` */
export function openModelFolder(model: string): ModelFolder {
  const path = model === 'embedded' ? embeddedFolder() : resolve(model);
  const isGguf = model.endsWith('.gguf');
  if (isGguf && existsSync(path) && statSync(path).isFile()) {
    return { name: model, files: new Map([[basename(path), fileSource(path)]]) };
  }
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    throw new WebLoraError('file-not-found', `--model ${model}`, {
      got: existsSync(path) ? 'a file' : isGguf ? 'no such file' : 'no such folder',
      wanted: 'embedded, a folder in Hugging Face layout, a .gguf file, or hf:org/name',
      fix: 'check the path',
    });
  }
  const names = readdirSync(path).filter(
    (name) => statSync(join(path, name), { throwIfNoEntry: false })?.isFile() === true,
  );
  return { name: model, files: new Map(names.map((name) => [name, fileSource(join(path, name))])) };
}

/** A file on disk, read in pieces. */
function fileSource(path: string): ByteSource {
  const name = basename(path);
  const { size } = statSync(path);
  return {
    name,
    size,
    read: async (offset, length) => {
      checkRange({ name, size }, offset, length);
      try {
        return await readRange(path, offset, length);
      } catch (thrown) {
        throw nodeStorageFailure(path, thrown);
      }
    },
  };
}

/** What kept a named file from being read. */
const UNREADABLE: Readonly<Record<string, { readonly got: string; readonly fix: string }>> = {
  ENOENT: { got: 'no such file', fix: 'check the path' },
  ENOTDIR: { got: 'no such file', fix: 'check the path' },
  EISDIR: { got: 'a folder', fix: 'name a file in it' },
  EACCES: { got: 'a file that you may not read', fix: 'change its permissions, or name another file' },
  EPERM: { got: 'a file that you may not read', fix: 'change its permissions, or name another file' },
};

/**
 * The bytes of a file that a flag names.
 * @param what flag and path in messages, such as `--gate bar.json`
 * @param wanted what the file is to hold
 * @throws WebLoraError `file-not-found`; `storage` where it cannot be read
 */
export function readNamedFile(what: string, path: string, wanted: string): Buffer<ArrayBuffer> {
  try {
    return readFileSync(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const reason = UNREADABLE[code];
    if (reason === undefined) throw nodeStorageFailure(path, cause);
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR';
    throw new WebLoraError(isMissing ? 'file-not-found' : 'storage', what, { ...reason, wanted, cause });
  }
}

/** What Node reads into one buffer, and JavaScript into one text, with room to spare. */
const MOST_DATA_BYTES = 500 * 2 ** 20;

/** What --data and its like may be. */
export const DATA_WANTED = 'a JSONL, JSON, CSV, TSV, .xlsx or Parquet file';

export function readDataFile(flag: string, path: string, columns?: Dataset['columns']): Dataset {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > MOST_DATA_BYTES) {
    throw new WebLoraError('bad-data', `${flag} ${path}`, {
      got: `${size} bytes`,
      wanted: `at most ${MOST_DATA_BYTES}: a table is read as a whole`,
      fix: 'split the file, or keep the rows that matter',
    });
  }
  const bytes = readNamedFile(`${flag} ${path}`, path, DATA_WANTED);
  return { name: basename(path), bytes, ...(columns && { columns }) };
}

/** What --adapter may be. */
export const ADAPTER_WANTED = `a folder, a zip of one, or a file: ${ADAPTER_FORMATS.map(({ label }) => label).join(', ')}`;

/** The files of an adapter on this computer by their names: of a folder, or one file. @throws `file-not-found` */
export function adapterFilesAt(flag: string, path: string): Map<string, Uint8Array> {
  if (!existsSync(path)) {
    throw new WebLoraError('file-not-found', `${flag} ${path}`, {
      got: 'nothing there',
      wanted: ADAPTER_WANTED,
      fix: 'check the path',
    });
  }
  if (!statSync(path).isDirectory())
    return new Map([[basename(path), readNamedFile(`${flag} ${path}`, path, ADAPTER_WANTED)]]);
  const signature = existsSync(join(path, SIGNATURE_FILE)) ? readFileSync(join(path, SIGNATURE_FILE)) : undefined;
  const signed = new Set(signature === undefined ? [] : [SIGNATURE_FILE, ...signedNames(signature)]);
  const names = readdirSync(path);
  if (!names.some(isAdapterFile)) {
    throw new WebLoraError('bad-adapter', `${flag} ${path}`, {
      got: `a folder with ${names.slice(0, 5).join(', ') || 'nothing'}`,
      wanted: ADAPTER_FORMATS.map(({ files }) => files).join('; or '),
      fix: 'choose the folder or file of a LoRA adapter, or a zip of it',
    });
  }
  const files = names.filter((name) => isAdapterFile(name) || name === CARD_FILE || signed.has(name));
  return new Map(files.map((name) => [name, readFileSync(join(path, name))]));
}

/**
 * @param base names of the base model, asked for only by formats that depend on them
 * @throws `file-not-found`, `bad-adapter`, `unsupported`
 */
export async function readAdapter(flag: string, path: string, base?: () => Promise<BaseNames>): Promise<LoraAdapter> {
  const files = adapterFilesAt(flag, path);
  assertAsRecorded(readRunFile(resolve(path)), files, path);
  return readAdapterFiles(files, base);
}

/** The record beside an adapter, when WebLoRA trained it. @throws `bad-file` */
export function readRunFile(folder: string): RunRecord | undefined {
  const path = join(folder, RUN_FILE);
  if (!existsSync(path)) return undefined;
  return parseRunRecord(readFileSync(path, 'utf8'), {
    what: path,
    code: 'bad-file',
    fix: 'remove the file or train again',
  });
}
