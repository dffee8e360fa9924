import { WebLoraError } from '../../errors.ts';
import {
  float32Tensor,
  readSafetensors,
  tensorToFloat32,
  writeSafetensors,
  type SafetensorsTensor,
} from '../../formats/safetensors.ts';
import { blockModulePath } from '../../formats/tensor-names.ts';
import { rankOf, refit, shortNames, type LoraAdapter, type LoraModule } from '../adapter.ts';
import { CARD_FILE, type AdapterFiles, type AdapterFormat } from './format.ts';
import { PEFT_CONFIG_FILE } from './peft-config.ts';
import { isJsonObject } from '../../json.ts';

const CONFIG_FILE = PEFT_CONFIG_FILE; // both write adapter_config.json; its keys tell which it is
const WEIGHTS_FILE = 'adapters.safetensors';

/** mlx-lm builds GPT-2 as `model.h.0…` where transformers has `transformer.h.0…`; other families agree. */
const GPT2_PATHS = { mlx: 'model.h.', transformers: 'transformer.h.' };

/**
 * mlx-lm's adapter folder (`--adapter-path`): `lora_a` [in, rank] and `lora_b` [rank, out], the transposes of PEFT's, and
 * a scale that multiplies instead of alpha over rank. Both rank and scale are one for all modules.
 * Source: mlx-lm, mlx_lm/tuner/lora.py and mlx_lm/tuner/utils.py (`linear_to_lora_layers`, `load_adapters`).
 */
export const mlx: AdapterFormat<'mlx'> = {
  name: 'mlx',
  label: 'MLX folder',
  opens: 'mlx-lm on a Mac',
  layout: { kind: 'folder' },
  files: `${CONFIG_FILE} and ${WEIGHTS_FILE}`,
  needsBase: false,
  isFile: (name) => name === CONFIG_FILE || name === WEIGHTS_FILE,
  recognises: (files) => files.has(WEIGHTS_FILE),
  read: async (files) => readMlx(files),
  holds: ['a', 'b', 'magnitude'],
  write: (adapter, { modelCard, base }) => {
    const tensors = new Map<string, SafetensorsTensor>();
    const { scale } = adapter;
    const rank = Math.max(...[...adapter.modules.values()].map(rankOf));
    for (const [path, module] of adapter.modules) {
      const name = mlxPath(path);
      const { magnitude, inFeatures, outFeatures } = module;
      const { a, b } = refit(adapter, module, { rank, scale });
      tensors.set(`${name}.lora_a`, float32Tensor(transpose(a, rank, inFeatures), [inFeatures, rank]));
      tensors.set(`${name}.lora_b`, float32Tensor(transpose(b, outFeatures, rank), [rank, outFeatures]));
      if (magnitude !== undefined) tensors.set(`${name}.m`, float32Tensor(magnitude, [outFeatures]));
    }
    const config = {
      fine_tune_type: adapter.method === 'dora' ? 'dora' : 'lora',
      lora_parameters: {
        dropout: adapter.dropout,
        keys: [...new Set([...adapter.modules.keys()].map(keyInLayer))].sort(),
        rank,
        scale,
      },
      model: adapter.baseModel,
      // How many of the last layers: all of them; -1 says the same where their number is not known.
      num_layers: base?.layers ?? -1,
    };
    const encoder = new TextEncoder();
    return new Map([
      [CONFIG_FILE, encoder.encode(`${JSON.stringify(config, null, 4)}\n`)],
      [WEIGHTS_FILE, writeSafetensors(tensors, { format: 'mlx' })],
      [CARD_FILE, encoder.encode(modelCard)],
    ]);
  },
};

function readMlx(files: AdapterFiles): LoraAdapter {
  const config = readConfig(files);
  const { tensors } = readSafetensors(files.get(WEIGHTS_FILE) ?? new Uint8Array(), WEIGHTS_FILE);
  const pairs = new Map<string, { a?: SafetensorsTensor; b?: SafetensorsTensor; m?: SafetensorsTensor }>();
  for (const [name, tensor] of tensors) {
    const [, path, factor] = /^(.+)\.(?:lora_)?(a|b|m)$/.exec(name) ?? [];
    if (path === undefined || (factor !== 'a' && factor !== 'b' && factor !== 'm')) {
      throw new WebLoraError('unsupported', `${WEIGHTS_FILE}: tensor ${name}`, {
        got: 'a tensor that is no LoRA factor',
        wanted: 'only ….lora_a, ….lora_b and, of DoRA, ….m',
        fix: 'fuse this adapter into its model with mlx_lm.fuse and open the model',
      });
    }
    const pair = pairs.get(path) ?? {};
    pair[factor] = tensor;
    pairs.set(path, pair);
  }
  const modules = new Map<string, LoraModule>();
  for (const [path, { a, b, m }] of pairs) {
    const [inFeatures = 0, rank = 0] = a?.shape ?? [];
    const [rankOfB = 0, outFeatures = 0] = b?.shape ?? [];
    if (
      a === undefined ||
      b === undefined ||
      a.shape.length !== 2 ||
      b.shape.length !== 2 ||
      rank !== rankOfB ||
      rank !== config.rank
    ) {
      throw new WebLoraError('bad-adapter', `${WEIGHTS_FILE}: ${path}`, {
        got: `lora_a ${shapeText(a)} and lora_b ${shapeText(b)}`,
        wanted: `[in, ${config.rank}] and [${config.rank}, out], as ${CONFIG_FILE} says`,
        fix: 'fetch the adapter again',
      });
    }
    const own = blockModulePath(path) ?? path;
    if (modules.has(own)) {
      throw new WebLoraError('bad-adapter', `${WEIGHTS_FILE}: ${own}`, {
        got: 'two modules that could be it',
        wanted: 'one',
        fix: 'fetch the adapter again',
      });
    }
    if ((config.method === 'dora') !== (m !== undefined) || (m !== undefined && m.shape.join() !== `${outFeatures}`)) {
      throw new WebLoraError('bad-adapter', `${WEIGHTS_FILE}: ${path}.m`, {
        got: shapeText(m),
        wanted: config.method === 'dora' ? `[${outFeatures}], DoRA's magnitude` : 'none, as fine_tune_type is lora',
        fix: 'fetch the adapter again',
      });
    }
    modules.set(own, {
      ...(m && { magnitude: tensorToFloat32(m, `${path}.m`) }),
      a: transpose(tensorToFloat32(a, `${path}.lora_a`), inFeatures, rank),
      b: transpose(tensorToFloat32(b, `${path}.lora_b`), rank, outFeatures),
      inFeatures,
      outFeatures,
    });
  }
  if (modules.size === 0) {
    throw new WebLoraError('bad-adapter', WEIGHTS_FILE, {
      got: 'no tensors',
      wanted: 'pairs of lora_a and lora_b',
      fix: 'fetch the adapter again',
    });
  }
  return {
    rank: config.rank,
    alpha: config.scale * config.rank,
    scale: config.scale,
    method: config.method,
    dropout: config.dropout,
    targetModules: shortNames(modules.keys()),
    baseModel: config.model,
    modules,
  };
}

interface MlxConfig {
  readonly method: 'lora' | 'dora';
  readonly rank: number;
  readonly scale: number;
  readonly dropout: number;
  readonly model: string;
}

function readConfig(files: AdapterFiles): MlxConfig {
  const bytes = files.get(CONFIG_FILE);
  if (bytes === undefined) {
    throw new WebLoraError('file-not-found', CONFIG_FILE, {
      got: [...files.keys()].sort().join(', '),
      wanted: `${CONFIG_FILE} beside ${WEIGHTS_FILE}`,
      fix: 'choose the whole folder that mlx_lm.lora wrote',
    });
  }
  const fault = (field: string, got: unknown, wanted: string): WebLoraError =>
    new WebLoraError('bad-adapter', `${CONFIG_FILE}: ${field}`, {
      got: JSON.stringify(got) ?? 'nothing',
      wanted,
      fix: 'fetch the adapter again',
    });
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new WebLoraError('bad-adapter', CONFIG_FILE, {
      got: 'text that is not JSON',
      wanted: 'a JSON object',
      fix: 'fetch the adapter again',
      cause,
    });
  }
  if (!isJsonObject(json)) throw fault('the file', json, 'a JSON object');
  const { fine_tune_type: kind = 'lora', use_dora: isDora = false, lora_parameters: parameters, model } = json;
  if (kind !== 'lora' && kind !== 'dora') {
    throw new WebLoraError('unsupported', `${CONFIG_FILE}: fine_tune_type`, {
      got: JSON.stringify(kind) ?? 'nothing',
      wanted: '"lora" or "dora"',
      fix: 'fuse it into its model with mlx_lm.fuse and open the model',
    });
  }
  if (!isJsonObject(parameters)) throw fault('lora_parameters', parameters, 'an object with rank and scale');
  const { rank, scale, dropout = 0 } = parameters;
  if (typeof rank !== 'number' || !Number.isInteger(rank) || rank < 1)
    throw fault('lora_parameters.rank', rank, 'a whole number from 1');
  if (typeof scale !== 'number' || !Number.isFinite(scale)) throw fault('lora_parameters.scale', scale, 'a number');
  if (typeof dropout !== 'number' || !(dropout >= 0 && dropout < 1))
    throw fault('lora_parameters.dropout', dropout, 'a number from 0 to below 1');
  const method = kind === 'dora' || isDora === true ? 'dora' : 'lora';
  return { method, rank, scale, dropout, model: typeof model === 'string' ? model : '' };
}

function mlxPath(path: string): string {
  return path.startsWith(GPT2_PATHS.transformers) ? GPT2_PATHS.mlx + path.slice(GPT2_PATHS.transformers.length) : path;
}

const LAYER_PATH = /^(?:model\.layers|transformer\.h)\.(\d+)\.(.+)$/;

/** What mlx-lm's `keys` name: the module's path inside its layer. */
function keyInLayer(path: string): string {
  return LAYER_PATH.exec(path)?.[2] ?? path;
}

/** [rows, cols] to [cols, rows]. */
function transpose(values: Float32Array, rows: number, cols: number): Float32Array {
  const turned = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let col = 0; col < cols; col++) turned[col * rows + row] = values[row * cols + col] ?? 0;
  return turned;
}

function shapeText(tensor: SafetensorsTensor | undefined): string {
  return tensor === undefined ? 'missing' : `[${tensor.shape.join(', ')}]`;
}
