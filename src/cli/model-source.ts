import { makeModel } from '../../models/families/index.ts';
import type { ModelFolder } from '../../models/checkpoint/open-model.ts';
import type { FetchSettings } from '../sources/fetch-model.ts';
import { parseModelAddress } from '../sources/model-address.ts';
import { openNodeModels } from '../sources/node-models.ts';
import { openModelFolder } from './files.ts';
import { formatBytes, formatSeconds, type Output } from './output.ts';
import { abortOnStop } from './stop-signals.ts';

/** What --model may be. */
export const MODEL_WANTED =
  'embedded, a folder in Hugging Face layout, a .gguf file, hf:org/name[@revision], or an https address';

export interface ModelSourceOptions {
  readonly offline: boolean;
  /** Reading its headers is enough: of a model that is not on this computer only these are fetched. */
  readonly shapesOnly?: boolean;
}

/** The files of `--model`: on this computer, or fetched into the cache first. */
export async function openModelSource(
  model: string,
  output: Output,
  { offline, shapesOnly = false }: ModelSourceOptions,
): Promise<ModelFolder> {
  const address = parseModelAddress(model);
  if (address === undefined) return openModelFolder(model);
  const progress = output.progress('fetching', 'MB');
  const stop = abortOnStop();
  const settings: FetchSettings = {
    offline,
    signal: stop.signal,
    onNotice: (message) => output.note(message),
    // An architecture that is not computed is refused before its weights are fetched.
    checkConfig: (config) => void makeModel(config as Record<string, unknown>),
    onProgress: ({ phase, file, doneBytes, totalBytes, bytesPerSecond, secondsLeft }) => {
      const rate = `${formatBytes(bytesPerSecond)}/s, ${secondsLeft === undefined ? '' : `${formatSeconds(secondsLeft)} left, `}`;
      const detail = phase === 'downloading' ? `${rate}${file}` : `${phase} ${file}`;
      progress.update(Math.floor(doneBytes / 1e6), Math.ceil(totalBytes / 1e6), detail);
    },
  };
  try {
    const models = openNodeModels();
    return await (shapesOnly ? models.peek(address, settings) : models.fetch(address, settings));
  } finally {
    stop.release();
    progress.end();
  }
}
