import type { OpenModel } from '../../models/checkpoint/open-model.ts';
import type { BaseFormat } from '../formats/quantize.ts';
import type { ModelFacts } from './calls.ts';

/** What a page is told of a loaded model. */
export function modelFacts(
  { opened, format, context }: { readonly opened: OpenModel; readonly format: BaseFormat; readonly context: number },
  { id, weightsBytes }: Pick<ModelFacts, 'id' | 'weightsBytes'>,
): ModelFacts {
  const { shape, linearPaths } = opened.model;
  return {
    id,
    name: opened.name,
    family: shape.modelType,
    parameterCount: opened.parameterCount,
    base: format,
    context,
    vocabSize: shape.vocabSize,
    layers: shape.layers,
    hiddenSize: shape.hiddenSize,
    targets: [...new Set(linearPaths.map((path) => path.slice(path.lastIndexOf('.') + 1)))],
    ...(opened.recommendedLearningRate !== undefined && { recommendedLearningRate: opened.recommendedLearningRate }),
    notes: opened.notes,
    baseHash: opened.baseHash,
    weightsBytes,
  };
}
