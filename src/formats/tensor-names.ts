/**
 * Names of tensors and modules as the wrappers around a model save them. The same weights come as
 * `model.layers.0.…` (a causal LM), `layers.0.…` (the bare model that AutoModel loads), `module.model.layers.0.…`
 * (DataParallel), `model.language_model.layers.0.…` (the text half of a model of text and images), and so on. What is
 * left when wrappers are taken off is the same in all of them: it is how a stored name and a wanted one are matched.
 */

/** Segments that PyTorch's wrappers put anywhere in a path: torch.compile, activation checkpointing, FSDP. */
const MARKERS: ReadonlySet<string> = new Set(['_orig_mod', '_checkpoint_wrapped_module', '_fsdp_wrapped_module']);

/** Segments that wrappers put in front: PEFT, DataParallel, DeepSpeed, TRL, and models of which this one is a part. */
const WRAPPERS: ReadonlySet<string> = new Set([
  'base_model',
  'module',
  '_forward_module',
  'pretrained_model',
  'language_model',
  'text_model',
  'model',
  'transformer',
]);

/** `module.model.layers.0._orig_mod.mlp.up_proj.weight` is `layers.0.mlp.up_proj.weight`. */
export function coreName(name: string): string {
  const segments = name.split('.').filter((segment) => !MARKERS.has(segment));
  const first = segments.findIndex((segment) => !WRAPPERS.has(segment));
  return segments.slice(Math.max(first, 0)).join('.');
}

/**
 * The path of a block's module as the causal LM has it, where transformers' families keep their blocks:
 * `model.layers.N.…`, or `transformer.h.N.…` for GPT-2. Undefined for a module outside the blocks.
 */
export function blockModulePath(path: string): string | undefined {
  const core = coreName(path);
  if (/^layers\.\d+\./.test(core)) return `model.${core}`;
  return /^h\.\d+\./.test(core) ? `transformer.${core}` : undefined;
}

/** Parts of other models that answer nothing when text is continued: `score`, a vision tower, and so on. */
const OTHER_PARTS =
  /^(?:vision_tower|vision_model|visual|multi_modal_projector|mm_projector|audio_tower|audio_projector|embed_vision|embed_audio|score|classifier|v_head|value_head)\./;

/** Whether a name without wrappers, as `coreName` gives it, is of a part that text does not go through. */
export function isOtherPart(core: string): boolean {
  return OTHER_PARTS.test(core);
}

/** `a, b, c and 4 more` */
export function listNames(names: readonly string[], most = 3): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
