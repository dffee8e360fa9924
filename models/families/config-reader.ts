import { WebLoraError } from '../../src/errors.ts';

type Json = Readonly<Record<string, unknown>>;

/** Keys that transformers writes for every model and that do not change what is computed here. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  '_attn_implementation',
  '_attn_implementation_autoset',
  '_name_or_path',
  '_num_labels',
  'architectures',
  'attention_dropout', // dropout is a setting of the adapter; the frozen base runs without
  'attn_implementation',
  'auto_map',
  'bad_words_ids',
  'begin_suppress_tokens',
  'bos_token_id',
  'cache_implementation',
  'chunk_size_feed_forward',
  'decoder_start_token_id',
  'diversity_penalty',
  'do_sample',
  'dtype',
  'early_stopping',
  'encoder_no_repeat_ngram_size',
  'eos_token_id',
  'exponential_decay_length_penalty',
  'finetuning_task',
  'forced_bos_token_id',
  'forced_eos_token_id',
  'gradient_checkpointing',
  'id2label',
  'initializer_range',
  'is_decoder',
  'label2id',
  'length_penalty',
  'max_length',
  'max_sequence_length',
  'min_length',
  'model_type',
  'name_or_path',
  'no_repeat_ngram_size',
  'num_beam_groups',
  'num_beams',
  'num_labels',
  'num_return_sequences',
  'output_attentions',
  'output_hidden_states',
  'output_past',
  'output_scores',
  'pad_token_id',
  'prefix',
  'pretraining_tp', // splits the same products
  'problem_type',
  'remove_invalid_values',
  'repetition_penalty',
  'return_dict',
  'return_dict_in_generate',
  'sep_token_id',
  'suppress_tokens',
  'task_specific_params',
  'temperature',
  'tf_legacy_loss',
  'tokenizer_class',
  'top_k',
  'top_p',
  'torch_dtype',
  'torchscript',
  'transformers.js_config',
  'transformers_version',
  'typical_p',
  'unk_token_id',
  'unsloth_fixed',
  'unsloth_version',
  'use_bfloat16',
  'use_cache',
]);

/** The deepest models have some hundred layers. */
const MOST_LAYERS = 1000;
const LAYERS: ReadonlySet<string> = new Set(['num_hidden_layers', 'n_layer']);
/** Sizes are counted in 32 bits, as GPUs do. */
const MOST_WHOLE = 2 ** 31 - 1;

/** Keys of every model whose one harmless value is accepted. */
const ONLY_WITHOUT_EFFECT: Readonly<Record<string, readonly unknown[]>> = {
  add_cross_attention: [false],
  cross_attention_hidden_size: [null],
  is_encoder_decoder: [false],
  pruned_heads: [null, {}],
  tie_encoder_decoder: [false],
};

/** How quantised checkpoints say so: transformers, compressed-tensors, MLX. */
const QUANTISATION_KEYS = ['quantization', 'quantization_config', 'compression_config'] as const;

/**
 * Reads a `config.json` key by key and, at the end, refuses what was not read: a configuration is closed, so nothing
 * that changes the mathematics passes unseen. `null` counts as absent, as in transformers.
 */
export class ConfigReader {
  readonly #json: Json;
  readonly #family: string;
  readonly #prefix: string;
  readonly #used = new Set<string>();

  /** @param prefix path of a nested object, such as `rope_scaling.` */
  constructor(json: Json, family: string, prefix = '') {
    this.#json = json;
    this.#family = family;
    this.#prefix = prefix;
  }

  has(key: string): boolean {
    return this.#read(key) !== undefined;
  }

  /** Whether the file says `null`, which some families tell from a missing key. */
  isNull(key: string): boolean {
    this.#used.add(key);
    return this.#json[key] === null;
  }

  /** @throws `bad-model` unless it is a number over 0 */
  number(key: string, fallback?: number): number {
    const value = this.#read(key) ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0)
      throw this.#bad(key, 'a number over 0', `check that the folder holds a ${this.#family} model`);
    return value;
  }

  /** @throws `bad-model` unless it is a whole number over 0 */
  whole(key: string, fallback?: number): number {
    const value = this.number(key, fallback);
    const most = LAYERS.has(key) ? MOST_LAYERS : MOST_WHOLE;
    if (Number.isInteger(value) && value <= most) return value;
    if (Number.isInteger(value)) throw this.#bad(key, `a whole number of at most ${most}`);
    // A fallback may follow from other keys, as head_dim does.
    throw this.#bad(key, this.has(key) ? 'a whole number' : `a whole number: without it, ${value} follows`);
  }

  /** @throws `bad-model` unless it is absent or a whole number over 0 */
  optionalWhole(key: string): number | undefined {
    return this.has(key) ? this.whole(key) : undefined;
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.#read(key) ?? fallback;
    if (typeof value !== 'boolean') throw this.#bad(key, 'true or false');
    return value;
  }

  /** Any other value that satisfies `is`. */
  value<T>(key: string, is: (value: unknown) => value is T, fallback: T, wanted: string): T {
    const value = this.#read(key) ?? fallback;
    if (!is(value)) throw this.#bad(key, wanted);
    return value;
  }

  /** A list of `length` values that each satisfy `is`, or nothing. */
  list<T>(key: string, length: number, is: (value: unknown) => value is T, wanted: string): readonly T[] | undefined {
    const value = this.#read(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length !== length || !value.every(is))
      throw this.#bad(key, `${length} values, each ${wanted}`);
    return value;
  }

  /** One of some texts. @throws `unsupported` for any other */
  choice<T extends string>(key: string, among: readonly T[], fallback: T): T {
    const value = this.#read(key) ?? fallback;
    const found = among.find((each) => each === value);
    if (found === undefined) throw this.unsupported(key, among.map((each) => JSON.stringify(each)).join(' or '));
    return found;
  }

  /**
   * Accepts a key only with values that leave the mathematics as it is computed here; absent is fine.
   * @throws `unsupported` for another value
   */
  only(key: string, allowed: readonly unknown[], fix?: string): void {
    this.#used.add(key);
    const value = this.#json[key];
    if (value === undefined || allowed.some((each) => JSON.stringify(each) === JSON.stringify(value))) return;
    throw this.unsupported(key, allowed.map((each) => JSON.stringify(each)).join(' or '), fix);
  }

  /** Accepts keys whatever their value: they do not change the mathematics of this family. */
  ignore(...keys: readonly string[]): void {
    for (const key of keys) this.#used.add(key);
  }

  /** A nested object with a reader of its own, to be closed by the caller. */
  nested(key: string): ConfigReader | undefined {
    const value = this.#read(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.#bad(key, 'an object or null');
    return new ConfigReader(value as Json, this.#family, `${this.#prefix}${key}.`);
  }

  /**
   * To be called when all known keys were read.
   * @throws `unsupported` naming a key that nobody read
   */
  close(): void {
    const nested = this.#prefix !== '';
    if (!nested) {
      for (const [key, allowed] of Object.entries(ONLY_WITHOUT_EFFECT)) this.only(key, allowed);
      for (const key of QUANTISATION_KEYS) this.#refuseQuantised(key);
    }
    for (const key of Object.keys(this.#json)) {
      if (this.#used.has(key) || (!nested && WITHOUT_EFFECT.has(key))) continue;
      throw new WebLoraError('unsupported', `config.json: unknown key '${this.#prefix}${key}'`, {
        got: this.#shown(key),
        wanted: `only keys of a ${this.#family} model`,
        fix: `the model may compute something WebLoRA does not; choose a ${this.#family} model`,
      });
    }
  }

  #refuseQuantised(key: string): void {
    const value = this.#read(key);
    if (value === undefined) return;
    const { quant_method: method, bits, load_in_4bit: is4, load_in_8bit: is8 } = value as Json;
    const name = typeof method === 'string' ? method : key === 'quantization' ? 'MLX' : undefined;
    const width = typeof bits === 'number' ? bits : is4 === true ? 4 : is8 === true ? 8 : undefined;
    throw new WebLoraError('unsupported', `config.json: ${key}`, {
      got: name === undefined ? this.#shown(key) : `${name}${width === undefined ? '' : `, ${width} bits`}`,
      wanted: 'weights that are not quantised',
      fix: 'choose the model’s unquantised weights, which are quantised as they are opened',
    });
  }

  unsupported(key: string, wanted: string, fix = 'choose a model without this feature'): WebLoraError {
    return new WebLoraError('unsupported', `config.json: ${this.#prefix}${key}`, {
      got: this.#shown(key),
      wanted,
      fix,
    });
  }

  contradiction(key: string, wanted: string): WebLoraError {
    return this.#bad(key, wanted);
  }

  #read(key: string): unknown {
    this.#used.add(key);
    return this.#json[key] ?? undefined;
  }

  #shown(key: string): string {
    return JSON.stringify(this.#json[key]) ?? 'nothing';
  }

  #bad(key: string, wanted: string, fix?: string): WebLoraError {
    return new WebLoraError('bad-model', `config.json: ${this.#prefix}${key}`, {
      got: this.#shown(key),
      wanted,
      ...(fix !== undefined && { fix }),
    });
  }
}
