import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import {
  adapterFormat,
  ADAPTER_FORMATS,
  CARD_FILE,
  writeAdapter,
  type BaseNames,
} from '../../adapters/formats/index.ts';
import { goldenFiles } from '../../adapters/golden.ts';
import { SIGNATURE_FILE, signFiles } from '../../adapters/signature.ts';
import { zipFiles } from '../../adapters/zip.ts';
import { WebLoraError } from '../../errors.ts';
import { mergedFormat, MERGED_FORMATS } from '../../merge/index.ts';
import { readAdapter, readRunFile } from '../files.ts';
import { ggufTypeOf, newPath } from '../export-flags.ts';
import { goldenFor } from '../golden.ts';
import { signingKeyAt } from '../signing-key.ts';
import { sayCommands } from '../say-commands.ts';
import { writeWithBeside } from '../write-beside.ts';
import type { Flags } from '../flags.ts';
import type { Output } from '../output.ts';
import { baseNamesFor } from '../session.ts';
import { writeFileWhole, writeFolderWhole } from '../write-whole.ts';
import { ACCELERATE, exportAccelerate } from './export-accelerate.ts';
import { exportMergedModel } from './export-merged.ts';

const FORMAT_NAMES = [...[...ADAPTER_FORMATS, ...MERGED_FORMATS].map(({ name }) => name), ACCELERATE];

/** `weblora export` @returns the exit status */
export async function exportAdapter(flags: Flags, output: Output): Promise<number> {
  const source = flags.required('adapter', 'a trained adapter');
  flags.required('to', FORMAT_NAMES.join(' or '));
  const name = flags.oneOf('to', FORMAT_NAMES) ?? '';
  const keyPath = flags.text('sign');
  if (keyPath !== undefined) refuseSignature(name);
  if (name === ACCELERATE) return exportAccelerate(source, flags, output);
  refuseRunFlags(flags, name);
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
  const golden = await goldenFor(flags, output, { adapter, trainedOn });
  const files = writeAdapter(format, adapter, {
    modelCard: existsSync(card) ? readFileSync(card, 'utf8') : '',
    ...(format.needsBase && { base: await base() }),
    ...(type && { type }),
  });
  const checks = golden === undefined ? [] : [...goldenFiles(golden, format.name, basename(out))];
  if (keyPath !== undefined) {
    const key = await signingKeyAt(keyPath, output);
    checks.push([SIGNATURE_FILE, await signFiles(new Map<string, Uint8Array>([...files, ...checks]), key)]);
  }
  const [only] = files.values();
  let written = [...files.keys()];
  if (layout.kind === 'file' && only !== undefined) {
    written = [basename(out), ...(await writeWithBeside(out, checks, () => writeFileWhole(out, only)))];
  } else if (out.endsWith('.zip')) {
    for (const [file, bytes] of checks) files.set(file, bytes as Uint8Array<ArrayBuffer>);
    written = [...files.keys()];
    writeFileWhole(out, zipFiles(files));
  } else {
    writeFolderWhole(out, new Map([...files, ...checks]));
    written = [...files.keys(), ...[...checks].map(([file]) => file)];
  }
  output.record({ out, format: format.name, files: written });
  output.line(`wrote ${written.join(', ')} to ${out}, for ${format.opens}`);
  sayCommands(output, format.name, out, adapter.baseModel);
  return 0;
}

/** A signature lies beside the files of an adapter: there is no place for one in a single file. */
function refuseSignature(name: string): void {
  if (ADAPTER_FORMATS.some((format) => format.name === name && format.layout.kind === 'folder')) return;
  throw new WebLoraError('usage', '--sign', {
    got: `--to ${name}`,
    wanted: 'a format that is the folder of an adapter, or a zip of it',
    fix: 'leave out --sign, or use --to peft',
  });
}

/** Flags that only a merge reads. */
function refuseFlags(flags: Flags, format: string): void {
  const given = ['eval-data', 'columns'].find((name) => flags.has(name));
  if (given === undefined) return;
  throw new WebLoraError('usage', `--${given}`, {
    got: `--to ${format}, which merges nothing`,
    wanted: MERGED_FORMATS.map(({ name }) => `--to ${name}`).join(' or '),
    fix: `leave --${given} out`,
  });
}

/** Flags that only the export of a whole run reads. */
function refuseRunFlags(flags: Flags, format: string): void {
  const given = ['data', 'replay-data', 'include-data'].find((name) => flags.has(name));
  if (given === undefined) return;
  throw new WebLoraError('usage', `--${given}`, {
    got: `--to ${format}, which holds no examples`,
    wanted: `--to ${ACCELERATE}`,
    fix: `leave --${given} out`,
  });
}
