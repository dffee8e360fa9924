import type { WrittenGgufType } from '../formats/gguf-encode.ts';
import type { MergeInputs } from './merged-weights.ts';
import type { ModelSink } from './sink.ts';

/** How a merged model is to be written. */
export interface MergeRequest extends MergeInputs {
  /** README.md of a folder. */
  readonly modelCard: string;
  /** Of a GGUF file. Default F16. */
  readonly type?: WrittenGgufType;
  /** Further small files of a folder, by name. */
  readonly extras?: ReadonlyMap<string, Uint8Array>;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  readonly signal?: AbortSignal;
}

/** What was written. */
export interface MergedModel {
  readonly files: readonly string[];
  readonly bytes: number;
  /** What a person should know of it, one sentence each. */
  readonly notes: readonly string[];
}

/** A way to store a model with an adapter merged into it. Each is one file of this folder and a line in `index.ts`. */
export interface MergedFormat<Name extends string = string> {
  /** As `--to` takes it. */
  readonly name: Name;
  readonly label: string;
  /** Programs that open it. */
  readonly opens: string;
  readonly layout: { readonly kind: 'folder' } | { readonly kind: 'file'; readonly extension: string };
  readonly files: string;
  /**
   * Writes the model front to back. The caller commits or discards.
   * @param fileName name of the file, of a format that is one
   * @throws `unsupported`, `bad-model`, `aborted`, `storage`
   */
  readonly write: (request: MergeRequest, sink: ModelSink, fileName: string) => Promise<MergedModel>;
}
