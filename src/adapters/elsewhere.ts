/** What a command of another program names. */
export interface CommandNames {
  /** Of the exported file or folder. */
  readonly path: string;
  /** What the tuned model is to be called. */
  readonly name: string;
  /** The base model, as the program takes it. */
  readonly base: { readonly hub: string; readonly gguf: string };
}

/** A program that opens an export, and how. */
export interface OtherProgram {
  readonly program: string;
  /** As `--to` takes it. */
  readonly format: 'peft' | 'gguf' | 'mlx' | 'merged' | 'merged-gguf';
  readonly use: (names: CommandNames) => string;
}

/** Other programs by what they take; of a program with several ways the first that can hold the adapter is the best. */
export const OTHER_PROGRAMS: readonly OtherProgram[] = [
  { program: 'llama.cpp', format: 'gguf', use: ({ path, base }) => `llama-cli -m ${base.gguf} --lora ${path} --jinja` },
  { program: 'llama.cpp', format: 'merged-gguf', use: ({ path }) => `llama-cli -m ${path} --jinja` },
  {
    program: 'MLX',
    format: 'mlx',
    use: ({ path, base }) => `mlx_lm.generate --model ${base.hub} --adapter-path ${path} --prompt "…"`,
  },
  { program: 'MLX', format: 'merged', use: ({ path }) => `mlx_lm.generate --model ${path} --prompt "…"` },
  {
    program: 'vLLM',
    format: 'peft',
    use: ({ path, name, base }) => `vllm serve ${base.hub} --enable-lora --lora-modules ${name}=${path}`,
  },
  { program: 'vLLM', format: 'merged', use: ({ path }) => `vllm serve ${path}` },
  {
    program: 'Ollama',
    format: 'merged-gguf',
    use: ({ path, name }) => `ollama create ${name} -f ${path.replace(/\.gguf$/, '')}.Modelfile`,
  },
  { program: 'LM Studio', format: 'merged-gguf', use: ({ path }) => `lms import ${path}` },
  {
    program: 'llama.rn',
    format: 'gguf',
    use: ({ path }) => `initLlama({ model, lora_list: [{ path: '${path}', scaled: 1 }] })`,
  },
  { program: 'llama.rn', format: 'merged-gguf', use: ({ path }) => `initLlama({ model: '${path}' })` },
  { program: 'wllama', format: 'merged-gguf', use: () => 'wllama.loadModel([file])' },
];
