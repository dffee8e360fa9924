import { WebLoraError } from '../../errors.ts';
import { memorySource } from '../../formats/byte-source.ts';
import { openGguf, type GgufFile } from '../../formats/gguf.ts';
import { dequantizeGguf } from '../../formats/gguf-blocks.ts';
import { encodeGguf, GGUF_FILE_TYPES, QUANTISATION_VERSION, type WrittenGgufType } from '../../formats/gguf-encode.ts';
import { writeGguf, type GgufMetadata, type GgufTensorPlan } from '../../formats/gguf-write.ts';
import { rankOf, refit, shortNames, type LoraAdapter, type LoraModule } from '../adapter.ts';
import type { AdapterFiles, AdapterFormat, BaseNames } from './format.ts';
import { permuteRows, unpermuteRows } from '../../formats/head-rows.ts';

const FILE_NAME = 'adapter.gguf';

/**
 * llama.cpp's LoRA adapter (`--lora`): `<weight>.lora_a` [rank, in] and `<weight>.lora_b` [out, rank], scaled by
 * `adapter.lora.alpha` / rank, the rank being each module's own. Source: llama.cpp, convert_lora_to_gguf.py and src/llama-adapter.cpp.
 */
export const gguf: AdapterFormat<'gguf'> = {
  name: 'gguf',
  label: 'GGUF LoRA',
  opens: 'llama.cpp, Ollama',
  layout: { kind: 'file', extension: '.gguf' },
  files: 'one .gguf with an adapter',
  needsBase: true,
  isFile,
  recognises: (files) => [...files.keys()].some(isFile),
  read: readGgufLora,
  holds: ['a', 'b'],
  write: (adapter, { base, type = 'F32' }) => {
    const names = required(base);
    const tensors: (GgufTensorPlan & { bytes: Uint8Array })[] = [];
    for (const [path, module] of adapter.modules) {
      const target = names.modules.get(path);
      if (target === undefined) throw unknownModule(path, names);
      const { inFeatures, outFeatures } = module;
      const rank = rankOf(module);
      // One alpha for all modules: B takes up what a module's own says otherwise.
      const hasUsualScale = rank === adapter.rank && module.alpha === undefined;
      const { a, b } = hasUsualScale ? module : refit(adapter, module, { rank, scale: ggufAlpha(adapter) / rank });
      const rows = target.permutedHeads === undefined ? b : permuteRows(b, outFeatures, target.permutedHeads);
      // Blocks of 32 do not divide a row of a small rank: such a factor stays in f16, as llama.cpp keeps odd rows.
      const typeOf = (cols: number): typeof type => (type.startsWith('Q') && cols % 32 !== 0 ? 'F16' : type);
      const add = (suffix: string, values: Float32Array, shape: readonly [number, number]): void => {
        const name = `${target.ggufName}.${suffix}`;
        const stored = typeOf(shape[1]);
        tensors.push({ name, shape, type: stored, bytes: encodeGguf(stored, values, ...shape, name) });
      };
      add('lora_a', a, [rank, inFeatures]);
      add('lora_b', rows, [outFeatures, rank]);
    }
    return new Map([[FILE_NAME, writeGguf(metadataOf(adapter, names, type), tensors)]]);
  },
};

function isFile(name: string): boolean {
  return name.toLowerCase().endsWith('.gguf');
}

function metadataOf(adapter: LoraAdapter, base: BaseNames, type: WrittenGgufType): GgufMetadata {
  return new Map([
    ['general.architecture', { type: 'string', value: base.ggufArchitecture }],
    ['general.type', { type: 'string', value: 'adapter' }],
    ['general.file_type', { type: 'u32', value: GGUF_FILE_TYPES[type] }],
    ...(type.startsWith('Q')
      ? [['general.quantization_version', { type: 'u32', value: QUANTISATION_VERSION }] as const]
      : []),
    ['general.base_model.count', { type: 'u32', value: 1 }],
    ['general.base_model.0.name', { type: 'string', value: adapter.baseModel }],
    ['adapter.type', { type: 'string', value: 'lora' }],
    ['adapter.lora.alpha', { type: 'f32', value: ggufAlpha(adapter) }],
  ] as const);
}

/** llama.cpp always divides by the rank: the alpha that gives the adapter's scale also says what rsLoRA computes. */
function ggufAlpha({ method, alpha, scale, rank }: LoraAdapter): number {
  return method === 'lora' ? alpha : scale * rank;
}

async function readGgufLora(files: AdapterFiles, base?: BaseNames): Promise<LoraAdapter> {
  const names = required(base);
  const [name, bytes] = [...files].find(([each]) => isFile(each)) ?? ['', new Uint8Array()];
  const file = await openGguf(memorySource(name, bytes));
  const text = (key: string): string => String(file.metadata.get(key) ?? 'nothing');
  if (text('general.type') !== 'adapter') {
    throw new WebLoraError('bad-adapter', `${name}: general.type`, {
      got: text('general.type'),
      wanted: 'adapter',
      fix: 'a file with a whole model is opened as a model',
    });
  }
  if (text('adapter.type') !== 'lora') {
    throw new WebLoraError('unsupported', `${name}: adapter.type`, {
      got: text('adapter.type'),
      wanted: 'lora',
      fix: 'choose a LoRA adapter',
    });
  }
  if (text('general.architecture') !== names.ggufArchitecture) {
    throw new WebLoraError('bad-adapter', `${name}: general.architecture`, {
      got: text('general.architecture'),
      wanted: `${names.ggufArchitecture}, the base model's`,
      fix: 'choose the model this adapter was trained on',
    });
  }
  const alpha = file.metadata.get('adapter.lora.alpha');
  if (typeof alpha !== 'number' || !Number.isFinite(alpha)) {
    throw new WebLoraError('bad-adapter', `${name}: adapter.lora.alpha`, {
      got: String(alpha),
      wanted: 'a number',
      fix: 'convert the adapter again',
    });
  }
  const modules = await readModules(file, names);
  const ranks = [...modules.values()].map(rankOf);
  const rank = Math.max(...ranks);
  if (ranks.length === 0) {
    throw new WebLoraError('bad-adapter', name, {
      got: 'no tensors',
      wanted: 'pairs of lora_a and lora_b',
      fix: 'convert the adapter again',
    });
  }
  return {
    rank,
    alpha,
    scale: alpha / rank,
    method: 'lora',
    dropout: 0,
    targetModules: shortNames(modules.keys()),
    baseModel: String(file.metadata.get('general.base_model.0.name') ?? ''),
    modules,
  };
}

async function readModules(file: GgufFile, base: BaseNames): Promise<Map<string, LoraModule>> {
  const values = async (
    tensorName: string,
  ): Promise<{ values: Float32Array; rows: number; cols: number } | undefined> => {
    const tensor = file.tensors.get(tensorName);
    if (tensor === undefined) return undefined;
    const [rows = 0, cols = 0] = tensor.shape;
    const bytes = await file.loadRows(tensorName, 0, rows);
    return { values: dequantizeGguf(tensor.type, bytes, rows, cols, tensorName), rows, cols };
  };
  const modules = new Map<string, LoraModule>();
  const known = new Set<string>();
  for (const [path, { ggufName, permutedHeads }] of base.modules) {
    const a = await values(`${ggufName}.lora_a`);
    const b = await values(`${ggufName}.lora_b`);
    known.add(`${ggufName}.lora_a`).add(`${ggufName}.lora_b`);
    if (a === undefined && b === undefined) continue;
    if (a === undefined || b === undefined || a.rows !== b.cols) {
      throw new WebLoraError('bad-adapter', `${file.name}: ${ggufName}`, {
        got: `lora_a ${a === undefined ? 'missing' : `[${a.rows}, ${a.cols}]`}, lora_b ${b === undefined ? 'missing' : `[${b.rows}, ${b.cols}]`}`,
        wanted: 'lora_a [rank, in] and lora_b [out, rank]',
        fix: 'convert the adapter again',
      });
    }
    modules.set(path, {
      a: a.values,
      b: permutedHeads === undefined ? b.values : unpermuteRows(b.values, b.rows, permutedHeads),
      inFeatures: a.cols,
      outFeatures: b.rows,
    });
  }
  const unknown = [...file.tensors.keys()].find((tensor) => !known.has(tensor));
  if (unknown !== undefined) {
    throw new WebLoraError('unsupported', `${file.name}: tensor ${unknown}`, {
      got: 'a tensor that belongs to no linear layer of the base model',
      wanted: 'pairs named like blk.0.attn_q.weight.lora_a',
      fix: 'choose the model this adapter was trained on, or an adapter of linear layers only',
    });
  }
  return modules;
}

function required(base: BaseNames | undefined): BaseNames {
  if (base !== undefined) return base;
  throw new WebLoraError('usage', 'a GGUF adapter', {
    got: 'no base model',
    wanted: "the base model, whose names and head counts the file's layout depends on",
    fix: 'name the model too',
  });
}

function unknownModule(path: string, { ggufArchitecture }: BaseNames): WebLoraError {
  return new WebLoraError('unsupported', `GGUF LoRA: ${path}`, {
    got: `a module that llama.cpp's ${ggufArchitecture} keeps under no name of its own`,
    fix: 'merge the adapter into the model instead',
  });
}
