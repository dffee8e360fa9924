import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { PEFT_CARD_FILE, writePeft } from '../../adapters/formats/peft.ts';
import { zipFiles } from '../../adapters/zip.ts';
import { WebLoraError } from '../../errors.ts';
import { readAdapter } from '../files.ts';
import type { Flags } from '../flags.ts';
import type { Output } from '../output.ts';

/** `weblora export` @returns the exit status */
export function exportAdapter(flags: Flags, output: Output): number {
  const source = flags.required('adapter', 'a folder with a trained adapter');
  const to = flags.required('to', 'peft');
  if (to !== 'peft')
    throw new WebLoraError('usage', '--to', { got: `'${to}'`, wanted: 'peft', fix: 'other formats are not built yet' });
  const out = resolve(flags.required('out', 'a new folder, or a .zip file'));
  if (existsSync(out))
    throw new WebLoraError('exists', `--out ${out}`, {
      got: 'something that exists',
      wanted: 'a new path',
      fix: 'choose another path',
    });
  const adapter = readAdapter('--adapter', source);
  const card = join(resolve(source), PEFT_CARD_FILE);
  const files = writePeft(adapter, { modelCard: existsSync(card) ? readFileSync(card, 'utf8') : '' });
  if (out.endsWith('.zip')) {
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, zipFiles(files));
  } else {
    mkdirSync(out, { recursive: true });
    for (const [name, bytes] of files) writeFileSync(join(out, name), bytes);
  }
  output.record({ out, files: [...files.keys()] });
  output.line(`wrote ${[...files.keys()].join(', ')} to ${out}`);
  return 0;
}
