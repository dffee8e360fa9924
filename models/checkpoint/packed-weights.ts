/** Quantised checkpoints by the names of their tensors: the values alone mean nothing without their format's unpacking. */
const FORMATS: readonly { readonly pattern: RegExp; readonly what: string; readonly fix?: string }[] = [
  {
    pattern: /\.weight\.(?:absmax|quant_map|nested_absmax|nested_quant_map|quant_state\..+)$|\.(?:SCB|weight_format)$/,
    what: 'weights quantised by bitsandbytes',
  },
  { pattern: /\.(?:qweight|qzeros|g_idx)$/, what: 'weights quantised by GPTQ or AWQ' },
  {
    pattern: /\.(?:weight_packed|weight_scale|weight_scale_inv|weight_zero_point|input_scale|weight_shape)$/,
    what: 'weights quantised to fp8 or by compressed-tensors',
  },
  { pattern: /\.W_q$/, what: 'weights quantised by HQQ' },
  { pattern: /\.scales$/, what: 'weights quantised by MLX' },
  {
    pattern: /\.base_layer\.(?:weight|bias)$|\.lora_(?:A|B|embedding_A|embedding_B|magnitude_vector)(?:\.|$)/,
    what: 'the weights of a model with an adapter beside them',
    fix: 'merge the adapter first (merge_and_unload() in PEFT), or save base and adapter apart',
  },
];

/** The first tensor whose name says that the weights are no plain matrices, with what they are. */
export function packedWeights(
  names: readonly string[],
): { readonly name: string; readonly what: string; readonly fix: string } | undefined {
  for (const {
    pattern,
    what,
    fix = 'choose the model’s unquantised weights, which are quantised as they are opened',
  } of FORMATS) {
    const name = names.find((each) => pattern.test(each));
    if (name !== undefined) return { name, what, fix };
  }
  return undefined;
}
