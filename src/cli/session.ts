import { resolve } from 'node:path';
import { Core, type LoadedModel } from '../engine/core.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import { openNodeGpu } from '../gpu/node.ts';
import { openNodeModels } from '../sources/node-models.ts';
import { readModel, openModel, type ModelFolder } from '../../models/checkpoint/open-model.ts';
import { baseNamesOf } from '../../models/checkpoint/gguf/base-names.ts';
import type { BaseNames } from '../adapters/formats/index.ts';
import { readAdapter, readRunFile } from './files.ts';
import { baseOf, deviceOf, kernelsOf, type Flags } from './flags.ts';
import { MODEL_WANTED, openModelSource } from './model-source.ts';
import type { Output } from './output.ts';
import type { RunRecord } from '../train/run-record.ts';

/** An adapter on this computer with its record. */
export interface OpenedAdapter {
  readonly adapter: LoraAdapter;
  /** run.json beside the adapter. */
  readonly run: RunRecord | undefined;
}

/** A model opened for one command. */
interface OpenedModel {
  readonly core: Core;
  readonly model: LoadedModel;
}

/** A model opened for one command, with the adapter that was asked for. */
export interface Session extends OpenedModel {
  readonly adapter: LoraAdapter | undefined;
  /** run.json beside the adapter. */
  readonly run: RunRecord | undefined;
}

/** Opens device, model and adapter as the common flags say, runs the body, and gives everything back. */
export async function withSession<T>(flags: Flags, output: Output, body: (session: Session) => Promise<T>): Promise<T> {
  const path = flags.text('adapter');
  return withAdapters(flags, output, path === undefined ? [] : [path], ({ core, model, adapters }) => {
    const [opened] = adapters;
    return body({ core, model, adapter: opened?.adapter, run: opened?.run });
  });
}

/** As `withSession`, with the adapters at these paths; the base is as the first of them was trained on it. */
export async function withAdapters<T>(
  flags: Flags,
  output: Output,
  paths: readonly string[],
  body: (session: OpenedModel & { readonly adapters: readonly OpenedAdapter[] }) => Promise<T>,
): Promise<T> {
  const name = flags.required('model', MODEL_WANTED);
  let opening: Promise<ModelFolder> | undefined;
  const open = (): Promise<ModelFolder> =>
    (opening ??= openModelSource(name, output, { offline: flags.flag('offline') }));
  // An adapter that cannot be read is refused before a model is fetched, where its format allows it.
  const adapters: OpenedAdapter[] = [];
  for (const path of paths) {
    const adapter = await readAdapter('--adapter', path, async () => baseNamesIn(await open()));
    output.warnOf(path, adapter.notes);
    adapters.push({ adapter, run: readRunFile(resolve(path)) });
  }
  const folder = await open();
  const context = flags.number('context');
  const base = baseOf(flags, adapters.find(({ run }) => run !== undefined)?.run?.base.format);
  const device = deviceOf(flags);
  const core = await Core.open({
    device,
    openGpu: () => openNodeGpu({ ...kernelsOf(flags), onNotice: (message) => output.note(message) }),
    openStore: () => Promise.resolve(openNodeModels().cache.store),
    onNotice: (message) => output.warn(message),
  });
  try {
    const progress = output.progress('loading', 'tensors');
    const model = await core.loadModel(folder, {
      ...(base !== undefined && { base }),
      ...(context !== undefined && { context }),
      onProgress: (done, total) => progress.update(done, total),
    });
    progress.end();
    output.warnOf(model.opened.name, model.opened.notes);
    for (const [i, { run }] of adapters.entries()) {
      if (run !== undefined) warnOfOtherBase(paths.length === 1 ? 'the adapter' : (paths[i] ?? ''), run, model, output);
    }
    try {
      return await body({ core, model, adapters });
    } finally {
      model.dispose();
    }
  } finally {
    core.dispose();
  }
}

function warnOfOtherBase(adapter: string, run: RunRecord, model: LoadedModel, output: Output): void {
  if (run.base.sha256 !== model.opened.baseHash) {
    output.warn(
      `${adapter} was trained on a base with sha256 ${run.base.sha256.slice(0, 12)}…, this one has ${model.opened.baseHash.slice(0, 12)}…: answers will differ from training`,
    );
  }
  if (run.base.format !== model.format)
    output.warn(`${adapter} was trained on the base in ${run.base.format}, this is ${model.format}`);
}

/** How llama.cpp names the layers of a model, from its configuration alone where that is a file of its own. */
export async function baseNamesIn(folder: ModelFolder): Promise<BaseNames> {
  return baseNamesOf((await readModel(folder)) ?? (await openModel(folder)).model);
}

/** {@link baseNamesIn} of `--model`, or of the model that an adapter's record names. */
export async function baseNamesFor(flags: Flags, output: Output, trainedOn?: string): Promise<BaseNames> {
  const name = flags.text('model') ?? trainedOn ?? flags.required('model', MODEL_WANTED);
  return baseNamesIn(await openModelSource(name, output, { offline: flags.flag('offline'), shapesOnly: true }));
}

/** The system prompt to use: as given, else the one the adapter was trained with. */
export function systemPrompt(flags: Flags, run: RunRecord | undefined, output: Output): string | undefined {
  const trained = run?.settings['system'];
  const given = flags.text('system');
  if (given !== undefined) {
    if (typeof trained === 'string' && trained !== given)
      output.warn('the system prompt differs from the one the adapter was trained with');
    return given;
  }
  return typeof trained === 'string' ? trained : undefined;
}
