import type { MergedFormat } from './format.ts';
import { merged } from './merged.ts';
import { mergedGguf } from './merged-gguf.ts';

export type { MergedFormat, MergedModel } from './format.ts';

const FORMATS = [merged, mergedGguf] as const;

export type MergedFormatName = (typeof FORMATS)[number]['name'];

/** Every way to store a merged model; terminal, library and page list these after the adapter's formats. */
export const MERGED_FORMATS: readonly MergedFormat<MergedFormatName>[] = FORMATS;

/** Undefined for a name that is none of them. */
export function mergedFormat(name: string): MergedFormat<MergedFormatName> | undefined {
  return MERGED_FORMATS.find((format) => format.name === name);
}
