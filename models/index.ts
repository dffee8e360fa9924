import { WebLoraError } from '../src/errors.ts';
import type { Model } from './family.ts';
import { makeLlama } from './llama/index.ts';

/** Families by `model_type`, as transformers writes it into config.json. */
const FAMILIES: Readonly<Record<string, (json: Readonly<Record<string, unknown>>) => Model>> = {
  llama: makeLlama,
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
      wanted: Object.keys(FAMILIES).join(' or '),
      fix: 'choose a model of a supported family',
    });
  }
  return make(json);
}
