import { WebLoraError } from '../../errors.ts';
import { adapterKind, type AdapterKindName } from '../../lora/kinds/index.ts';
import { alphaOf, rankOf, type LoraAdapter, type LoraModule } from '../adapter.ts';
import { patternKey, patternOf, type ModuleMatcher } from '../module-patterns.ts';
import { targetNotes, type ModulePaths } from './peft-targets.ts';
import { isJsonObject } from '../../json.ts';

/**
 * `adapter_config.json` of PEFT's LoraConfig.
 * Source: https://github.com/huggingface/peft (src/peft/tuners/lora/config.py).
 */

export const PEFT_CONFIG_FILE = 'adapter_config.json';

/** What of the config decides the values an adapter computes. */
export interface PeftConfig {
  readonly method: AdapterKindName;
  readonly dropout: number;
  readonly baseModel: string;
  /** Of modules that no pattern names. */
  readonly rank: number;
  readonly alpha: number;
  /** Whether modules of a name are targets in some layers only, so that names alone do not say which. */
  readonly hasSelectedLayers: boolean;
  /** Rank and alpha of one module. */
  forModule(module: ModulePaths): { readonly rank: number; readonly alpha: number };
  /** What the config says that these modules, the ones with factors, contradict or leave without effect. */
  notes(modules: readonly ModulePaths[]): readonly string[];
}

/** Fields that describe, or that steered training only: they change nothing about a trained adapter. */
const FIELDS_WITHOUT_EFFECT = new Set([
  'auto_mapping',
  'base_model_name_or_path',
  'corda_config',
  'ensure_weight_tying',
  'eva_config',
  'exclude_modules',
  // How the base keeps its own weight; A and B have one orientation in either case.
  'fan_in_fan_out',
  'inference_mode',
  'layers_pattern',
  'layers_to_transform',
  'loftq_config',
  'lora_dropout',
  'lora_ga_config',
  'lora_plus_lr_ratio',
  'megatron_config',
  'megatron_core',
  'peft_type',
  'peft_version',
  'qalora_group_size',
  'revision',
  'runtime_config',
  'target_modules', // the tensors say which
  'unsloth_fixed',
]);

/** Fields that are read below. */
const FIELDS_READ = new Set([
  'alpha_pattern',
  'bias',
  'init_lora_weights',
  'lora_alpha',
  'r',
  'rank_pattern',
  'task_type',
  'use_dora',
  'use_rslora',
]);

/** Why a field that is set cannot be honoured. Any other set field is refused too, without a reason. */
const REFUSED_FIELDS: ReadonlyMap<string, string> = new Map([
  ['modules_to_save', 'an adapter without whole modules beside it'],
  ['lora_bias', 'an adapter without biases'],
  ['trainable_token_indices', 'an adapter without trained embeddings'],
  ['target_parameters', 'an adapter of linear modules'],
  ['layer_replication', 'an adapter for the layers the base model has'],
]);

/** Initialisations that leave the base weights alone. PiSSA, OLoRA, CorDA, LoftQ and their like do not. */
const HARMLESS_INITIALISATIONS: readonly unknown[] = [undefined, null, true, false, 'gaussian', 'eva', 'orthogonal'];

const BIASES: readonly unknown[] = ['none', 'all', 'lora_only'];

/**
 * Reads a config as PEFT and its relatives write it.
 * @throws WebLoraError `bad-adapter` when it contradicts itself, `unsupported` naming the field that asks for more
 *   than LoRA on linear modules
 */
export function parsePeftConfig(text: string): PeftConfig {
  const config = parseObject(text);
  if (config['peft_type'] !== 'LORA') {
    throw unsupportedField('peft_type', config['peft_type'], '"LORA"', 'export the adapter in PEFT format as LoRA');
  }
  for (const [field, value] of Object.entries(config)) {
    if (FIELDS_READ.has(field) || FIELDS_WITHOUT_EFFECT.has(field) || isUnset(value)) continue;
    throw unsupportedField(field, value, REFUSED_FIELDS.get(field) ?? 'a field that WebLoRA knows, or none');
  }
  const { task_type: task, bias = 'none', init_lora_weights: init } = config;
  if (!isUnset(task) && task !== 'CAUSAL_LM' && task !== 'FEATURE_EXTRACTION')
    throw unsupportedField('task_type', task, '"CAUSAL_LM"');
  // Whether there are trained biases the tensors say: a model without biases has none to save.
  if (!BIASES.includes(bias)) throw badField('bias', bias, '"none", "all" or "lora_only"');
  if (!HARMLESS_INITIALISATIONS.includes(init)) {
    throw unsupportedField(
      'init_lora_weights',
      init,
      'an adapter relative to the unchanged base model',
      'save it in PEFT with path_initial_model_for_weight_conversion',
    );
  }
  const isRankStabilised = config['use_rslora'] === true;
  const method: AdapterKindName = config['use_dora'] === true ? 'dora' : isRankStabilised ? 'rslora' : 'lora';
  // DoRA with rsLoRA's scale is DoRA with another alpha.
  const alphaFor = (alpha: number, rank: number): number =>
    method === 'dora' && isRankStabilised ? adapterKind('rslora').scale(alpha, rank) * rank : alpha;
  const defaultRank = positive('r', config['r'] ?? 8, true);
  const defaultAlpha = positive('lora_alpha', config['lora_alpha'] ?? 8, false);
  const rankPattern = parsePattern('rank_pattern', config['rank_pattern'], true);
  const alphaPattern = parsePattern('alpha_pattern', config['alpha_pattern'], false);
  return {
    method,
    rank: defaultRank,
    hasSelectedLayers:
      !isUnset(config['layers_to_transform']) ||
      !isUnset(config['exclude_modules']) ||
      (Array.isArray(config['target_modules']) && config['target_modules'].some((name) => String(name).includes('.'))),
    alpha: alphaFor(defaultAlpha, defaultRank),
    dropout: fraction('lora_dropout', config['lora_dropout'] ?? 0),
    baseModel: typeof config['base_model_name_or_path'] === 'string' ? config['base_model_name_or_path'] : '',
    forModule: ({ path, wrappedPath }) => {
      const valueOf = (pattern: readonly Pattern<number>[]): number | undefined =>
        pattern.find(({ key }) => key(wrappedPath) || key(path))?.value;
      const rank = valueOf(rankPattern) ?? defaultRank;
      return { rank, alpha: alphaFor(valueOf(alphaPattern) ?? defaultAlpha, rank) };
    },
    notes: (modules) => [
      ...(task === 'FEATURE_EXTRACTION'
        ? ['task_type is FEATURE_EXTRACTION: it was trained to compute embeddings, not to write text']
        : []),
      ...targetNotes(config, modules),
    ],
  };
}

/** A model of the hub as PEFT names it: `hf:org/name/file.gguf@v1` is `org/name` at `v1`. */
export function baseOf(baseModel: string): { name: string; revision: string | undefined } {
  const [, name, revision] = /^hf:([^/@]+(?:\/[^/@]+)?)(?:\/[^@]*)?(?:@(.+))?$/.exec(baseModel) ?? [];
  return { name: name ?? baseModel, revision };
}

/** Layers that transformers builds as Conv1D (GPT-2), whose weight is [in, out]: PEFT wants to be told. */
const CONV1D_PATH = /^transformer\.h\.\d+\.(attn\.c_attn|attn\.c_proj|mlp\.c_fc|mlp\.c_proj)$/;

/**
 * The config of an adapter, keys sorted and indented as PEFT does. Only fields that PEFT has had since 0.10: releases
 * before 0.14 refuse a config with a field they do not know.
 */
export function formatPeftConfig(adapter: LoraAdapter, revision: string | null): string {
  const base = baseOf(adapter.baseModel);
  const valuesOf = (of: (module: LoraModule) => number): Map<string, number> =>
    new Map([...adapter.modules].map(([path, module]) => [path, of(module)]));
  const config = {
    alpha_pattern: patternOf(
      valuesOf((module) => alphaOf(adapter, module)),
      adapter.alpha,
    ),
    auto_mapping: null,
    base_model_name_or_path: base.name === '' ? null : base.name,
    bias: 'none',
    fan_in_fan_out: [...adapter.modules.keys()].some((path) => CONV1D_PATH.test(path)),
    inference_mode: true,
    init_lora_weights: true,
    layer_replication: null,
    layers_pattern: null,
    layers_to_transform: null,
    loftq_config: {},
    lora_alpha: adapter.alpha,
    lora_dropout: adapter.dropout,
    megatron_config: null,
    megatron_core: 'megatron.core',
    modules_to_save: null,
    peft_type: 'LORA',
    r: adapter.rank,
    rank_pattern: patternOf(valuesOf(rankOf), adapter.rank),
    revision: revision ?? base.revision ?? null,
    target_modules: [...adapter.targetModules].sort(),
    task_type: 'CAUSAL_LM',
    ...adapterKind(adapter.method).peft,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

interface Pattern<T> {
  readonly key: ModuleMatcher;
  readonly value: T;
}

/** PEFT takes the first key that, as a regular expression, matches the end of the path from a dot on. */
function parsePattern(field: string, value: unknown, isWhole: boolean): Pattern<number>[] {
  if (isUnset(value)) return [];
  if (!isJsonObject(value)) throw badField(field, value, 'numbers by module name');
  return Object.entries(value).map(([key, number]) => {
    const pattern = patternKey(key);
    if (pattern === undefined) throw badField(field, key, 'module names or regular expressions');
    return { key: pattern, value: positive(`${field}.${key}`, number, isWhole) };
  });
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new WebLoraError('bad-adapter', PEFT_CONFIG_FILE, {
      got: 'text that is not JSON',
      wanted: 'a JSON object',
      fix: 'fetch the adapter again',
      cause,
    });
  }
  if (!isJsonObject(value)) throw badField('the file', value, 'a JSON object');
  return value;
}

function positive(field: string, value: unknown, isWhole: boolean): number {
  if (typeof value === 'number' && value > 0 && Number.isFinite(value) && (!isWhole || Number.isInteger(value))) {
    return value;
  }
  throw badField(field, value, isWhole ? 'a whole number above 0' : 'a number above 0');
}

function fraction(field: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value < 1) return value;
  throw badField(field, value, 'a number from 0 to below 1');
}

function isUnset(value: unknown): boolean {
  if (value === null || value === undefined || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.keys(value).length === 0;
}

function badField(field: string, value: unknown, wanted: string): WebLoraError {
  return new WebLoraError('bad-adapter', `${PEFT_CONFIG_FILE}: ${field}`, {
    got: shown(value),
    wanted,
    fix: 'fetch or export the adapter again',
  });
}

function unsupportedField(field: string, value: unknown, wanted: string, fix?: string): WebLoraError {
  return new WebLoraError('unsupported', `${PEFT_CONFIG_FILE}: ${field}`, {
    got: shown(value),
    wanted,
    fix: fix ?? 'use another adapter or merge this one into its base model with PEFT',
  });
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
