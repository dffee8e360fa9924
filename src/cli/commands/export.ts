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
import { WRITTEN_GGUF_TYPES } from '../../formats/gguf-encode.ts';
import { readAdapter, readRunFile } from '../files.ts';
import type { Flags } from '../flags.ts';
import type { Output } from '../output.ts';
import { baseNamesFor } from '../session.ts';

const FORMAT_NAMES = ADAPTER_FORMATS.map(({ name }) => name);

/** `weblora export` @returns the exit status */
export async function exportAdapter(flags: Flags, output: Output): Promise<number> {
  const source = flags.required('adapter', 'a trained adapter');
  flags.required('to', FORMAT_NAMES.join(' or '));
  const format = adapterFormat(flags.oneOf('to', FORMAT_NAMES) ?? '');
  const { layout } = format;
  const out = resolve(
    flags.required('out', layout.kind === 'file' ? `a new ${layout.extension} file` : 'a new folder, or a .zip file'),
  );
  if (existsSync(out))
    throw new WebLoraError('exists', `--out ${out}`, {
      got: 'something that exists',
      wanted: 'a new path',
      fix: 'choose another path',
    });
  const type = typeOf(flags, format.name);
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

/** `--type`, as the terminal spells it. */
function typeOf(flags: Flags, format: string): (typeof WRITTEN_GGUF_TYPES)[number] | undefined {
  if (!flags.has('type')) return undefined;
  if (format !== 'gguf') {
    throw new WebLoraError('usage', '--type', {
      got: `--to ${format}, which keeps f32`,
      wanted: '--to gguf',
      fix: 'leave --type out',
    });
  }
  const name = flags.oneOf('type', ['f32', 'f16', 'bf16', 'q8_0'] as const);
  return WRITTEN_GGUF_TYPES.find((type) => type.toLowerCase() === name);
}
