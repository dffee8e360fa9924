import { resolve } from 'node:path';
import { Core, type LoadedModel } from '../engine/core.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import { openNodeGpu } from '../gpu/node.ts';
import { openNodeModels } from '../sources/node-places.ts';
import { readAdapter, readRunFile } from './files.ts';
import { baseOf, type Flags } from './flags.ts';
import { MODEL_WANTED, openModelSource } from './model-source.ts';
import type { Output } from './output.ts';
import type { RunRecord } from '../train/run-record.ts';

/** A model opened for one command, with the adapter that was asked for. */
export interface Session {
  readonly core: Core;
  readonly model: LoadedModel;
  readonly adapter: LoraAdapter | undefined;
  /** run.json beside the adapter. */
  readonly run: RunRecord | undefined;
}

/** Opens device, model and adapter as the common flags say, runs the body, and gives everything back. */
export async function withSession<T>(flags: Flags, output: Output, body: (session: Session) => Promise<T>): Promise<T> {
  const adapterPath = flags.text('adapter');
  const adapter = adapterPath === undefined ? undefined : readAdapter('--adapter', adapterPath);
  const run = adapterPath === undefined ? undefined : readRunFile(resolve(adapterPath));
  const name = flags.required('model', MODEL_WANTED);
  const folder = await openModelSource(name, output, { offline: flags.flag('offline') });
  const context = flags.number('context');
  const base = baseOf(flags, run?.base.format);
  const device = flags.oneOf('device', ['auto', 'webgpu', 'cpu'] as const) ?? 'auto';
  const core = await Core.open({
    device,
    openGpu: () => openNodeGpu({ onNotice: (message) => output.note(message) }),
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
    for (const note of model.opened.notes) output.warn(`${model.opened.name}: ${note}`);
    if (run !== undefined && run.base.sha256 !== model.opened.baseHash) {
      output.warn(
        `the adapter was trained on a base with sha256 ${run.base.sha256.slice(0, 12)}…, this one has ${model.opened.baseHash.slice(0, 12)}…: answers will differ from training`,
      );
    }
    if (run !== undefined && run.base.format !== model.format)
      output.warn(`the adapter was trained on the base in ${run.base.format}, this is ${model.format}`);
    try {
      return await body({ core, model, adapter, run });
    } finally {
      model.dispose();
    }
  } finally {
    core.dispose();
  }
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
