import { WebLoraError } from '../../errors.ts';
import { adapterKind } from '../../lora/kinds/index.ts';
import type { LoraAdapter } from '../adapter.ts';
import { verifyFiles } from '../signature.ts';
import { adapterFiles, zipFiles } from '../zip.ts';
import type { AdapterFiles, AdapterFormat, BaseNames, WriteOptions } from './format.ts';
import { gguf } from './gguf.ts';
import { mlx } from './mlx.ts';
import { peft } from './peft.ts';

export { CARD_FILE, type AdapterFormat, type BaseNames, type ModuleNames } from './format.ts';

const FORMATS = [peft, gguf, mlx] as const;

export type AdapterFormatName = (typeof FORMATS)[number]['name'];

/** One file to hand to a person. */
export interface Download {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** Every format that adapters are written to and read from; terminal, library and page list these. */
export const ADAPTER_FORMATS: readonly AdapterFormat<AdapterFormatName>[] = FORMATS;

/** The most specific first: PEFT and MLX share the name of their configuration. */
const BY_FILES: readonly AdapterFormat[] = [mlx, gguf, peft];

/** Whether a file of this plain name is one that makes an adapter, in whatever format. */
export function isAdapterFile(name: string): boolean {
  return FORMATS.some(({ isFile }) => isFile(name));
}

/** @throws `usage` naming the formats there are */
export function adapterFormat(name: string): AdapterFormat<AdapterFormatName> {
  const found = ADAPTER_FORMATS.find((format) => format.name === name);
  if (found !== undefined) return found;
  throw new WebLoraError('usage', `adapter format '${name}'`, {
    wanted: ADAPTER_FORMATS.map((format) => format.name).join(' or '),
    fix: 'choose one of these',
  });
}

/** The format of an adapter's files, given with or without folders before their names, or as one zip. */
export function formatOf(given: AdapterFiles): { readonly format: AdapterFormat; readonly files: AdapterFiles } {
  const files = adapterFiles(given, isAdapterFile);
  const format = BY_FILES.find(({ recognises }) => recognises(files));
  if (format !== undefined) return { format, files };
  throw new WebLoraError('bad-adapter', 'the files of an adapter', {
    got: [...files.keys()].sort().slice(0, 8).join(', ') || 'none',
    wanted: ADAPTER_FORMATS.map((each) => each.files).join('; or '),
    fix: 'choose the folder or file of a LoRA adapter, or a zip of it',
  });
}

/**
 * Reads an adapter in whatever format it is; one that is signed is held to its signature.
 * @param base of a format that `needsBase`; asked for only then
 * @throws as {@link AdapterFormat.read}
 */
export async function readAdapterFiles(given: AdapterFiles, base?: () => Promise<BaseNames>): Promise<LoraAdapter> {
  const { format, files } = formatOf(given);
  await verifyFiles(files, isAdapterFile);
  return format.read(files, format.needsBase && base !== undefined ? await base() : undefined);
}

/** Why a format cannot hold an adapter, and what to do instead; undefined when it can. */
export function objectionTo(format: AdapterFormat, { method }: LoraAdapter): string | undefined {
  const { label, parts } = adapterKind(method);
  if (parts.every(({ key }) => format.holds.includes(key))) return undefined;
  const others = ADAPTER_FORMATS.filter(({ holds }) => parts.every(({ key }) => holds.includes(key)));
  return `it cannot hold ${label}; choose ${others.map((other) => other.label).join(' or ')}, or merge it into its base model`;
}

/**
 * Writes an adapter.
 * @throws `unsupported` when the format cannot express it
 */
export function writeAdapter(
  format: AdapterFormat,
  adapter: LoraAdapter,
  options: WriteOptions,
): Map<string, Uint8Array<ArrayBuffer>> {
  const objection = objectionTo(format, adapter);
  if (objection !== undefined) throw new WebLoraError('unsupported', `${format.label}: ${objection}`);
  return format.write(adapter, options);
}

/** The end of a download's name: of the file itself, or of a zip of the folder. */
export function downloadExtension({ layout }: AdapterFormat): string {
  return layout.kind === 'file' ? layout.extension : '.zip';
}

/** One download of an adapter: the file itself, or a zip of the folder. */
export function asDownload(format: AdapterFormat, files: AdapterFiles, name: string): Download {
  const fileName = `${name}${downloadExtension(format)}`;
  const [only] = files.values();
  if (format.layout.kind === 'file' && only !== undefined)
    return { name: fileName, bytes: only, mediaType: 'application/octet-stream' };
  return { name: fileName, bytes: zipFiles(files), mediaType: 'application/zip' };
}
