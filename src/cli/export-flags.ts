import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AdapterFormat } from '../adapters/formats/index.ts';
import { WebLoraError } from '../errors.ts';
import type { WrittenGgufType } from '../formats/gguf-encode.ts';
import type { Flags } from './flags.ts';

/** `--out`, where nothing is yet. */
export function newPath(flags: Flags, layout: AdapterFormat['layout']): string {
  const out = resolve(
    flags.required('out', layout.kind === 'file' ? `a new ${layout.extension} file` : 'a new folder, or a .zip file'),
  );
  if (!existsSync(out)) return out;
  throw new WebLoraError('exists', `--out ${out}`, {
    got: 'something that exists',
    wanted: 'a new path',
    fix: 'choose another path',
  });
}

/** Types of files by the formats that take `--type`, the default first. */
const TYPES: Readonly<Record<string, readonly WrittenGgufType[]>> = {
  gguf: ['F32', 'F16', 'BF16', 'Q8_0'],
  'merged-gguf': ['F16', 'Q8_0', 'Q4_0', 'BF16', 'F32'],
};

/** `--type`, as the terminal spells it. */
export function ggufTypeOf(flags: Flags, format: string): WrittenGgufType | undefined {
  if (!flags.has('type')) return undefined;
  const types = TYPES[format];
  if (types === undefined) {
    throw new WebLoraError('usage', '--type', {
      got: `--to ${format}, which keeps ${format === 'merged' ? 'the types of the base' : 'f32'}`,
      wanted: Object.keys(TYPES)
        .map((name) => `--to ${name}`)
        .join(' or '),
      fix: 'leave --type out',
    });
  }
  const name = flags.oneOf(
    'type',
    types.map((type) => type.toLowerCase()),
  );
  return types.find((type) => type.toLowerCase() === name);
}
