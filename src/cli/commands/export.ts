import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import {
  adapterFormat,
  ADAPTER_FORMATS,
  CARD_FILE,
  writeAdapter,
  type BaseNames,
} from '../../adapters/formats/index.ts';
import { zipFiles } from '../../adapters/zip.ts';
import { WebLoraError } from '../../errors.ts';
import { mergedFormat, MERGED_FORMATS } from '../../merge/index.ts';
import { readAdapter, readRunFile } from '../files.ts';
import { ggufTypeOf, newPath } from '../export-flags.ts';
import type { Flags } from '../flags.ts';
import type { Output } from '../output.ts';
import { baseNamesFor } from '../session.ts';
import { exportMergedModel } from './export-merged.ts';

const FORMAT_NAMES = [...ADAPTER_FORMATS, ...MERGED_FORMATS].map(({ name }) => name);

/** `weblora export` @returns the exit status */
export async function exportAdapter(flags: Flags, output: Output): Promise<number> {
  const source = flags.required('adapter', 'a trained adapter');
  flags.required('to', FORMAT_NAMES.join(' or '));
  const name = flags.oneOf('to', FORMAT_NAMES) ?? '';
  const merged = mergedFormat(name);
  if (merged !== undefined) return exportMergedModel(merged, source, flags, output);
  refuseFlags(flags, name);
  const format = adapterFormat(name);
  const { layout } = format;
  const out = newPath(flags, layout);
  const type = ggufTypeOf(flags, format.name);
  const trainedOn = readRunFile(resolve(source))?.settings['model'];
  let naming: Promise<BaseNames> | undefined;
  const base = (): Promise<BaseNames> =>
    (naming ??= baseNamesFor(flags, output, typeof trainedOn === 'string' ? trainedOn : undefined));
  const adapter = await readAdapter('--adapter', source, base);
  output.warnOf(source, adapter.notes);
  const card = join(resolve(source), CARD_FILE);
  const files = writeAdapter(format, adapter, {
    modelCard: existsSync(card) ? readFileSync(card, 'utf8') : '',
    ...(format.needsBase && { base: await base() }),
    ...(type && { type }),
  });
  const [only] = files.values();
  let written = [...files.keys()];
  if (layout.kind === 'file' && only !== undefined) {
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, only);
    written = [basename(out)];
  } else if (out.endsWith('.zip')) {
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, zipFiles(files));
  } else {
    mkdirSync(out, { recursive: true });
    for (const [name, bytes] of files) writeFileSync(join(out, name), bytes);
  }
  output.record({ out, format: format.name, files: written });
  output.line(`wrote ${written.join(', ')} to ${out}, for ${format.opens}`);
  return 0;
}

/** Flags that only a merge reads. */
function refuseFlags(flags: Flags, format: string): void {
  const given = ['base', 'eval-data', 'columns', 'system'].find((name) => flags.has(name));
  if (given === undefined) return;
  throw new WebLoraError('usage', `--${given}`, {
    got: `--to ${format}, which merges nothing`,
    wanted: MERGED_FORMATS.map(({ name }) => `--to ${name}`).join(' or '),
    fix: `leave --${given} out`,
  });
}
