import type { ModelFolder, OpenModel } from '../../models/checkpoint/open-model.ts';
import type { LoraAdapter } from '../adapters/adapter.ts';
import { adapterHash, hubFacts } from '../adapters/lineage.ts';
import { writeMergedCard, type MergedCardFacts } from '../adapters/model-card.ts';
import type { Dataset } from '../data/dataset.ts';
import type { EvaluateProgress } from '../evaluate/evaluate.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import { assertAdapterFits } from '../lora/gpu-adapter.ts';
import type { MergeRequest } from '../merge/format.ts';
import type { MergedFormat, MergedModel } from '../merge/index.ts';
import type { ModelSink } from '../merge/sink.ts';
import { VERSION } from '../version.ts';
import type { Core, LoadedModel } from './core.ts';
import type { MergedBase, MergedLosses } from './merged-base.ts';

/** A merged model that computes worse by more than this says so. */
const MOST_WORSE = 0.02;

export function mergedBaseOf(opened: OpenModel, base: BaseFormat | undefined): MergedBase {
  const { name, baseHash: sha256, origin, model, readPacked } = opened;
  if (base !== undefined && base !== 'gguf')
    return { name, sha256, weights: `${base}, dequantised`, readFrom: 'dequantised', types: [base] };
  const types = [...new Set(model.weights.map((spec) => origin.dtypeOf(spec.name) ?? 'quantised blocks'))];
  const readFrom = readPacked === undefined ? 'files' : 'gguf';
  const weights = `${types.join(' and ')}, as ${readFrom === 'files' ? 'its files have' : 'its GGUF file has'} them`;
  return { name, sha256, weights, readFrom, types };
}

/** README.md of a merged model. @param more what the run's settings say */
export function mergedCard(
  { opened, adapter, base }: Pick<MergeRequest, 'opened' | 'adapter' | 'base'>,
  more: Pick<MergedCardFacts, 'title' | 'licence' | 'systemPrompt'>,
): string {
  const { weights, sha256 } = mergedBaseOf(opened, base);
  const { licence } = opened.origin;
  return writeMergedCard({
    ...more,
    base: { ...hubFacts(opened), ...(licence !== undefined && { licence }), name: opened.name, sha256, weights },
    adapterSha256: adapterHash(adapter),
    webLoraVersion: VERSION,
  });
}

/**
 * Writes a merged model; a failure or a stop leaves nothing of it.
 * @throws `bad-adapter`, and as {@link MergedFormat.write}
 */
export async function exportMerged(
  format: MergedFormat,
  request: MergeRequest,
  sink: ModelSink,
  fileName: string,
): Promise<MergedModel> {
  assertAdapterFits(request.adapter, request.opened.model);
  try {
    const written = await format.write(request, sink, fileName);
    await sink.commit();
    return written;
  } catch (thrown) {
    await sink.discard();
    throw thrown;
  }
}

/** The losses of `data` under the adapter over its base and under the merged model, each in the precision that is used. */
export async function mergedLosses(
  core: Core,
  { loaded, adapter, merged }: { loaded: LoadedModel; adapter: LoraAdapter; merged: ModelFolder },
  data: Dataset,
  options: {
    readonly system?: string;
    readonly signal?: AbortSignal;
    /** Of both measurements together, in rows. */
    readonly onProgress?: (done: number, total: number) => void;
  } = {},
): Promise<MergedLosses> {
  const { onProgress, ...rest } = options;
  const settings = (side: 0 | 1) => ({
    ...rest,
    maxNewTokens: 1,
    onProgress: ({ phase, done, total }: EvaluateProgress): void => {
      if (phase === 'loss') onProgress?.(side * total + done, 2 * total);
    },
  });
  const before = await loaded.evaluate(data, { ...settings(0), adapter });
  const base = await precisionOf(merged);
  const model = await core.loadModel(merged, { context: loaded.context, ...(base !== undefined && { base }) });
  try {
    const after = await model.evaluate(data, settings(1));
    return { unmerged: before.loss, merged: after.loss };
  } finally {
    model.dispose();
  }
}

const FLOATS: Readonly<Record<string, BaseFormat>> = { float16: 'f16', bfloat16: 'bf16' };

/** A folder's own float type; a GGUF keeps what it has. */
async function precisionOf({ files }: ModelFolder): Promise<BaseFormat | undefined> {
  const config = files.get('config.json');
  if (config === undefined) return undefined;
  const json = JSON.parse(new TextDecoder().decode(await config.read(0, config.size))) as Record<string, unknown>;
  const named = json['dtype'] ?? json['torch_dtype'];
  return (typeof named === 'string' ? FLOATS[named] : undefined) ?? 'f32';
}

/** Whether the merge costs more than 2 % of the loss. */
export const isWorseMerged = ({ unmerged, merged }: MergedLosses): boolean => merged > unmerged * (1 + MOST_WORSE);

/** A warning where the merge costs more than 2 %. */
export function lossWarning(losses: MergedLosses): string | undefined {
  if (!isWorseMerged(losses)) return undefined;
  const { unmerged, merged } = losses;
  const percent = ((merged / unmerged - 1) * 100).toFixed(1);
  return `the merged model's held-out loss is ${percent} % above the adapter's over its base (${merged.toFixed(4)} against ${unmerged.toFixed(4)}): prefer the adapter, or a type of more bits`;
}
