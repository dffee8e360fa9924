import { WebLoraError } from '../errors.ts';

/** Where a model that is not on this device comes from. */
export type ModelAddress = HubAddress | UrlAddress;

/** A repository of the Hugging Face hub, or one `.gguf` file of it. */
export interface HubAddress {
  readonly kind: 'hub';
  /** `org/name`, or `name` for the few without an owner. */
  readonly repo: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** A file of the repository instead of the whole model. */
  readonly file?: string;
}

/** A folder in Hugging Face layout below an address of one's own, or one `.gguf` file. */
export interface UrlAddress {
  readonly kind: 'url';
  readonly url: string;
}

const DEFAULT_REVISION = 'main';
const NAME = /^(?!\.)(?!.*\.\.)[\w.-]+$/;

/**
 * Reads `hf:org/name[/file.gguf][@revision]` or an `http(s):` address; undefined for anything else, which is a path.
 * @throws WebLoraError `usage` for a hub id that cannot be one
 */
export function parseModelAddress(text: string): ModelAddress | undefined {
  if (/^https?:\/\//i.test(text)) return urlAddress(text);
  if (!text.startsWith('hf:')) return undefined;
  const [path = '', ...rest] = text.slice('hf:'.length).split('@');
  const [owner = '', name, ...file] = path.split('/');
  return hubAddress(
    name === undefined ? owner : `${owner}/${name}`,
    rest.length === 0 ? undefined : rest.join('@'),
    file.length === 0 ? undefined : file.join('/'),
  );
}

/** @throws WebLoraError `usage` for a hub id, revision or file that cannot be one */
export function hubAddress(repo: string, revision = DEFAULT_REVISION, file?: string): HubAddress {
  const parts = repo.split('/');
  const isFileWrong =
    file !== undefined && !(file.endsWith('.gguf') && file.split('/').every((part) => NAME.test(part)));
  if (parts.length > 2 || !parts.every((part) => NAME.test(part)) || isFileWrong || !/^[\w.\-/]+$/.test(revision)) {
    throw new WebLoraError('usage', 'hub id', {
      got: `${file === undefined ? repo : `${repo}/${file}`}@${revision}`,
      wanted: 'hf:org/name, hf:org/name@revision or hf:org/name/file.gguf',
      fix: 'copy the id from the model’s page',
    });
  }
  return { kind: 'hub', repo, revision, ...(file !== undefined && { file }) };
}

/** @throws WebLoraError `usage` for what is no address */
export function urlAddress(text: string): UrlAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.username !== '') {
    throw new WebLoraError('usage', 'model address', {
      got: text,
      wanted: 'an https address of a folder in Hugging Face layout or of a .gguf file, without a login in it',
      fix: 'correct the address',
    });
  }
  url.hash = '';
  if (!url.pathname.endsWith('.gguf') && !url.pathname.endsWith('/')) url.pathname += '/';
  return { kind: 'url', url: url.href };
}

/** As a user writes it. */
export function formatAddress(address: ModelAddress): string {
  if (address.kind === 'url') return address.url;
  const { repo, revision, file } = address;
  return `hf:${repo}${file === undefined ? '' : `/${file}`}${revision === DEFAULT_REVISION ? '' : `@${revision}`}`;
}
