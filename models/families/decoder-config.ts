import { WebLoraError } from '../../src/errors.ts';
import type { ConfigReader } from './config-reader.ts';

/** The sizes that every family of Llama's naming has. */
export interface DecoderSizes {
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly intermediateSize: number;
  readonly vocabSize: number;
  readonly rmsNormEps: number;
  readonly maxPositions: number;
}

/** Reads the sizes; what a file leaves out is what transformers' class of that family has. */
export function readDecoderSizes(
  config: ConfigReader,
  defaults: { readonly maxPositions: number; readonly kvHeads?: number; readonly headDim?: number },
): DecoderSizes {
  const heads = config.whole('num_attention_heads');
  const hiddenSize = config.whole('hidden_size');
  const sizes: DecoderSizes = {
    hiddenSize,
    layers: config.whole('num_hidden_layers'),
    heads,
    kvHeads: config.whole('num_key_value_heads', defaults.kvHeads ?? heads),
    headDim: config.whole('head_dim', defaults.headDim ?? hiddenSize / heads),
    intermediateSize: config.whole('intermediate_size'),
    vocabSize: config.whole('vocab_size'),
    rmsNormEps: config.number('rms_norm_eps', 1e-6),
    maxPositions: config.whole('max_position_embeddings', defaults.maxPositions),
  };
  if (sizes.heads % sizes.kvHeads !== 0) {
    throw new WebLoraError('bad-model', 'config.json: num_key_value_heads', {
      got: sizes.kvHeads,
      wanted: `a divisor of num_attention_heads (${sizes.heads})`,
    });
  }
  // Rotation turns pairs of dimensions.
  if (sizes.headDim % 2 !== 0)
    throw new WebLoraError('bad-model', 'config.json: head_dim', { got: sizes.headDim, wanted: 'an even number' });
  assertHeadFits(sizes.headDim, 'head_dim');
  return sizes;
}

/** Attention kernels are made for heads of 256 at most. */
export function assertHeadFits(headDim: number, key: string): void {
  if (headDim <= 256) return;
  throw new WebLoraError('unsupported', `config.json: ${key}`, {
    got: headDim,
    wanted: 'at most 256',
    fix: 'choose a model with smaller heads',
  });
}

export type LayerType = 'full_attention' | 'sliding_attention';

/** `layer_types` as transformers writes it, or undefined where a file has only the settings it follows from. */
export function readLayerTypes(config: ConfigReader, layers: number): readonly LayerType[] | undefined {
  const isType = (value: unknown): value is LayerType => value === 'full_attention' || value === 'sliding_attention';
  return config.list('layer_types', layers, isType, '"full_attention" or "sliding_attention"');
}

/**
 * How far back each layer sees, in the keys of Qwen and SmolLM3: `use_sliding_window`, `sliding_window`,
 * `max_window_layers`, `layer_types`. A window counts the token itself; undefined sees all.
 * @param isSliding which layers slide where `layer_types` is missing
 */
export function readLayerWindows(
  config: ConfigReader,
  layers: number,
  isSliding: (layer: number, maxWindowLayers: number) => boolean,
): readonly (number | undefined)[] {
  const used = config.flag('use_sliding_window', false);
  const window = config.optionalWhole('sliding_window');
  // May be 0; only layers from there on slide.
  const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;
  const maxWindowLayers = config.value('max_window_layers', isCount, 28, 'a whole number');
  const types = readLayerTypes(config, layers);
  if (used && window === undefined)
    throw config.contradiction('sliding_window', 'a number, as use_sliding_window is true');
  return Array.from({ length: layers }, (_, layer) => {
    const slides =
      types === undefined ? used && isSliding(layer, maxWindowLayers) : types[layer] === 'sliding_attention';
    if (slides && !used) throw config.contradiction('use_sliding_window', 'true, as layer_types has sliding layers');
    return slides ? window : undefined;
  });
}
