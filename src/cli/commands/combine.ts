import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { COMBINATIONS, combineAdapters, combinedCard, type WeightedAdapter } from '../../adapters/combine.ts';
import { writePeft } from '../../adapters/formats/peft.ts';
import { WebLoraError } from '../../errors.ts';
import { newPath } from '../export-flags.ts';
import { readAdapter, readRunFile } from '../files.ts';
import type { Flags } from '../flags.ts';
import type { Output } from '../output.ts';
import { baseNamesFor } from '../session.ts';
import { writeFolderWhole } from '../write-whole.ts';

/** `weblora combine` @returns the exit status */
export async function combine(flags: Flags, output: Output): Promise<number> {
  const given = flags.required('adapters', 'adapters with commas between, each with :WEIGHT or without');
  const how = flags.oneOf('how', COMBINATIONS) ?? 'sum';
  const out = newPath(flags, { kind: 'folder' });
  const parts = given.split(',').map(parseWeighted);
  refuseOtherBases(parts.map(({ path }) => path));
  const adapters: WeightedAdapter[] = [];
  for (const { path, weight } of parts) {
    const adapter = await readAdapter('--adapters', path, () => baseNamesFor(flags, output));
    output.warnOf(path, adapter.notes);
    adapters.push({ name: path, adapter, weight });
  }
  const combined = combineAdapters(adapters, how);
  const modelCard = combinedCard(adapters);
  writeFolderWhole(out, writePeft(combined, { modelCard }));
  output.record({ out, how, rank: combined.rank, modules: combined.modules.size, adapters: parts });
  output.line(`wrote an adapter of rank ${combined.rank} to ${out}: the weighted sum of ${parts.length}`);
  return 0;
}

/** `runs/a:0.5` */
function parseWeighted(text: string): { readonly path: string; readonly weight: number } {
  const [, path = text, weight = '1'] = /^(.+):([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)$/i.exec(text.trim()) ?? [];
  if (!existsSync(path.trim()) && /.:[^/\\]*$/.test(path)) {
    throw new WebLoraError('usage', '--adapters', {
      got: `'${path.trim()}'`,
      wanted: 'PATH or PATH:WEIGHT, the weight a number',
      fix: 'correct the path or the number behind its colon',
    });
  }
  return { path: path.trim(), weight: Number(weight) };
}

/** The hashes of the bases say more than their names, where both adapters were trained here. */
function refuseOtherBases(paths: readonly string[]): void {
  const known = paths.flatMap((path) => {
    const sha256 = readRunFile(resolve(path))?.base.sha256;
    return sha256 === undefined ? [] : [{ path, sha256 }];
  });
  const [first, ...others] = known;
  const other = others.find(({ sha256 }) => sha256 !== first?.sha256);
  if (first === undefined || other === undefined) return;
  throw new WebLoraError('bad-adapter', `combine: ${other.path}`, {
    got: `an adapter trained on a base with sha256 ${other.sha256.slice(0, 12)}…`,
    wanted: `${first.sha256.slice(0, 12)}…, the base of ${first.path}`,
    fix: 'combine adapters of one base model',
  });
}
