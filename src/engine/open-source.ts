import { makeModel } from '../../models/families/index.ts';
import { modelFolderOf } from '../../models/checkpoint/given-files.ts';
import type { ModelFolder } from '../../models/checkpoint/open-model.ts';
import { blobSource, memorySource, type ByteSource } from '../formats/byte-source.ts';
import { hubAddress, urlAddress, type ModelAddress } from '../sources/model-address.ts';
import type { ModelStore } from '../sources/model-store.ts';
import type { Call, LoadOptions, ModelSource, NamedFile, ProgressEvent } from './calls.ts';
import { readEmbeddedFolder } from './fetch-embedded.ts';

/** Where an engine finds models. */
export interface SourceDeps {
  readonly openModels: () => Promise<ModelStore>;
  /** One file of the built-in model's folder, e.g. `model/config.json`. @throws `file-not-found` */
  readonly readEmbedded: (path: string) => Promise<Uint8Array>;
}

/** The folder of a model, fetched or read from this device; its files are read when they are used. */
export async function openSource(
  source: ModelSource,
  { offline, hubUrl, token }: LoadOptions,
  call: Call<ProgressEvent>,
  { openModels, readEmbedded }: SourceDeps,
): Promise<ModelFolder> {
  switch (source.kind) {
    case 'embedded':
      return readEmbeddedFolder(readEmbedded, (done) =>
        call.emit({ phase: 'fetching the model', done, total: done, unit: 'bytes' }),
      );
    case 'files':
      return folderOf(source.files);
    case 'hub':
    case 'url':
      return (await openModels()).fetch(addressOf(source), {
        ...(offline !== undefined && { offline }),
        ...(hubUrl !== undefined && { hubUrl }),
        ...(token !== undefined && { token }),
        signal: call.signal,
        // An architecture that is not computed is refused before its weights are fetched.
        checkConfig: (config) => void makeModel(config as Record<string, unknown>),
        onProgress: ({ phase, file, doneBytes, totalBytes, bytesPerSecond, secondsLeft }) =>
          call.emit({
            phase,
            done: doneBytes,
            total: totalBytes,
            unit: 'bytes',
            file,
            bytesPerSecond,
            ...(secondsLeft !== undefined && { secondsLeft }),
          }),
      });
    default:
      return source satisfies never;
  }
}

function addressOf(source: Extract<ModelSource, { kind: 'hub' | 'url' }>): ModelAddress {
  return source.kind === 'url' ? urlAddress(source.url) : hubAddress(source.hub, source.revision, source.file);
}

function folderOf(files: readonly NamedFile[]): ModelFolder {
  return modelFolderOf(
    new Map(
      files.map(({ name, bytes }): [string, ByteSource] => {
        const short = name.slice(name.lastIndexOf('/') + 1);
        return [name, bytes instanceof Blob ? blobSource(short, bytes) : memorySource(short, bytes)];
      }),
    ),
  );
}
