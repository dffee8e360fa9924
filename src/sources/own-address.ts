import { WebLoraError } from '../errors.ts';
import type { RemoteFile } from './download.ts';
import { hostOf, type Http } from './http.ts';
import type { UrlAddress } from './model-address.ts';
import type { RemoteRepository } from './remote-repository.ts';
import { sha256Of } from '../hash.ts';

/** The one version of an address of one's own: its files are told apart by their ETags. */
export const OWN_VERSION = 'files';

/** Folder of an address in the cache: readable, and its own. */
export function ownCacheFolder({ url }: UrlAddress): string {
  const id = sha256Of(url).slice(0, 12);
  return `url--${hostOf(url).replaceAll(/[^\w.-]/g, '-')}--${id}`;
}

/** The one file that the address is of; undefined for a folder. */
export function ownFile({ url }: UrlAddress): string | undefined {
  const { pathname } = new URL(url);
  return pathname.endsWith('.gguf') ? decodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1)) : undefined;
}

/** The files below an address of one's own; the server lists nothing, so each is asked for by its name. */
export function openOwnAddress(address: UrlAddress, http: Http): RemoteRepository {
  const { url } = address;
  const file = ownFile(address);
  const known = new Map<string, Promise<RemoteFile | undefined>>();
  return {
    name: url,
    cacheFolder: ownCacheFolder(address),
    commit: OWN_VERSION,
    ...(file !== undefined && { file }),
    find: (path) => {
      const found = known.get(path) ?? probe(path, path === file ? url : below(url, path), url, http);
      known.set(path, found);
      return found;
    },
  };
}

function below(folder: string, path: string): string {
  const url = new URL(folder);
  url.pathname += encodeURIComponent(path);
  return url.href;
}

/** Size and ETag of a file, by asking for its first byte; undefined when it is not there. */
async function probe(path: string, url: string, name: string, http: Http): Promise<RemoteFile | undefined> {
  const { response, discard } = await http.request(url, {
    what: `${name}: ${path}`,
    headers: { Range: 'bytes=0-0' },
    accept: (status) => status === 404 || status === 410,
  });
  await discard();
  if (!response.ok) return undefined;
  const etag = response.headers.get('ETag') ?? response.headers.get('Last-Modified') ?? undefined;
  const size = Number(
    response.status === 206
      ? /\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '')?.[1]
      : (response.headers.get('Content-Length') ?? Number.NaN),
  );
  if (Number.isSafeInteger(size)) return { path, url, size, ...(etag !== undefined && { etag }) };
  throw new WebLoraError('network', `${name}: ${path}`, {
    got: 'an answer that does not say how large the file is',
    wanted: 'Content-Length or Content-Range, readable for this page (Access-Control-Expose-Headers)',
    fix: 'change the server’s settings, or download the files and open them',
  });
}
