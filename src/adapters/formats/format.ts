import type { WrittenGgufType } from '../../formats/gguf-encode.ts';
import type { ModuleValues } from '../../lora/kinds/index.ts';
import type { LoraAdapter } from '../adapter.ts';

/** What formats with their own names for modules need to know of the base model. */
export interface BaseNames {
  /** llama.cpp's `general.architecture`. */
  readonly ggufArchitecture: string;
  readonly layers: number;
  /** By module path as transformers has it. */
  readonly modules: ReadonlyMap<string, ModuleNames>;
}

export interface ModuleNames {
  /** Name of the module's weight in a GGUF file. */
  readonly ggufName: string;
  /** Heads whose rows llama.cpp stores interleaved; absent where it stores them as transformers does. */
  readonly permutedHeads?: number;
}

export interface WriteOptions {
  /** Text of README.md. */
  readonly modelCard: string;
  /** Revision of the base model on the hub. */
  readonly revision?: string;
  /** Given to a format that `needsBase`. */
  readonly base?: BaseNames;
  /** Of a GGUF file. Default F32. */
  readonly type?: WrittenGgufType;
}

/** The model card beside an adapter, in every format that is a folder. */
export const CARD_FILE = 'README.md';

/** Files by name. */
export type AdapterFiles = ReadonlyMap<string, Uint8Array>;

/** One way to store an adapter. Each is one file of this folder and a line in `index.ts`. */
export interface AdapterFormat<Name extends string = string> {
  /** As `--to` takes it. */
  readonly name: Name;
  /** What people call it. */
  readonly label: string;
  /** Programs that open it. */
  readonly opens: string;
  /** A folder of several files, or one file with this extension. */
  readonly layout: { readonly kind: 'folder' } | { readonly kind: 'file'; readonly extension: string };
  /** Which files make such an adapter, for messages. */
  readonly files: string;
  /** Whether its tensors go by names of the base model's that only the base can translate. */
  readonly needsBase: boolean;
  /** Whether a file of this plain name is one that makes such an adapter, readable or not. */
  readonly isFile: (name: string) => boolean;
  /** Whether the files, by their plain names, are an adapter in this format, readable or not. */
  readonly recognises: (files: AdapterFiles) => boolean;
  /** @throws `file-not-found`, `bad-file`, `bad-adapter`, `unsupported` */
  readonly read: (files: AdapterFiles, base?: BaseNames) => Promise<LoraAdapter>;
  /** Which parts of a module it can hold; an adapter whose kind has others cannot be written. */
  readonly holds: readonly (keyof ModuleValues)[];
  /** The same adapter gives the same bytes. */
  readonly write: (adapter: LoraAdapter, options: WriteOptions) => Map<string, Uint8Array<ArrayBuffer>>;
}
