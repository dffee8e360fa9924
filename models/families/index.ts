import { WebLoraError } from '../../src/errors.ts';
import type { Model } from './family.ts';
import { makeGemma3Text } from './gemma3_text/index.ts';
import { makeGpt2 } from './gpt2/index.ts';
import { makeLlama } from './llama/index.ts';
import { makeMistral } from './mistral/index.ts';
import { makePhi3 } from './phi3/index.ts';
import { makeQwen2 } from './qwen2/index.ts';
import { makeQwen3 } from './qwen3/index.ts';
import { makeSmolLm3 } from './smollm3/index.ts';

/** Families by `model_type`, as transformers writes it into config.json. */
const FAMILIES: ReadonlyMap<unknown, (json: Readonly<Record<string, unknown>>) => Model> = new Map([
  ['gemma3_text', makeGemma3Text],
  ['gpt2', makeGpt2],
  ['llama', makeLlama],
  ['mistral', makeMistral],
  ['phi3', makePhi3],
  ['qwen2', makeQwen2],
  ['qwen3', makeQwen3],
  ['smollm3', makeSmolLm3],
]);

/** Types that people take for one of the families. */
const NEAR_MISSES: ReadonlyMap<unknown, string> = new Map([['gemma3', ', a model of text and images']]);

/**
 * The model a parsed `config.json` describes.
 * @throws `unsupported` for a family that is not computed, `bad-model` for a contradicting configuration
 */
export function makeModel(json: Readonly<Record<string, unknown>>): Model {
  const type = json['model_type'];
  const make = FAMILIES.get(type);
  if (make === undefined) {
    throw new WebLoraError('unsupported', 'config.json: model_type', {
      got: `${JSON.stringify(type) ?? 'nothing'}${NEAR_MISSES.get(type) ?? ''}`,
      wanted: `one of ${[...FAMILIES.keys()].join(', ')}`,
      fix: 'choose a model of a supported family',
    });
  }
  return make(json);
}
