import { WebLoraError } from '../../src/errors.ts';
import { isJsonObject, type JsonObject } from '../../src/json.ts';

/** The text of the files that a tokenizer comes in, by their Hugging Face names. */
export interface TokenizerFiles {
  readonly tokenizerJson: string; // tokenizer.json
  readonly tokenizerConfig?: string; // tokenizer_config.json
  readonly chatTemplate?: string; // chat_template.jinja, which wins over the one in tokenizer_config.json
  readonly generationConfig?: string; // generation_config.json
  readonly modelConfig?: string; // config.json
  readonly specialTokensMap?: string; // special_tokens_map.json
}

/** @throws WebLoraError 'bad-tokenizer' naming the file */
export function parseObject(file: string, text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new WebLoraError('bad-tokenizer', file, {
      got: text.startsWith('version https://git-lfs') ? 'a Git LFS pointer' : 'broken JSON',
      wanted: 'a JSON object',
      fix: 'download the file again',
      cause,
    });
  }
  if (isJsonObject(value)) return value;
  throw new WebLoraError('bad-tokenizer', file, {
    got: Array.isArray(value) ? 'a list' : typeof value,
    wanted: 'a JSON object',
    fix: 'download the file again',
  });
}

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

/** @throws WebLoraError 'bad-tokenizer' when an entry has no id or no text */
export function readAddedTokens(tokenizer: JsonObject): AddedToken[] {
  const list = tokenizer['added_tokens'] ?? [];
  if (!Array.isArray(list)) {
    throw new WebLoraError('bad-tokenizer', 'tokenizer.json: added_tokens', { got: typeof list, wanted: 'a list' });
  }
  return list.map((entry: unknown, i) => {
    const { id, content, special } = isJsonObject(entry) ? entry : {};
    if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && typeof content === 'string') {
      return { id, content, special: special === true };
    }
    throw new WebLoraError('bad-tokenizer', `tokenizer.json: added_tokens[${i}]`, {
      got: JSON.stringify(entry) ?? 'nothing',
      wanted: 'an id and its content',
      fix: 'download the file again',
    });
  });
}

/**
 * The chat template, if there is one: the file, or the entry of tokenizer_config.json; of a list, the one named "default".
 * @throws WebLoraError 'bad-tokenizer'
 */
export function findChatTemplate(files: TokenizerFiles, config: JsonObject): string | undefined {
  if (files.chatTemplate !== undefined) return files.chatTemplate;
  const given = config['chat_template'];
  if (given === undefined || given === null) return undefined;
  if (typeof given === 'string') return given;
  const list: unknown[] = Array.isArray(given) ? given : [];
  const named = list.filter(isJsonObject);
  const template = (named.find((entry) => entry['name'] === 'default') ?? named[0])?.['template'];
  if (typeof template === 'string') return template;
  throw new WebLoraError('bad-tokenizer', 'tokenizer_config.json: chat_template', {
    got: typeof given,
    wanted: 'a template, or a list of {name, template}',
  });
}
