import type { ListFileEntry } from '@huggingface/hub';
import { WebLoraError } from '../errors.ts';
import type { RemoteFile } from './download.ts';
import { MOST_ANSWER_BYTES, tooLong, type Http } from './http.ts';
import { formatAddress, type HubAddress } from './model-address.ts';
import type { RemoteRepository } from './remote-repository.ts';

export const DEFAULT_HUB = 'https://huggingface.co';
/** No model has more; a list without end has. */
const MOST_FILES = 20_000;
const MOST_PAGES = 500;
const COMMIT = /^[0-9a-f]{40}$/;

/** Folder of a repository's versions in the cache. */
export function hubCacheFolder({ repo }: HubAddress): string {
  return repo.replaceAll('/', '--');
}

/** The commit itself, where the revision is one. */
export function fixedCommit({ revision }: HubAddress): string | undefined {
  return COMMIT.test(revision) ? revision : undefined;
}

/**
 * Lists a repository at the commit its revision has now: everything after is asked of that commit, so that a download
 * never mixes two versions.
 * @throws WebLoraError `network`, `access`, `file-not-found`
 */
export async function openHubRepository(address: HubAddress, hubUrl: string, http: Http): Promise<RemoteRepository> {
  const name = formatAddress(address);
  const { repo, revision, file } = address;
  const urlOf = (commit: string, path: string): string =>
    `${hubUrl}/${repo}/resolve/${encodeURIComponent(commit)}/${path.split('/').map(encodeURIComponent).join('/')}`;
  const commit =
    fixedCommit(address) ?? (await readCommit(urlOf(revision, file ?? 'config.json'), name, http)) ?? revision;
  const files = new Map<string, RemoteFile>();
  const folder = file?.includes('/') === true ? file.slice(0, file.lastIndexOf('/')) : undefined;
  // Only who loads from the hub loads its library.
  const { listFiles } = await import('@huggingface/hub');
  let listed = 0; // bytes of all pages
  let pages = 0;
  const entries = listFiles({
    repo: { type: 'model', name: repo },
    revision: encodeURIComponent(commit),
    hubUrl,
    ...(folder !== undefined && { path: folder }),
    fetch: async (input) => {
      pages += 1;
      if (pages > MOST_PAGES) throw tooManyFiles(name);
      const { response, chunks } = await http.request(input instanceof Request ? input.url : String(input), {
        what: name,
      });
      const parts: Uint8Array<ArrayBuffer>[] = [];
      for await (const chunk of chunks) {
        listed += chunk.byteLength;
        if (listed > MOST_ANSWER_BYTES) throw tooLong(`${name}: its list of files`, MOST_ANSWER_BYTES);
        parts.push(new Uint8Array(chunk));
      }
      return new Response(new Blob(parts), { headers: response.headers });
    },
  });
  try {
    for await (const entry of entries) {
      if (files.size >= MOST_FILES) throw tooManyFiles(name);
      if (entry.type === 'file') files.set(entry.path, remoteFile(entry, urlOf(commit, entry.path)));
    }
  } catch (thrown) {
    if (thrown instanceof WebLoraError) throw thrown;
    throw new WebLoraError('network', name, {
      got: 'a list of files that cannot be read',
      wanted: `the hub’s answer from ${hubUrl}`,
      fix: 'check the hub’s address',
      cause: thrown,
    });
  }
  return {
    name,
    cacheFolder: hubCacheFolder(address),
    commit,
    ...(file !== undefined && { file }),
    paths: [...files.keys()],
    find: (path) => Promise.resolve(files.get(path)),
  };
}

/** The commit of a revision, as the answer for any file of it says. */
async function readCommit(url: string, what: string, http: Http): Promise<string | undefined> {
  const { response, discard } = await http.request(url, {
    what,
    headers: { Range: 'bytes=0-0' },
    // A repository of GGUF files has no config.json; the answer names the commit all the same.
    accept: (status, headers) => status === 404 && (headers.get('X-Error-Code') ?? 'EntryNotFound') === 'EntryNotFound',
  });
  await discard();
  const commit = response.headers.get('X-Repo-Commit');
  return commit !== null && COMMIT.test(commit) ? commit : undefined;
}

function remoteFile({ path, size, oid, lfs }: ListFileEntry, url: string): RemoteFile {
  const sha256 = lfs?.oid.replace(/^sha256:/, '');
  return {
    path,
    url,
    size: lfs?.size ?? size,
    // The id of a large file's entry is that of its pointer, not of its content.
    ...(sha256 !== undefined ? { sha256 } : oid !== undefined && /^[0-9a-f]{40}$/.test(oid) ? { gitSha1: oid } : {}),
  };
}

function tooManyFiles(name: string): WebLoraError {
  return new WebLoraError('bad-file', `${name}: its list of files`, {
    got: `more than ${MOST_FILES} files`,
    wanted: 'the files of a model',
    fix: 'check the hub’s address: this server does not keep to it',
  });
}
