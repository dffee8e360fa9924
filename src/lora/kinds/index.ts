import type { AdapterKind } from './kind.ts';
import { dora } from './dora.ts';
import { lora } from './lora.ts';
import { rslora } from './rslora.ts';

export { B_GROUP } from './lora.ts';
export type { AdapterKind, ModuleShape, ModuleValues } from './kind.ts';

/** Every kind of adapter; the settings' `method`, the page and PEFT's keys follow it. */
const KINDS = { lora, rslora, dora } as const;

export type AdapterKindName = keyof typeof KINDS;

export const ADAPTER_KINDS: { readonly [Name in AdapterKindName]: AdapterKind<Name> } = KINDS;
export const ADAPTER_KIND_NAMES = Object.keys(KINDS) as readonly AdapterKindName[];

export function adapterKind(name: AdapterKindName): AdapterKind {
  return ADAPTER_KINDS[name];
}

/** The trainable tensor's name in plans, checkpoints and, behind a prefix, PEFT's files. */
export function partName(path: string, part: { readonly name: string }): string {
  return `${path}.${part.name}`;
}
