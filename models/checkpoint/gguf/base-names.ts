import type { BaseNames, ModuleNames } from '../../../src/adapters/formats/index.ts';
import { WebLoraError } from '../../../src/errors.ts';
import type { Model } from '../../families/family.ts';
import { tensorSource } from './tensors.ts';

/** `model_type` to `general.architecture`, where they differ. */
const ARCHITECTURES: Readonly<Record<string, string>> = { mistral: 'llama', gemma3_text: 'gemma3' };

/** llama.cpp's name of a family. */
export function ggufArchitecture(modelType: string): string {
  return ARCHITECTURES[modelType] ?? modelType;
}

/** How llama.cpp names and orders the linear layers of a model. */
export function baseNamesOf({ shape, linearPaths }: Model): BaseNames {
  const modules = new Map<string, ModuleNames>();
  for (const path of linearPaths) {
    const source = tensorSource(shape, `${path}.weight`);
    if (source === undefined) throw new WebLoraError('internal', `no GGUF name for ${path} of ${shape.modelType}`);
    const { ggufName, undo } = source;
    modules.set(path, { ggufName, ...(undo.kind === 'unpermute' && { permutedHeads: undo.heads }) });
  }
  return { ggufArchitecture: ggufArchitecture(shape.modelType), layers: shape.layers, modules };
}
