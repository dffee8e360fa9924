import { WebLoraError } from '../errors.ts';
import { checkRange, type ByteSource } from '../formats/byte-source.ts';
import type { RemoteFile } from './download.ts';
import { MOST_ANSWER_BYTES, type Http } from './http.ts';

/** The files of one version of a model on a server. */
export interface RemoteRepository {
  /** As a user writes it. */
  readonly name: string;
  /** Folder of all its versions in the cache. */
  readonly cacheFolder: string;
  /** Which version: a commit, or one that stands for an address of one's own. */
  readonly commit: string;
  /** The one file that was asked for, if it was. */
  readonly file?: string;
  /** Names of the files; undefined where the server does not list them. */
  readonly paths?: readonly string[];
  find(path: string): Promise<RemoteFile | undefined>;
}

/** Read before the weights: what the model is and how it talks. */
const SMALL_FILES = [
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
  'generation_config.json',
  'special_tokens_map.json',
  'weblora.json',
  // Its licence.
  'README.md',
];
export const CONFIG_FILE = 'config.json';
const INDEX_FILE = 'model.safetensors.index.json';
const SINGLE_FILE = 'model.safetensors';

/** What WebLoRA needs of a repository: everything small first, then the weights. */
export interface NeededFiles {
  readonly small: readonly RemoteFile[];
  readonly weights: (readText: (file: RemoteFile) => Promise<string>) => Promise<readonly RemoteFile[]>;
}

/**
 * Chooses the files to fetch: a folder in Hugging Face layout, or one `.gguf`.
 * @throws WebLoraError `bad-model`, `unsupported` or `file-not-found` for a repository with nothing to read
 */
export async function neededFiles(repository: RemoteRepository): Promise<NeededFiles> {
  const { name, file, paths } = repository;
  if (file !== undefined) return onlyFile(await findAll(repository, [file]));
  const small = (await Promise.all(SMALL_FILES.map((path) => repository.find(path)))).filter(
    (one) => one !== undefined,
  );
  const [single, index] = await Promise.all([repository.find(SINGLE_FILE), repository.find(INDEX_FILE)]);
  const hasConfig = small.some(({ path }) => path === CONFIG_FILE);
  if (hasConfig && single !== undefined) {
    // As transformers chooses; an index beside it is fetched so that opening the model can tell of it.
    return { small: index === undefined ? small : [...small, index], weights: () => Promise.resolve([single]) };
  }
  if (hasConfig && index !== undefined)
    return { small: [...small, index], weights: async (readText) => shards(repository, await readText(index)) };
  const others = (paths ?? []).filter(
    (path) => path.endsWith('.safetensors') && !/^(adapter_|consolidated)/.test(path),
  );
  if (hasConfig && others.length > 0) return { small, weights: () => findAll(repository, others) };

  const ggufs = (paths ?? []).filter((path) => path.endsWith('.gguf'));
  const [only] = ggufs;
  if (only !== undefined && ggufs.length === 1) return onlyFile(await findAll(repository, [only]));
  if (ggufs.length > 1) {
    throw new WebLoraError('bad-model', name, {
      got: `${ggufs.length} GGUF files: ${ggufs.slice(0, 12).join(', ')}${ggufs.length > 12 ? ', …' : ''}`,
      wanted: 'one of them',
      fix: `name it: ${name.replace(/@.*$/, '')}/${ggufs.find((path) => /q4_k_m/i.test(path)) ?? only ?? ''}`,
    });
  }
  throw new WebLoraError('bad-model', name, whatIsMissing(paths, hasConfig));
}

function whatIsMissing(paths: readonly string[] | undefined, hasConfig: boolean) {
  const wanted = 'config.json with *.safetensors, or one .gguf file';
  if (paths?.some((path) => path === 'adapter_config.json') === true)
    return { got: 'an adapter', wanted, fix: 'give the base model here, and the adapter as the adapter' };
  if (paths?.some((path) => /\.(bin|pth?|ckpt)$/.test(path)) === true)
    return {
      got: 'weights in PyTorch’s own format only, which can run code when it is read',
      wanted,
      fix: 'look for a version of the model in safetensors',
    };
  return {
    got: hasConfig ? 'no weights' : 'neither config.json nor a GGUF file',
    wanted,
    fix: 'check that this is a language model',
  };
}

function onlyFile(files: readonly RemoteFile[]): NeededFiles {
  return { small: [], weights: () => Promise.resolve(files) };
}

/** The shards that an index names. */
async function shards(repository: RemoteRepository, index: string): Promise<readonly RemoteFile[]> {
  let map: unknown;
  try {
    map = (JSON.parse(index) as { weight_map?: unknown }).weight_map;
  } catch (cause) {
    throw badIndex(repository.name, 'text that is not JSON', cause);
  }
  if (typeof map !== 'object' || map === null) throw badIndex(repository.name, 'no weight_map');
  const names = [...new Set<unknown>(Object.values(map))];
  const isName = (name: unknown): name is string => typeof name === 'string' && /^[\w.-]+\.safetensors$/.test(name);
  const wrong = names.find((name) => !isName(name));
  if (wrong !== undefined) throw badIndex(repository.name, `a shard named ${JSON.stringify(wrong)}`);
  return findAll(repository, names.filter(isName).sort());
}

async function findAll(repository: RemoteRepository, paths: readonly string[]): Promise<RemoteFile[]> {
  return Promise.all(
    paths.map(async (path) => {
      const file = await repository.find(path);
      if (file !== undefined) return file;
      throw new WebLoraError('file-not-found', `${repository.name}: ${path}`, {
        got: 'no such file on the server',
        wanted: repository.paths === undefined ? 'that file' : `one of ${repository.paths.slice(0, 20).join(', ')}`,
        fix: 'check the name, or ask its author for the missing file',
      });
    }),
  );
}

function badIndex(name: string, got: string, cause?: unknown): WebLoraError {
  return new WebLoraError('bad-model', `${name}: ${INDEX_FILE}`, {
    got,
    wanted: 'a weight_map from tensors to shards',
    fix: 'fetch the model again or use another one',
    cause,
  });
}

/** A file on a server, of which only the ranges asked for are fetched. */
export function remoteSource(file: RemoteFile, name: string, http: Http): ByteSource {
  return {
    name: file.path,
    size: file.size,
    isRemote: true,
    ...(file.sha256 !== undefined && { sha256: file.sha256 }),
    read: async (offset, length) => {
      checkRange({ name: file.path, size: file.size }, offset, length);
      if (length === 0) return new Uint8Array(0);
      // A server without ranges may send a small file whole; of a large one that is not waited for.
      const most = Math.max(length, Math.min(file.size, MOST_ANSWER_BYTES));
      const headers = { Range: `bytes=${offset}-${offset + length - 1}` };
      const bytes = await http.bytes(file.url, { what: `${name}: ${file.path}`, headers }, most);
      if (bytes.byteLength === length) return bytes;
      if (bytes.byteLength === file.size) return bytes.subarray(offset, offset + length); // no ranges on this server
      throw new WebLoraError('bad-file', `${name}: ${file.path}`, {
        got: `${bytes.byteLength} bytes`,
        wanted: `${length} from byte ${offset}`,
        fix: 'the file changed on the server, start it again',
      });
    },
  };
}
