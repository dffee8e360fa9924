import { WebLoraError } from '../src/errors.ts';
import type { Model } from './family.ts';
import { makeLlama } from './llama/index.ts';
import { makeMistral } from './mistral/index.ts';
import { makeQwen2 } from './qwen2/index.ts';
import { makeQwen3 } from './qwen3/index.ts';
import { makeSmolLm3 } from './smollm3/index.ts';

/** Families by `model_type`, as transformers writes it into config.json. */
const FAMILIES: Readonly<Record<string, (json: Readonly<Record<string, unknown>>) => Model>> = {
  llama: makeLlama,
  mistral: makeMistral,
  qwen2: makeQwen2,
  qwen3: makeQwen3,
  smollm3: makeSmolLm3,
};

/**
 * The model a parsed `config.json` describes.
 * @throws `unsupported` for a family that is not computed, `bad-model` for a contradicting configuration
 */
export function makeModel(json: Readonly<Record<string, unknown>>): Model {
  const type = json['model_type'];
  const make = typeof type === 'string' ? FAMILIES[type] : undefined;
  if (make === undefined) {
    throw new WebLoraError('unsupported', 'config.json: model_type', {
      got: JSON.stringify(type) ?? 'nothing',
      wanted: `one of ${Object.keys(FAMILIES).join(', ')}`,
      fix: 'choose a model of a supported family',
    });
  }
  return make(json);
}
