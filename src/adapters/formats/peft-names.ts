import { WebLoraError } from '../../errors.ts';
import { blockModulePath, coreName, isOtherPart, listNames } from '../../formats/tensor-names.ts';

/**
 * Names in `adapter_model.safetensors`. PEFT saves `base_model.model.<module>.lora_A.weight`, where the module's path is
 * that of the model it wrapped: the bare model of AutoModel has `layers.0.…` for `model.layers.0.…`, a model of text and
 * images `language_model.…`; a state dict saved by hand keeps the adapter's name (`lora_A.default.weight`) and the
 * wrappers' (`module.`, `_orig_mod.`).
 */

/** The factors of one linear layer, and its magnitude, by their names in the file. */
export interface FactorNames {
  /** As causal LMs have it: `model.layers.0.self_attn.q_proj`. */
  readonly path: string;
  /** As the model had it that PEFT wrapped: what `rank_pattern` and its like match. */
  readonly wrappedPath: string;
  readonly A: string | undefined;
  readonly B: string | undefined;
  /** DoRA's magnitude. */
  readonly magnitude: string | undefined;
}

export interface PeftNames {
  readonly modules: readonly FactorNames[];
  /** What the file holds and is not used. */
  readonly notes: readonly string[];
}

const FACTOR = /^(.+)\.lora_(A|B)(?:\.([^.]+))?\.weight$/;
/** Saved files have no suffix; a state dict saved by hand has the adapter's name, and `weight` since PEFT 0.11. */
const MAGNITUDE = /^(.+)\.lora_(magnitude)_vector(?:\.(?!weight$)([^.]+))?(?:\.weight)?$/;
const PEFT_PREFIX = /^(?:base_model\.model\.|base_model\.)/;
/** Weights of the model underneath that a state dict saved by hand carries along. */
const BASE_COPY = /\.(?:base_layer|original_module)\.(?:weight|bias)$/;

const MERGE = 'merge it into its base model with PEFT (merge_and_unload) and open the merged model';

/** Tensors that would change what is computed, by what they are. The first that matches says it. */
const REFUSED: readonly { readonly pattern: RegExp; readonly got: string; readonly fix?: string }[] = [
  { pattern: /\.lora_embedding_[AB](?:\.|$)/, got: 'a LoRA of an embedding' },
  { pattern: /\.lora_B(?:\.[^.]+)?\.bias$/, got: 'a bias of a LoRA branch (lora_bias)' },
  {
    pattern: /\.(?:lora_down|lora_up)\.weight$|\.alpha$/,
    got: 'a tensor of kohya’s LoRA format',
    fix: 'convert the adapter to PEFT’s format',
  },
  {
    pattern: /\.lora_[ab]$/,
    got: 'a tensor of an MLX adapter',
    fix: 'choose the folder that mlx_lm wrote, with adapters.safetensors',
  },
  {
    pattern: /\.(?:ia3_l|hada_w\w+|lokr_w\w+|vera_lambda_\w+|lora_E|oft_r|boft_R)(?:\.|$)/,
    got: 'a tensor of another method than LoRA',
  },
  { pattern: /(?:^|\.)prompt_embeddings$/, got: 'a trained prompt, not LoRA' },
  { pattern: /\.modules_to_save\./, got: 'a whole module that was trained beside the LoRA factors (modules_to_save)' },
  {
    pattern: /(?:^|\.)(?:lm_head|embed_tokens|wte)\.(?:weight|bias)$/,
    got: 'a whole embedding or head, trained or resized (modules_to_save, save_embedding_layers)',
  },
  { pattern: /\.bias$/, got: 'a trained bias (bias: "all" or "lora_only")' },
  {
    pattern: /\.weight$/,
    got: 'a whole weight of the base model, trained or copied',
    fix: 'save the adapter with save_pretrained(), which writes its factors only',
  },
];

/**
 * Sorts the tensors of a PEFT file.
 * @throws `unsupported` for what is more than LoRA on linear layers of the blocks, `bad-adapter` where two tensors
 *   would be the same factor or the file holds several adapters
 */
export function readPeftNames(file: string, names: Iterable<string>): PeftNames {
  const modules = new Map<
    string,
    { path: string; wrappedPath: string; A: string | undefined; B: string | undefined; magnitude: string | undefined }
  >();
  const adapters = new Map<string, string>();
  const copies: string[] = [];
  const otherParts: string[] = [];
  const refused: string[] = [];
  for (const name of names) {
    const [, module, factor, adapter = 'default'] = FACTOR.exec(name) ?? MAGNITUDE.exec(name) ?? [];
    if (module === undefined || (factor !== 'A' && factor !== 'B' && factor !== 'magnitude')) {
      (BASE_COPY.test(name) ? copies : isOtherPart(coreName(name)) ? otherParts : refused).push(name);
      continue;
    }
    const path = blockModulePath(module);
    if (path === undefined) {
      if (!isOtherPart(coreName(name))) throw outsideBlocks(file, name);
      otherParts.push(name);
      continue;
    }
    adapters.set(adapter, name);
    const found = modules.get(path) ?? {
      path,
      wrappedPath: module.replace(PEFT_PREFIX, ''),
      A: undefined,
      B: undefined,
      magnitude: undefined,
    };
    const other = found[factor];
    if (other !== undefined && adapters.size === 1) throw twice(file, path, factor, [other, name]);
    found[factor] = name;
    modules.set(path, found);
  }
  if (adapters.size > 1) throw severalAdapters(file, [...adapters.keys()].sort());
  if (refused.length > 0) throw moreThanLora(file, refused);
  return {
    modules: [...modules.values()],
    notes: [
      ...(copies.length === 0
        ? []
        : [
            `${copies.length} weights of the base model that lie in ${file} are not read (${listNames(copies, 1)}): the adapter is added to the base you opened`,
          ]),
      ...(otherParts.length === 0
        ? []
        : [
            `${otherParts.length} tensors of parts that text does not go through are not used: ${listNames(otherParts)}`,
          ]),
    ],
  };
}

function outsideBlocks(file: string, name: string): WebLoraError {
  const core = coreName(name);
  const isHead = /^(?:lm_head|embed_out)\./.test(core);
  const isEmbedding = /^(?:embed_tokens|wte|wpe)\./.test(core);
  return new WebLoraError('unsupported', `${file}: tensor ${name}`, {
    got: isHead
      ? 'LoRA on the head'
      : isEmbedding
        ? 'LoRA on the embedding'
        : 'LoRA on a module outside the blocks of a language model',
    wanted: 'LoRA on linear layers at model.layers.N. or transformer.h.N.',
    fix: isHead || isEmbedding ? MERGE : 'choose an adapter of a causal language model',
  });
}

function twice(file: string, path: string, factor: string, names: readonly string[]): WebLoraError {
  return new WebLoraError('bad-adapter', `${file}: ${path}`, {
    got: `the same factor twice: ${names.join(' and ')}`,
    wanted: factor === 'magnitude' ? 'one lora_magnitude_vector' : `one lora_${factor}`,
    fix: 'export the adapter again',
  });
}

function severalAdapters(file: string, adapters: readonly string[]): WebLoraError {
  return new WebLoraError('unsupported', file, {
    got: `${adapters.length} adapters: ${listNames(adapters, 8)}`,
    wanted: 'one',
    fix: 'save the one you want alone: save_pretrained(FOLDER, selected_adapters=[NAME])',
  });
}

function moreThanLora(file: string, names: readonly string[]): WebLoraError {
  for (const { pattern, got, fix = MERGE } of REFUSED) {
    const matching = names.filter((name) => pattern.test(name));
    const [first] = matching;
    if (first === undefined) continue;
    return new WebLoraError('unsupported', `${file}: tensor ${first}`, {
      got: matching.length === 1 ? got : `${got} (one of ${matching.length}: ${listNames(matching)})`,
      wanted: 'LoRA factors only',
      fix,
    });
  }
  return new WebLoraError('unsupported', `${file}: tensor ${names[0] ?? ''}`, {
    got:
      names.length === 1
        ? 'a tensor that is no LoRA factor'
        : `${names.length} tensors that are no LoRA factors: ${listNames(names)}`,
    wanted: 'only base_model.model.….lora_A.weight and ….lora_B.weight',
    fix: 'use an adapter that trained linear modules only, or merge this one into its base model with PEFT',
  });
}
