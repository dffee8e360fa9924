import { basename } from 'node:path';
import { OTHER_PROGRAMS } from '../adapters/elsewhere.ts';
import { baseOf } from '../adapters/formats/peft-config.ts';
import { asShell } from '../adapters/golden.ts';
import type { Output } from './output.ts';

/** Says how other programs open what was exported. */
export function sayCommands(output: Output, format: string, out: string, baseModel: string): void {
  if (out.endsWith('.zip')) return;
  const path = /^[\w./-]+$/.test(out) ? out : asShell(out);
  const name = basename(out).replace(/\.gguf$/, '');
  const base = baseModel.startsWith('hf:') ? baseOf(baseModel).name : 'BASE';
  for (const { program, format: takes, use } of OTHER_PROGRAMS)
    if (takes === format)
      output.line(`  ${`${program}:`.padEnd(11)}${use({ path, name, base: { hub: base, gguf: 'BASE.gguf' } })}`);
}
