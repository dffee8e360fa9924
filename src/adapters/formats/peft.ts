import { WebLoraError } from '../../errors.ts';
import {
  float32Tensor,
  readSafetensors,
  tensorToFloat32,
  writeSafetensors,
  type SafetensorsTensor,
} from '../../formats/safetensors.ts';
import { adapterKind, partName } from '../../lora/kinds/index.ts';
import { rankOf, shortNames, type LoraAdapter, type LoraModule } from '../adapter.ts';
import { CARD_FILE, type AdapterFormat } from './format.ts';
import { formatPeftConfig, parsePeftConfig, PEFT_CONFIG_FILE, type PeftConfig } from './peft-config.ts';
import { readPeftNames, type FactorNames } from './peft-names.ts';

export const PEFT_WEIGHTS_FILE = 'adapter_model.safetensors';
/** Told apart to be refused. */
const PICKLE_FILE = 'adapter_model.bin';

const NAME_PREFIX = 'base_model.model.';

/** What Hugging Face PEFT saves and loads, and transformers with it. */
export const peft: AdapterFormat<'peft'> = {
  name: 'peft',
  label: 'PEFT folder',
  opens: 'transformers with PEFT, vLLM, Axolotl',
  layout: { kind: 'folder' },
  files: `${PEFT_CONFIG_FILE} and ${PEFT_WEIGHTS_FILE}`,
  needsBase: false,
  isFile: (name) => name === PEFT_CONFIG_FILE || name === PEFT_WEIGHTS_FILE || name === PICKLE_FILE,
  recognises: (files) => files.has(PEFT_CONFIG_FILE) || files.has(PEFT_WEIGHTS_FILE) || files.has(PICKLE_FILE),
  read: async (files) => readPeft(files),
  holds: ['a', 'b', 'magnitude'],
  write: writePeft,
};

export interface PeftExtras {
  /** Text of README.md. */
  readonly modelCard: string;
  /** Revision of the base model on the hub. */
  readonly revision?: string;
}

/** The files of a PEFT folder, as `PeftModel.from_pretrained` reads them: f32 tensors. Same adapter, same bytes. */
export function writePeft(adapter: LoraAdapter, extras: PeftExtras): Map<string, Uint8Array<ArrayBuffer>> {
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [path, module] of adapter.modules) {
    for (const part of adapterKind(adapter.method).parts) {
      const [rows, cols] = part.shape({ ...module, rank: rankOf(module) });
      const values = module[part.key] ?? new Float32Array();
      const shape = part.key === 'magnitude' ? [cols] : [rows, cols];
      tensors.set(`${NAME_PREFIX}${partName(path, part)}`, float32Tensor(values, shape));
    }
  }
  const encoder = new TextEncoder();
  return new Map([
    [PEFT_CONFIG_FILE, encoder.encode(formatPeftConfig(adapter, extras.revision ?? null))],
    [PEFT_WEIGHTS_FILE, writeSafetensors(tensors, { format: 'pt' })],
    [CARD_FILE, encoder.encode(extras.modelCard)],
  ]);
}

/**
 * Reads the files of a PEFT folder, by name. F32, F16, BF16 and F64 tensors become f32.
 * @throws WebLoraError `file-not-found`, `bad-file`, `bad-adapter` or `unsupported`, naming file and field or tensor
 */
export function readPeft(files: ReadonlyMap<string, Uint8Array>): LoraAdapter {
  const config = parsePeftConfig(new TextDecoder().decode(fileNamed(files, PEFT_CONFIG_FILE)));
  const { tensors } = readSafetensors(fileNamed(files, PEFT_WEIGHTS_FILE), PEFT_WEIGHTS_FILE);
  const names = readPeftNames(PEFT_WEIGHTS_FILE, tensors.keys());
  const modules = new Map<string, LoraModule>();
  for (const module of names.modules) modules.set(module.path, readModule(module, tensors, config));
  if (modules.size === 0) {
    throw badTensor('the file', 'no LoRA tensors', `tensors named ${NAME_PREFIX}….lora_A.weight`);
  }
  const { rank, alpha, method } = config;
  const notes = [...names.notes, ...config.notes(names.modules)];
  return {
    rank,
    alpha,
    scale: adapterKind(method).scale(alpha, rank),
    method,
    dropout: config.dropout,
    targetModules: config.hasSelectedLayers ? [...modules.keys()].sort() : shortNames(modules.keys()),
    baseModel: config.baseModel,
    modules,
    ...(notes.length > 0 && { notes }),
  };
}

function readModule(
  names: FactorNames,
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  config: PeftConfig,
): LoraModule {
  const { path } = names;
  const [A, B] = [names.A, names.B].map((name) => (name === undefined ? undefined : tensors.get(name)));
  if (A === undefined || B === undefined) {
    throw badTensor(path, `only lora_${A === undefined ? 'B' : 'A'}`, 'lora_A and lora_B');
  }
  if (A.shape.includes(0) || B.shape.includes(0)) {
    throw new WebLoraError('bad-adapter', `${PEFT_WEIGHTS_FILE}: ${path}`, {
      got: `lora_A [${A.shape.join(', ')}] and lora_B [${B.shape.join(', ')}], empty tensors as DeepSpeed ZeRO-3 leaves where it did not gather the weights`,
      wanted: 'factors with values',
      fix: 'save the adapter again with stage3_gather_16bit_weights_on_model_save, or from the weights that zero_to_fp32.py makes of the checkpoint',
    });
  }
  const { rank, alpha } = config.forModule(names);
  const [rankOfA, inFeatures, ...moreOfA] = A.shape;
  const [outFeatures, rankOfB, ...moreOfB] = B.shape;
  if (inFeatures === undefined || rankOfB === undefined || moreOfA.length + moreOfB.length > 0) {
    throw new WebLoraError('unsupported', `${PEFT_WEIGHTS_FILE}: ${path}`, {
      got: `lora_A [${A.shape.join(', ')}] and lora_B [${B.shape.join(', ')}]`,
      wanted: 'matrices, the factors of a linear module',
      fix: 'use an adapter without convolutions',
    });
  }
  if (rankOfA !== rank || rankOfB !== rank || outFeatures === undefined) {
    throw badTensor(
      path,
      `lora_A [${A.shape.join(', ')}] and lora_B [${B.shape.join(', ')}]`,
      `[${rank}, in] and [out, ${rank}] as ${PEFT_CONFIG_FILE} says`,
    );
  }
  return {
    ...(alpha !== config.alpha && { alpha }),
    inFeatures,
    outFeatures,
    a: finiteValues(`${path}.lora_A`, A),
    b: finiteValues(`${path}.lora_B`, B),
    ...readMagnitude(names, tensors, config, outFeatures),
  };
}

function readMagnitude(
  { path, magnitude: name }: FactorNames,
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  { method }: PeftConfig,
  outFeatures: number,
): Pick<LoraModule, 'magnitude'> {
  const tensor = name === undefined ? undefined : tensors.get(name);
  if ((method === 'dora') !== (tensor !== undefined)) {
    throw badTensor(
      path,
      tensor === undefined ? 'no lora_magnitude_vector' : 'a lora_magnitude_vector',
      `use_dora in ${PEFT_CONFIG_FILE} and the tensors to agree`,
    );
  }
  if (tensor === undefined) return {};
  // [out], or [1, out] as early releases wrote it.
  if (tensor.shape.at(-1) !== outFeatures || tensor.shape.slice(0, -1).some((size) => size !== 1))
    throw badTensor(`${path}.lora_magnitude_vector`, `[${tensor.shape.join(', ')}]`, `[${outFeatures}]`);
  return { magnitude: finiteValues(`${path}.lora_magnitude_vector`, tensor) };
}

/** Values of the adapter's own memory, not of the file's. */
function finiteValues(name: string, tensor: SafetensorsTensor): Float32Array {
  const values = tensorToFloat32(tensor, `${PEFT_WEIGHTS_FILE}: ${name}`).slice();
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw badTensor(name, `${String(values[at])} at element ${at}`, 'finite numbers');
  return values;
}

function fileNamed(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const bytes = files.get(name);
  if (bytes !== undefined) return bytes;
  if (name === PEFT_WEIGHTS_FILE && files.has(PICKLE_FILE)) {
    throw new WebLoraError('unsupported', PICKLE_FILE, {
      got: 'a pickle file, which can run code',
      wanted: PEFT_WEIGHTS_FILE,
      fix: 'save the adapter again in PEFT with safe_serialization=True',
    });
  }
  throw new WebLoraError('file-not-found', name, {
    got: [...files.keys()].sort().join(', ') || 'no files',
    wanted: `${PEFT_CONFIG_FILE} and ${PEFT_WEIGHTS_FILE}`,
    fix: 'choose the folder that PEFT saved',
  });
}

function badTensor(name: string, got: string, wanted: string): WebLoraError {
  return new WebLoraError('bad-adapter', `${PEFT_WEIGHTS_FILE}: ${name}`, {
    got,
    wanted,
    fix: 'fetch or export the adapter again',
  });
}
