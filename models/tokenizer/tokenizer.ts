import { Tokenizer } from '@huggingface/tokenizers';
import { WebLoraError } from '../../src/errors.ts';
import { regexCost } from '../../src/formats/regex-cost.ts';
import { phrase, setting } from '../../src/phrase.ts';
import { compileChatTemplate } from '../chat-template/chat-template.ts';
import { strftime } from '../chat-template/jinja/strftime.ts';
import { encodeSpans, endOfTurnLength } from '../chat-template/mask.ts';
import { leftOutWithoutTemplate, promptNotes, writeRow } from '../chat-template/row.ts';
import { findThinkingMarks, makeThinkingFilter, splitThinking } from '../chat-template/thinking.ts';
import type { RenderChat } from '../chat-template/chat-template.ts';
import type { ChatContext, ChatMessage, ChatTokenizer, ScoredTokens } from './chat-tokenizer.ts';
import { makeStreamDecoder } from './stream.ts';
import { endIdsOfConfigs, looksLikeControl, readSpecialTokens } from './end-tokens.ts';
import { probeTokenizer } from './probe.ts';
import { findChatTemplate, parseObject, readAddedTokens } from './tokenizer-files.ts';
import { isJsonObject, type JsonObject } from '../../src/json.ts';
import type { TokenizerFiles } from './tokenizer-files.ts';
import { repairUnigram } from './unigram.ts';

export type { ChatMessage, ChatTokenizer, ScoredTokens } from './chat-tokenizer.ts';
export type { TokenizerFiles } from './tokenizer-files.ts';

function openTokenizer(tokenizer: JsonObject, config: JsonObject): Tokenizer {
  const model = tokenizer['model'];
  if (!isJsonObject(model) || (!isJsonObject(model['vocab']) && !Array.isArray(model['vocab']))) {
    throw new WebLoraError('bad-tokenizer', 'tokenizer.json', {
      got: isJsonObject(model) ? 'a model without a vocabulary' : 'no model',
      wanted: 'a "model" with its "vocab"',
      fix: "use the model's own tokenizer.json",
    });
  }
  if (model['type'] === 'BPE' && !Array.isArray(model['merges'])) {
    throw new WebLoraError('bad-tokenizer', 'tokenizer.json', {
      got: 'a BPE model without merges',
      wanted: 'a "model" with its "merges"',
      fix: "use the model's own tokenizer.json",
    });
  }
  assertWholeIds(model['vocab']);
  assertBounded(tokenizer);
  const empty = { added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null };
  try {
    const opened = new Tokenizer({ ...empty, ...tokenizer }, config);
    if (opened.model !== null && Array.isArray(model['vocab'])) repairUnigram(opened.model, model);
    opened.encode('probe');
    return opened;
  } catch (cause) {
    throw new WebLoraError('bad-tokenizer', 'tokenizer.json', {
      got: (cause instanceof Error ? cause.message : String(cause)).replace(/\s+/g, ' '),
      wanted: 'a tokenizer that encodes a word',
      fix: "use the model's own tokenizer.json",
      cause,
    });
  }
}

const refused = (where: string, got: string, wanted: string): WebLoraError =>
  new WebLoraError('bad-tokenizer', `tokenizer.json: ${where}`, {
    got,
    wanted,
    fix: "use the model's own tokenizer.json",
  });

/** An id that is no whole number would become another token's. */
function assertWholeIds(vocab: unknown): void {
  if (!isJsonObject(vocab)) return;
  for (const [word, id] of Object.entries(vocab)) {
    if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < 2 ** 31) continue;
    throw refused(
      `vocab: ${JSON.stringify(word).slice(0, 40)}`,
      JSON.stringify(id).slice(0, 40),
      'a whole number as its id',
    );
  }
}

/** Times by which a tokenizer's replacements may lengthen a text. */
const MOST_GROWTH = 100;

/** @throws for patterns that may take time without end, and for replacements that make texts grow without bounds */
function assertBounded(tokenizer: JsonObject): void {
  let growth = 1;
  const visit = (node: unknown, where: string, depth: number): void => {
    if (depth > 20) throw refused(where, 'parts more than 20 deep in each other', 'a tokenizer');
    if (Array.isArray(node)) for (const [i, inner] of node.entries()) visit(inner, `${where}[${i}]`, depth + 1);
    if (!isJsonObject(node)) return;
    const { Regex: source, type, content, pattern } = node;
    const cost = typeof source === 'string' ? regexCost(source) : undefined;
    if (cost !== undefined)
      throw refused(where, `a regular expression that may never end: ${cost}`, 'one that reads a text once');
    if (type === 'Replace' && typeof content === 'string') {
      const replaced = isJsonObject(pattern) && typeof pattern['String'] === 'string' ? pattern['String'].length : 1;
      growth *= Math.max(1, content.length / Math.max(1, replaced));
      if (growth > MOST_GROWTH)
        throw refused(
          where,
          `replacements that make a text ${Math.round(growth)} times as long`,
          `at most ${MOST_GROWTH} times`,
        );
    }
    for (const [key, inner] of Object.entries(node)) visit(inner, `${where}.${key}`, depth + 1);
  };
  for (const part of ['normalizer', 'pre_tokenizer', 'decoder']) visit(tokenizer[part], part, 0);
}

/** The vocabulary of tokenizer.json's model, without its added tokens. */
function wordIds({ model }: JsonObject): ReadonlyMap<string, number> {
  const vocab = isJsonObject(model) ? model['vocab'] : undefined;
  // Unigram: a list of [piece, score] by id.
  if (Array.isArray(vocab)) return new Map(vocab.map((entry: unknown, id) => [String((entry as unknown[])[0]), id]));
  return new Map(isJsonObject(vocab) ? Object.entries(vocab as Record<string, number>) : []);
}

/**
 * tokenizer.json with the special tokens that only the other files know. As in transformers, a token that
 * tokenizer_config.json or special_tokens_map.json calls special is one token wherever it is spelled, be it listed among
 * tokenizer.json's added tokens or not.
 */
function withSpecialTokens(
  tokenizer: JsonObject,
  words: ReadonlyMap<string, number>,
  { config, map, endIds }: { config: JsonObject; map: JsonObject; endIds: readonly number[] },
): JsonObject {
  const added = readAddedTokens(tokenizer);
  const known = new Set(added.map(({ content }) => content));
  const taken = new Set(added.map(({ id }) => id));
  const more: object[] = [];
  const add = (id: number | undefined, content: string, flags: JsonObject): void => {
    if (id === undefined || known.has(content) || taken.has(id)) return;
    known.add(content);
    taken.add(id);
    more.push({ single_word: false, lstrip: false, rstrip: false, normalized: false, ...flags, id, content });
  };
  const decoder = config['added_tokens_decoder'];
  const sizeOfWords = words.size;
  for (const [key, entry] of Object.entries(isJsonObject(decoder) ? decoder : {})) {
    const content = isJsonObject(entry) ? entry['content'] : undefined;
    if (!isJsonObject(entry) || typeof content !== 'string') continue;
    // A new token comes behind the vocabulary; one that contradicts it is left to tokenizer.json.
    const id = words.get(content) ?? (Number(key) >= sizeOfWords ? Number(key) : undefined);
    if (id === Number(key)) add(id, content, entry);
  }
  const named = Object.values(readSpecialTokens(config, map));
  const additional = [config, map].flatMap((source) => {
    const list = source['additional_special_tokens'];
    return Array.isArray(list) ? list.map((entry: unknown) => (isJsonObject(entry) ? entry['content'] : entry)) : [];
  });
  for (const text of [...named, ...additional]) {
    if (typeof text === 'string') add(words.get(text), text, { special: true });
  }
  const ends = new Set(endIds);
  for (const [text, id] of words) if (ends.has(id) && looksLikeControl(text)) add(id, text, { special: true });
  if (more.length === 0) return tokenizer;
  return { ...tokenizer, added_tokens: [...((tokenizer['added_tokens'] ?? []) as object[]), ...more] };
}

const DAY = 24 * 60 * 60 * 1000; // ms

const NO_END =
  'no end of an answer is known: no eos_token_id in generation_config.json or config.json, no eos_token in ' +
  'tokenizer_config.json or special_tokens_map.json; what is trained has no end, and answers stop only where they are as long as they may be';

const CROSSED =
  'the first token of an answer begins within its prompt, so that the prompt alone has other tokens than the row; ' +
  'an answer that begins with a space or a line break does this, or a prompt that ends in one';

/** What the tokenizer itself sets around a text. */
function specialsAround(tokenizer: Tokenizer): {
  readonly before: readonly number[];
  readonly after: readonly number[];
} {
  const plain = tokenizer.encode('a', { add_special_tokens: false }).ids;
  const all = tokenizer.encode('a').ids;
  for (let at = 0; at + plain.length <= all.length; at++) {
    if (plain.every((id, i) => all[at + i] === id))
      return { before: all.slice(0, at), after: all.slice(at + plain.length) };
  }
  return { before: [], after: [] };
}

const ANSWER = 'qxzAnswerqxz';

/** A question and an answer as a template writes them. Templates that refuse this say nothing. */
function sampleRow(render: RenderChat): string | undefined {
  try {
    return render([
      { role: 'user', content: 'a' },
      { role: 'assistant', content: ANSWER },
    ]);
  } catch (thrown) {
    if (thrown instanceof WebLoraError) return undefined;
    throw thrown;
  }
}

/** The token a template ends an answer with, found by rendering one. */
function endOfTurnToken(sample: string, specialTexts: readonly string[]): string | undefined {
  const at = sample.indexOf(ANSWER);
  if (at < 0) return undefined;
  const tail = sample.slice(at + ANSWER.length);
  return tail.slice(0, endOfTurnLength(tail, specialTexts)).trim() || undefined;
}

/**
 * Opens a tokenizer and its chat template.
 * @param options.now what templates that write the date take as today (default: the current time)
 * @throws WebLoraError 'bad-tokenizer' naming the file and what is wrong with it
 */
export function loadTokenizer(files: TokenizerFiles, options: { readonly now?: Date } = {}): ChatTokenizer {
  const optional = (file: string, text: string | undefined): JsonObject =>
    text === undefined ? {} : parseObject(file, text);
  const config = optional('tokenizer_config.json', files.tokenizerConfig);
  const map = optional('special_tokens_map.json', files.specialTokensMap);
  const configured = endIdsOfConfigs(
    optional('generation_config.json', files.generationConfig),
    optional('config.json', files.modelConfig),
  );
  const given = parseObject('tokenizer.json', files.tokenizerJson);
  const words = wordIds(given);
  const json = withSpecialTokens(given, words, { config, map, endIds: configured });
  const added = readAddedTokens(json);
  const tokenizer = openTokenizer(json, config);
  const addedTexts = new Set(added.map(({ content }) => content));
  let vocabSize = 0;
  for (const [text, id] of words) if (id >= vocabSize && !addedTexts.has(text)) vocabSize = id + 1;
  const specialTokens = readSpecialTokens(config, map);
  const notes: string[] = [];

  const idOf = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : tokenizer.token_to_id(text);
  const bosId = idOf(specialTokens['bos_token']) ?? specialsAround(tokenizer).before[0];
  const namedEos = specialTokens['eos_token'];
  if (namedEos !== undefined && idOf(namedEos) === undefined) {
    notes.push(`the tokenizer has no token ${JSON.stringify(namedEos)}, which its files name as eos_token`);
  }
  const endIds = configured.filter((id) => tokenizer.id_to_token(id) !== undefined);
  if (endIds.length < configured.length) {
    const unknown = configured.filter((id) => !endIds.includes(id)).join(', ');
    notes.push(`eos_token_id ${unknown} of the model's configuration is no token of its tokenizer, and is not used`);
  }
  const eosId = idOf(namedEos) ?? endIds[0];
  const specialTexts = added.filter((token) => token.special).map((token) => token.content);

  const template = findChatTemplate(files, config);
  const now = options.now ?? new Date();
  const compiled = (at: Date): RenderChat | undefined =>
    template === undefined ? undefined : compileChatTemplate(template, { specialTokens, now: at });
  const render = compiled(now);
  const sample = render && sampleRow(render);
  const turnEndId = sample === undefined ? undefined : idOf(endOfTurnToken(sample, specialTexts));
  const otherDay =
    template?.includes('strftime_now') === true ? compiled(new Date(now.getTime() + 400 * DAY)) : undefined;
  if (otherDay !== undefined && sampleRow(otherDay) !== sample) {
    notes.push(
      `the chat template writes the date: rows are trained with that of today, ${strftime(now, '%Y-%m-%d')}, ` +
        'and prompts of other days have another',
    );
  }
  const eosIds = new Set([eosId, turnEndId, ...endIds].filter((id) => id !== undefined));
  if (eosIds.size === 0) notes.push(NO_END);

  const plain = (text: string): number[] => {
    // The types promise numbers; a character outside the vocabulary of a tokenizer without <unk> comes as undefined.
    const raw: (number | undefined)[] = tokenizer.encode(text, { add_special_tokens: false }).ids;
    return raw.filter((id) => id !== undefined);
  };
  const around = specialsAround(tokenizer);
  const encode: ChatTokenizer['encode'] = (text, { addSpecialTokens = true } = {}) => {
    const ids = plain(text);
    if (addSpecialTokens === false) return ids;
    const isBosThere = bosId !== undefined && around.before.at(-1) === bosId && ids[0] === bosId;
    const before = isBosThere ? around.before.slice(0, -1) : around.before;
    return [...before, ...ids, ...(addSpecialTokens === 'start' ? [] : around.after)];
  };
  const decode: ChatTokenizer['decode'] = (ids, { skipSpecialTokens = false } = {}) => {
    // Models have rows beyond the tokenizer's vocabulary, as padding; they stand for no text.
    const known = Array.from(ids).filter((id) => tokenizer.id_to_token(id) !== undefined);
    if (known.length === 0) return '';
    // Tidying spaces would change what the model said: " ," is not ",".
    return tokenizer.decode(known, { skip_special_tokens: skipSpecialTokens, clean_up_tokenization_spaces: false });
  };
  const codec = { encode: (text: string) => encode(text, { addSpecialTokens: false }), decode };
  const eosText = eosId === undefined ? undefined : tokenizer.id_to_token(eosId);
  if (eosText !== undefined && (eosText === namedEos || looksLikeControl(eosText))) {
    const spelled = codec.encode(eosText);
    if (spelled.length !== 1 || spelled[0] !== eosId) {
      throw new WebLoraError('bad-tokenizer', `tokenizer.json: ${JSON.stringify(eosText)}, the end of a text`, {
        got: `the ids ${spelled.join(', ')}`,
        wanted: `[${eosId}]`,
        fix: "use the model's own tokenizer.json",
      });
    }
  }
  const endTexts = [...eosIds].flatMap((id) => tokenizer.id_to_token(id) ?? []);
  const probed = probeTokenizer(json, { ...codec, hasToken: (token) => words.has(token) });
  notes.push(...probed.notes);
  const marks = render === undefined || template === undefined ? undefined : findThinkingMarks(template, render);

  // The text that is encoded does not spell BOS, so what is compared with it must not either.
  const decodeAfterBos = (ids: readonly number[]): string => decode(ids[0] === bosId ? ids.slice(1) : ids);
  const verbatim = (messages: readonly ChatMessage[], context: ChatContext = {}): ScoredTokens => {
    const all = { ids: [] as number[], scored: [] as boolean[] };
    const notes = new Set(leftOutWithoutTemplate(messages, context));
    let prompt = '';
    const say = (answer: string, isScored: boolean): void => {
      const addSpecialTokens = all.ids.length === 0 ? 'start' : false;
      const piece = encodeSpans(
        { encode: (text) => encode(text, { addSpecialTokens }), decode: decodeAfterBos },
        prompt + answer,
        isScored ? [{ start: prompt.length, end: prompt.length + answer.length }] : [],
      );
      if (piece.crossed) notes.add(CROSSED);
      // Not push(...ids): a long row has more tokens than a call may have arguments.
      for (const id of piece.ids) all.ids.push(id);
      for (const isTaught of piece.scored) all.scored.push(isTaught);
      prompt = '';
    };
    for (const message of messages) {
      if (message.role !== 'assistant') {
        prompt += (prompt === '' ? '' : '\n\n') + message.content;
        continue;
      }
      const isScored = message.scored !== false;
      say(message.content, isScored);
      if (eosId === undefined) continue;
      if (all.ids.at(-1) === eosId) all.scored[all.ids.length - 1] = isScored;
      else {
        all.ids.push(eosId);
        all.scored.push(isScored);
      }
    }
    if (prompt !== '') say('', false);
    return { ...all, notes: [...notes] };
  };

  const renderChat: ChatTokenizer['renderChat'] = (messages, settings) => {
    if (render !== undefined) return render(messages, settings);
    throw new WebLoraError('bad-tokenizer', 'chat template', {
      got: 'none',
      wanted: 'chat_template.jinja, or chat_template in tokenizer_config.json',
      fix: phrase`use ${setting('raw')}, or add the template to the model folder`,
    });
  };

  return {
    vocabSize,
    notes,
    ...(bosId === undefined ? {} : { bosId }),
    ...(eosId === undefined ? {} : { eosId }),
    eosIds: [...eosIds],
    hasChatTemplate: render !== undefined,
    specialTexts: [...new Set(specialTexts)],
    encode,
    decode,
    streamDecoder: () => makeStreamDecoder((ids) => decode(ids, { skipSpecialTokens: true })),
    renderChat,
    encodePrompt: (messages, context = {}) =>
      render === undefined
        ? verbatim(messages, context).ids
        : codec.encode(render(messages, { ...context, addGenerationPrompt: true })),
    promptNotes(messages, context = {}) {
      if (render === undefined) return [...new Set(leftOutWithoutTemplate(messages, context))];
      const text = render(messages, { ...context, addGenerationPrompt: true });
      return promptNotes({ render, context, specialTexts, endTexts }, messages, text);
    },
    encodeConversation(messages, { scoreAll = false, ...context } = {}) {
      // Of everything, what is found are the turns that are only read.
      const isLeftOut = (message: ChatMessage): boolean => message.scored === false;
      let row: ScoredTokens;
      if (render === undefined) {
        const others = messages.map((message) => ({ ...message, scored: isLeftOut(message) }));
        row = verbatim(scoreAll ? others : messages, context);
      } else {
        const source = { render, context, specialTexts, endTexts };
        const { text, spans, notes } = writeRow(source, messages, scoreAll ? isLeftOut : undefined);
        const { ids, scored, crossed } = encodeSpans(codec, text, spans);
        row = { ids, scored, notes: crossed ? [...notes, CROSSED] : notes };
      }
      return scoreAll ? { ...row, scored: row.scored.map((isOut) => !isOut) } : row;
    },
    splitAnswer: (said) => splitThinking(marks, said),
    answerFilter: () => makeThinkingFilter(marks),
    keeps: (text) => probed.lost.length === 0 || decode(plain(text)) === text,
  };
}
