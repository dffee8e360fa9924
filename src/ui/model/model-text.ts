import { WebLoraError } from '../../errors.ts';
import { parseModelAddress } from '../../sources/model-address.ts';
import type { DistantSource } from './model-server.ts';

const HUB = /^https:\/\/(?:www\.)?(?:huggingface\.co|hf\.co)\//;

/**
 * The model that somebody means by what they typed or pasted: `org/name`, with `@revision` or a file behind it, the
 * address of its page on the hub, or any other address.
 * @throws WebLoraError `usage`
 */
export function sourceOfText(text: string): DistantSource {
  const trimmed = text.trim();
  const address = parseModelAddress(isOther(trimmed) ? trimmed : `hf:${hubName(trimmed)}`);
  if (address === undefined) throw new WebLoraError('usage', 'model', { got: text, wanted: 'a name or an address' });
  if (address.kind === 'url') return address;
  const { repo, revision, file } = address;
  return { kind: 'hub', hub: repo, revision, ...(file !== undefined && { file }) };
}

const isOther = (text: string): boolean => /^https?:\/\//i.test(text) && !HUB.test(text);

/** Of a page of the hub: `org/name/tree/main`, `org/name/blob/main/file.gguf`; of anything else the text itself. */
function hubName(text: string): string {
  const path = text
    .replace(HUB, '')
    .replace(/^hf:/, '')
    .replace(/[?#].*$/, '')
    .replace(/\/$/, '');
  const page = /^([^/]+\/[^/]+)\/(?:tree|blob|resolve)\/([^/]+)(?:\/(.+))?$/.exec(path);
  if (page === null) return path;
  const [, name = '', revision = '', file] = page;
  return `${name}${file === undefined ? '' : `/${file}`}@${revision}`;
}
