import { WebLoraError } from '../../src/errors.ts';
import { isJsonObject, type JsonObject } from '../../src/json.ts';

/** `eos_token_id` of a file: none, one or several. A configuration of several parts keeps it with its text model. */
function readEosIds(file: string, config: JsonObject): number[] {
  const text = config['text_config'];
  const given = config['eos_token_id'] ?? (isJsonObject(text) ? text['eos_token_id'] : undefined) ?? [];
  const list: unknown[] = Array.isArray(given) ? given : [given];
  return list.map((id) => {
    if (typeof id === 'number' && Number.isInteger(id) && id >= 0) return id;
    throw new WebLoraError('bad-tokenizer', `${file}: eos_token_id`, {
      got: JSON.stringify(given) ?? 'nothing',
      wanted: 'a token id or a list of them',
    });
  });
}

/**
 * The ids that end an answer as transformers finds them: generation_config.json's, and where it has none those of
 * config.json, from which transformers then builds one (`GenerationConfig.from_model_config`).
 * @throws WebLoraError 'bad-tokenizer'
 */
export function endIdsOfConfigs(generation: JsonObject, model: JsonObject): number[] {
  const ids = readEosIds('generation_config.json', generation);
  return ids.length > 0 ? ids : readEosIds('config.json', model);
}

const SPECIAL_NAMES = ['bos_token', 'eos_token', 'unk_token', 'pad_token', 'sep_token', 'cls_token', 'mask_token'];

/**
 * `bos_token` and its like, each a text or an object with the text as `content`. As in transformers, an older
 * repository's special_tokens_map.json wins unless tokenizer_config.json lists its added tokens; it fills gaps always.
 */
export function readSpecialTokens(config: JsonObject, map: JsonObject): Record<string, string> {
  const tokens: Record<string, string> = {};
  const sources = isJsonObject(config['added_tokens_decoder']) ? [config, map] : [map, config];
  for (const name of SPECIAL_NAMES) {
    for (const source of sources) {
      const value = source[name];
      const text = isJsonObject(value) ? value['content'] : value;
      if (typeof text !== 'string' || text === '') continue;
      tokens[name] = text;
      break;
    }
  }
  return tokens;
}

/** Texts that only ever stand for a control token: `<|im_end|>`, `<end_of_turn>`, `</s>`, `[INST]`. */
const CONTROL_LOOK =
  /^(?:<\|[^\s|<>]+\|>|<\uff5c[^\s<>]+\uff5c>|<\/?(?:s|bos|eos|pad|unk)>|<(?:start|end)_of_[a-z_]+>|_?<EOT>|\[\/?INST\])$/;

/** Whether a token's text looks like a control token's, whatever type a file gives it. */
export function looksLikeControl(text: string): boolean {
  return CONTROL_LOOK.test(text);
}
