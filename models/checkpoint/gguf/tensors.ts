/** What is done to a stored tensor so that it is the one transformers has under this name. */
export type Undo =
  | { readonly kind: 'none' }
  /** llama.cpp stores the rows of each head's two halves interleaved. */
  | { readonly kind: 'unpermute'; readonly heads: number }
  /** Gemma's norms multiply by 1 + w, and the file has the sum. */
  | { readonly kind: 'minus-one' };

export interface TensorSource {
  /** The tensor's name in the GGUF. */
  readonly ggufName: string;
  readonly undo: Undo;
}

const NONE: Undo = { kind: 'none' };

/** One name of a block in transformers' spelling to llama.cpp's. */
const LLAMA_BLOCK: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  post_attention_layernorm: 'ffn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

const GEMMA3_BLOCK: Readonly<Record<string, string>> = {
  ...LLAMA_BLOCK,
  post_attention_layernorm: 'post_attention_norm',
  pre_feedforward_layernorm: 'ffn_norm',
  post_feedforward_layernorm: 'post_ffw_norm',
};

const PHI3_BLOCK: Readonly<Record<string, string>> = {
  ...LLAMA_BLOCK,
  'self_attn.qkv_proj': 'attn_qkv',
  'mlp.gate_up_proj': 'ffn_up',
};

const GPT2_BLOCK: Readonly<Record<string, string>> = {
  ln_1: 'attn_norm',
  ln_2: 'ffn_norm',
  'attn.c_attn': 'attn_qkv',
  'attn.c_proj': 'attn_output',
  'mlp.c_fc': 'ffn_up',
  'mlp.c_proj': 'ffn_down',
};

const LLAMA_TOP: Readonly<Record<string, string>> = {
  'model.embed_tokens': 'token_embd',
  'model.norm': 'output_norm',
  lm_head: 'output',
};

const GPT2_TOP: Readonly<Record<string, string>> = {
  'transformer.wte': 'token_embd',
  'transformer.wpe': 'position_embd',
  'transformer.ln_f': 'output_norm',
  lm_head: 'output',
};

interface Naming {
  readonly blocks: Readonly<Record<string, string>>;
  readonly top: Readonly<Record<string, string>>;
  readonly layerPrefix: string;
  readonly undo?: (module: string) => 'q' | 'kv' | 'norm' | undefined;
}

const llamaNaming: Naming = { blocks: LLAMA_BLOCK, top: LLAMA_TOP, layerPrefix: 'model.layers.' };

const permuted: Naming = {
  ...llamaNaming,
  undo: (module) => (module === 'self_attn.q_proj' ? 'q' : module === 'self_attn.k_proj' ? 'kv' : undefined),
};

/** By `model_type`. Source of the names: llama.cpp's gguf-py/gguf/tensor_mapping.py. */
const NAMINGS: Readonly<Record<string, Naming>> = {
  llama: permuted,
  mistral: permuted,
  smollm3: permuted,
  qwen2: llamaNaming,
  qwen3: llamaNaming,
  gemma3_text: {
    ...llamaNaming,
    blocks: GEMMA3_BLOCK,
    undo: (module) => (/norm$/.test(module) ? 'norm' : undefined),
  },
  phi3: { ...llamaNaming, blocks: PHI3_BLOCK },
  gpt2: { blocks: GPT2_BLOCK, top: GPT2_TOP, layerPrefix: 'transformer.h.' },
};

/** Where the GGUF keeps the tensor that transformers calls `name`; undefined for a name it has no place for. */
export function tensorSource(
  model: { readonly modelType: string; readonly heads: number; readonly kvHeads: number },
  name: string,
): TensorSource | undefined {
  const naming = NAMINGS[model.modelType];
  const [, path, kind] = /^(.*)\.(weight|bias)$/.exec(name) ?? [];
  if (naming === undefined || path === undefined || kind === undefined) return undefined;
  if (!path.startsWith(naming.layerPrefix)) {
    const top = naming.top[path];
    if (top === undefined) return undefined;
    return { ggufName: `${top}.${kind}`, undo: undoOf(naming.undo?.(path), model) };
  }
  const rest = path.slice(naming.layerPrefix.length);
  const layer = rest.slice(0, rest.indexOf('.'));
  const module = rest.slice(layer.length + 1);
  const block = naming.blocks[module];
  if (block === undefined) return undefined;
  return { ggufName: `blk.${layer}.${block}.${kind}`, undo: undoOf(naming.undo?.(module), model) };
}

function undoOf(
  what: 'q' | 'kv' | 'norm' | undefined,
  { heads, kvHeads }: { readonly heads: number; readonly kvHeads: number },
): Undo {
  if (what === 'norm') return { kind: 'minus-one' };
  if (what === undefined) return NONE;
  return { kind: 'unpermute', heads: what === 'q' ? heads : kvHeads };
}
