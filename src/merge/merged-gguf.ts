import { describeForGguf } from '../../models/checkpoint/gguf/describe.ts';
import { describeTokenizer } from '../../models/checkpoint/gguf/describe-tokenizer.ts';
import { tensorSource, type TensorSource } from '../../models/checkpoint/gguf/tensors.ts';
import type { OpenModel } from '../../models/checkpoint/model-files.ts';
import type { WeightSpec } from '../../models/families/family.ts';
import { WebLoraError } from '../errors.ts';
import { encodeGguf, GGUF_FILE_TYPES, QUANTISATION_VERSION, type WrittenGgufType } from '../formats/gguf-encode.ts';
import { ggufHeader, ggufPaddedBytes, type GgufMetadataValue, type GgufTensorPlan } from '../formats/gguf-write.ts';
import { permuteRows } from '../formats/head-rows.ts';
import type { MergedFormat, MergedModel, MergeRequest } from './format.ts';
import { mergedRows } from './merged-weights.ts';
import { ExportProgress } from './progress.ts';
import type { ModelSink } from './sink.ts';

/** One file for llama.cpp and everything built on it: weights, configuration, tokenizer and chat template. */
export const mergedGguf: MergedFormat<'merged-gguf'> = {
  name: 'merged-gguf',
  label: 'Merged GGUF',
  opens: 'llama.cpp, Ollama, LM Studio, llama.rn, wllama',
  layout: { kind: 'file', extension: '.gguf' },
  files: 'one .gguf with the whole model',
  write: writeMergedGguf,
};

interface Planned extends GgufTensorPlan {
  readonly type: WrittenGgufType;
  readonly source: TensorSource;
  readonly spec: WeightSpec;
}

async function writeMergedGguf(request: MergeRequest, sink: ModelSink, fileName: string): Promise<MergedModel> {
  const { opened, type = 'F16', adapter } = request;
  const { model, origin } = opened;
  const { metadata: own, ropeTensors, notes } = describeForGguf(model, origin.config);
  const tokenizer = tokenizerOf(opened, own);
  const tensors = model.weights.map((spec) => planOf(opened, spec, type));
  const ropePlans = ropeTensors.map(({ name, values }) => ({
    plan: { name, shape: [values.length], type: 'F32' } as const,
    values,
  }));
  const metadata = new Map<string, GgufMetadataValue>([
    ...own,
    ['general.type', { type: 'string', value: 'model' }],
    ['general.name', { type: 'string', value: fileName.replace(/\.gguf$/i, '') }],
    ['general.file_type', { type: 'u32', value: GGUF_FILE_TYPES[type] }],
    ...(type.startsWith('Q')
      ? [['general.quantization_version', { type: 'u32', value: QUANTISATION_VERSION }] as const]
      : []),
    ['general.base_model.count', { type: 'u32', value: 1 }],
    ['general.base_model.0.name', { type: 'string', value: adapter.baseModel || opened.name }],
    ...(tokenizer?.metadata ?? []),
  ]);
  const header = ggufHeader(metadata, [...ropePlans.map(({ plan }) => plan), ...tensors]);
  const bytesOf = (plans: readonly GgufTensorPlan[]): number =>
    plans.reduce((sum, plan) => sum + ggufPaddedBytes(plan), 0);
  const totalBytes = header.byteLength + bytesOf(ropePlans.map(({ plan }) => plan)) + bytesOf(tensors);
  const progress = new ExportProgress(request, totalBytes);
  const file = await sink.open(fileName);
  await progress.write(file, header);
  const pad = async (plan: GgufTensorPlan, written: number): Promise<void> => {
    const padding = ggufPaddedBytes(plan) - written;
    if (padding > 0) await progress.write(file, new Uint8Array(padding));
  };
  for (const { plan, values } of ropePlans) {
    const bytes = encodeGguf('F32', values, 1, values.length, plan.name);
    await progress.write(file, bytes);
    await pad(plan, bytes.byteLength);
  }
  for (const planned of tensors) {
    let written = 0;
    for await (const bytes of encodedRows(request, planned)) {
      await progress.write(file, bytes);
      written += bytes.byteLength;
    }
    await pad(planned, written);
  }
  await file.close();
  return { files: [fileName], bytes: progress.bytes, notes: [...notes, ...(tokenizer?.notes ?? [])] };
}

function tokenizerOf(
  opened: OpenModel,
  own: readonly (readonly [string, GgufMetadataValue])[],
): ReturnType<typeof describeTokenizer> | undefined {
  const { tokenizerFiles } = opened.origin;
  if (tokenizerFiles === undefined) {
    return {
      metadata: [['tokenizer.ggml.model', { type: 'string', value: 'no_vocab' }]],
      notes: ['the model has no tokenizer, so the file has none: llama.cpp takes token ids only'],
    };
  }
  const architecture = new Map(own).get('general.architecture')?.value;
  return describeTokenizer(tokenizerFiles, opened.tokenizer(), {
    rows: opened.model.shape.vocabSize,
    architecture: String(architecture),
  });
}

function planOf(opened: OpenModel, spec: WeightSpec, type: WrittenGgufType): Planned {
  const { model } = opened;
  const source = tensorSource(model.shape, spec.name);
  if (source === undefined) throw new WebLoraError('internal', `no GGUF name for ${spec.name}`);
  return { name: source.ggufName, shape: spec.shape, type: typeOf(spec, type, model.headName), source, spec };
}

/** As llama.cpp's converter has it: vectors and positions in F32, and rows that are no whole blocks in F16. */
function typeOf({ kind, shape, name }: WeightSpec, type: WrittenGgufType, headName: string): WrittenGgufType {
  if (kind !== 'matrix') return 'F32';
  const [, cols = 0] = shape;
  if (type.startsWith('Q') && cols % 32 !== 0) return 'F16';
  // The head decides every word: its rows keep eight bits where others have four.
  return type === 'Q4_0' && name === headName ? 'Q8_0' : type;
}

async function* encodedRows(request: MergeRequest, planned: Planned): AsyncGenerator<Uint8Array, void, undefined> {
  const { spec, type, source, name } = planned;
  const { undo } = source;
  const [rows = 0] = spec.shape;
  const cols = spec.shape[1] ?? rows;
  if (spec.kind === 'vector') {
    for await (const { values } of mergedRows(request, spec)) {
      const moved =
        undo.kind === 'unpermute'
          ? permuteRows(values, rows, undo.heads)
          : undo.kind === 'minus-one'
            ? values.map((value) => value + 1)
            : values;
      yield encodeGguf(type, moved, 1, cols, name);
    }
    return;
  }
  // Rows move within their head only.
  const headDim = undo.kind === 'unpermute' ? rows / undo.heads : 1;
  for await (const part of mergedRows(request, spec, headDim)) {
    const values = undo.kind === 'unpermute' ? permuteRows(part.values, part.rows, part.rows / headDim) : part.values;
    yield encodeGguf(type, values, part.rows, cols, name);
  }
}
