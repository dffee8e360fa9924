import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import { sha256Of } from '../hash.ts';
import type { LoraAdapter } from './adapter.ts';
import { baseOf } from './formats/peft-config.ts';
import { PEFT_WEIGHTS_FILE, writePeft } from './formats/peft.ts';

/** What the hub calls the base, where it came from there. */
export function hubFacts({ name, origin }: Pick<OpenModel, 'name' | 'origin'>): {
  readonly hubId?: string;
  readonly revision?: string;
} {
  if (!name.startsWith('hf:')) return {};
  const { name: hubId, revision: named } = baseOf(name);
  const revision = origin.revision ?? named;
  return { hubId, ...(revision !== undefined && { revision }) };
}

/** sha256 of an adapter's weights as PEFT stores them, hex. */
export function adapterHash(adapter: LoraAdapter): string {
  return weightsHash(writePeft(adapter, { modelCard: '' }));
}

/** The same of files that writePeft made. */
export function weightsHash(files: ReadonlyMap<string, Uint8Array>): string {
  return sha256Of(files.get(PEFT_WEIGHTS_FILE) ?? new Uint8Array());
}
