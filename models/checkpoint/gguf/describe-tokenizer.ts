import { WebLoraError } from '../../../src/errors.ts';
import type { GgufMetadata, GgufMetadataValue } from '../../../src/formats/gguf-write.ts';
import type { ChatTokenizer } from '../../tokenizer/chat-tokenizer.ts';
import { byteSigns, PROBE_TEXTS } from '../../tokenizer/probe.ts';
import { loadTokenizer } from '../../tokenizer/tokenizer.ts';
import {
  findChatTemplate,
  parseObject,
  readAddedTokens,
  type TokenizerFiles,
} from '../../tokenizer/tokenizer-files.ts';
import { isJsonObject, type JsonObject } from '../../../src/json.ts';
import { GPT2_PATTERN, PRE_TOKENIZERS } from './pre-tokenizers.ts';
import { ggufTokenizerFiles, TOKEN } from './tokenizer.ts';

/** A tokenizer as a GGUF has it. */
export interface GgufTokenizer {
  readonly metadata: readonly (readonly [key: string, value: GgufMetadataValue])[];
  /** Where llama.cpp will cut texts otherwise. */
  readonly notes: readonly string[];
}

type Entries = Map<string, GgufMetadataValue>;

/**
 * The vocabulary, pre-tokenizer and chat template of a model as llama.cpp's converter writes them. It is read back and
 * held to the original on texts of every kind.
 * @param rows of the embedding: ids without a token get a name of their own
 * @throws `unsupported` for a kind of tokenizer that llama.cpp does not compute
 */
export function describeTokenizer(
  files: TokenizerFiles,
  tokenizer: ChatTokenizer,
  { rows, architecture }: { readonly rows: number; readonly architecture: string },
): GgufTokenizer {
  const json = parseObject('tokenizer.json', files.tokenizerJson);
  const { model } = json;
  const vocab =
    isJsonObject(model) && isJsonObject(model['vocab']) ? (model['vocab'] as Record<string, number>) : undefined;
  // Files of before tokenizers 0.9 do not name the type.
  const { type = 'BPE', merges: given } = isJsonObject(model) ? model : {};
  if (!isJsonObject(model) || type !== 'BPE' || !Array.isArray(given) || vocab === undefined)
    throw refusal(String(type), 'BPE');
  const isSentencePiece = model['byte_fallback'] === true;
  const entries: Entries = new Map();
  entries.set('general.architecture', text(architecture));
  entries.set('tokenizer.ggml.model', text(isSentencePiece ? 'llama' : 'gpt2'));
  const tokens = tokensOf(json, vocab, rows);
  entries.set('tokenizer.ggml.tokens', { type: 'array', of: 'string', value: tokens });
  entries.set('tokenizer.ggml.token_type', {
    type: 'array',
    of: 'i32',
    value: typesOf(json, tokens, tokenizer, isSentencePiece),
  });
  const merges = mergesOf(given);
  if (isSentencePiece) {
    entries.set('tokenizer.ggml.pre', text('default'));
    entries.set('tokenizer.ggml.scores', { type: 'array', of: 'f32', value: scoresOf(tokens, merges) });
  } else {
    entries.set('tokenizer.ggml.merges', { type: 'array', of: 'string', value: merges.map((pair) => pair.join(' ')) });
  }
  setSpecialTokens(entries, files, tokenizer, model['unk_token']);
  const template = findChatTemplate(files, configOf(files));
  if (template !== undefined) entries.set('tokenizer.chat_template', text(withoutMarks(template)));
  const notes = isSentencePiece ? chooseSpacePrefix(entries, tokenizer) : choosePreTokenizer(entries, json, tokenizer);
  entries.delete('general.architecture'); // the model's own entries have it
  return { metadata: [...entries], notes };
}

function tokensOf(json: JsonObject, vocab: Readonly<Record<string, number>>, rows: number): string[] {
  const tokens = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  for (const [token, id] of Object.entries(vocab)) tokens[id] = token;
  for (const { id, content } of readAddedTokens(json)) tokens[id] = content;
  return tokens.slice(0, Math.max(rows, 0));
}

function typesOf(
  json: JsonObject,
  tokens: readonly string[],
  tokenizer: ChatTokenizer,
  isSentencePiece: boolean,
): number[] {
  const special = new Set(tokenizer.specialTexts);
  const added = new Map(readAddedTokens(json).map((token) => [token.content, token]));
  const { unk_token: unknown } = json['model'] as JsonObject;
  return tokens.map((token, id) => {
    if (token === `[PAD${id}]`) return TOKEN.unused;
    if (isSentencePiece && token === unknown) return TOKEN.unknown;
    if (special.has(token)) return TOKEN.control;
    if (added.has(token)) return TOKEN.userDefined;
    return isSentencePiece && /^<0x[0-9A-F]{2}>$/.test(token) ? TOKEN.byte : TOKEN.normal;
  });
}

function mergesOf(given: readonly unknown[]): (readonly [string, string])[] {
  return given.map((merge) => {
    const [left = '', right = ''] = Array.isArray(merge) ? (merge as string[]) : String(merge).split(' ');
    return [left, right] as const;
  });
}

/** Pieces score by the place of the first merge that makes them; those that no merge makes come last. */
function scoresOf(tokens: readonly string[], merges: readonly (readonly [string, string])[]): number[] {
  const places = new Map<string, number>();
  for (const [at, [left, right]] of merges.entries())
    if (!places.has(left + right)) places.set(left + right, -(at + 1));
  return tokens.map((token) => places.get(token) ?? -(merges.length + 1));
}

/** Sets whether a text gets a space in front, by what comes back when it is read. */
function chooseSpacePrefix(entries: Entries, tokenizer: ChatTokenizer): string[] {
  const differences = comparison(entries, tokenizer);
  const key = 'tokenizer.ggml.add_space_prefix';
  const tried = [true, false].map((value) => ({ value, differing: differences(key, { type: 'bool', value }) }));
  const [best] = tried.sort((one, other) => one.differing.length - other.differing.length);
  entries.set(key, { type: 'bool', value: best?.value ?? true });
  return notesOf(best?.differing ?? [], 'SentencePiece');
}

function setSpecialTokens(entries: Entries, files: TokenizerFiles, tokenizer: ChatTokenizer, unknown: unknown): void {
  const id = (name: string, value: number | undefined): void => {
    if (value !== undefined) entries.set(`tokenizer.ggml.${name}_token_id`, { type: 'u32', value });
  };
  const { bosId, eosId, eosIds } = tokenizer;
  id('bos', bosId);
  id('eos', eosId);
  // llama.cpp has room for two more ends, and knows others by their texts.
  const [second, third] = eosIds.filter((each) => each !== eosId);
  id('eot', second);
  id('eom', third);
  const config = configOf(files);
  const named = (given: unknown): number | undefined => {
    const content = isJsonObject(given) ? given['content'] : given;
    if (typeof content !== 'string') return undefined;
    const ids = tokenizer.encode(content, { addSpecialTokens: false });
    return ids.length === 1 ? ids[0] : undefined;
  };
  id('padding', named(config['pad_token']));
  id('unknown', named(unknown));
  const around = tokenizer.encode('a');
  const bare = tokenizer.encode('a', { addSpecialTokens: false });
  entries.set('tokenizer.ggml.add_bos_token', { type: 'bool', value: bosId !== undefined && around[0] === bosId });
  entries.set('tokenizer.ggml.add_eos_token', {
    type: 'bool',
    value: around.length > bare.length && around.at(-1) === eosId,
  });
}

/** transformers' marks of what is trained mean nothing to llama.cpp: they become a condition that always holds. */
function withoutMarks(template: string): string {
  return template
    .replace(/\{%(-?)\s*generation\s*(-?)%\}/g, '{%$1 if true $2%}')
    .replace(/\{%(-?)\s*endgeneration\s*(-?)%\}/g, '{%$1 endif $2%}');
}

/** Sets `tokenizer.ggml.pre`: the name whose patterns are the tokenizer's, else the one that cuts most alike. */
function choosePreTokenizer(entries: Entries, json: JsonObject, tokenizer: ChatTokenizer): string[] {
  const cuts = patternsOf(json['pre_tokenizer']);
  if (cuts === undefined) throw refusal('a pre-tokenizer without byte-level pieces', 'byte-level BPE or SentencePiece');
  const names = Object.keys(PRE_TOKENIZERS);
  const same = names.filter((name) => PRE_TOKENIZERS[name]?.patterns.join('\n') === cuts.join('\n'));
  const differences = comparison(entries, tokenizer);
  let best: { readonly name: string; readonly differing: readonly string[] } | undefined;
  for (const name of same.length > 0 ? same : names) {
    const differing = differences('tokenizer.ggml.pre', text(name));
    if (best === undefined || differing.length < best.differing.length) best = { name, differing };
    if (differing.length === 0) break;
  }
  if (best === undefined) throw new WebLoraError('internal', 'no pre-tokenizers');
  entries.set('tokenizer.ggml.pre', text(best.name));
  return notesOf(best.differing, `its nearest way to cut texts, '${best.name}'`);
}

/** The patterns of a pre-tokenizer that ends in bytes, one after the other. */
function patternsOf(component: unknown): string[] | undefined {
  const steps = stepsOf(component);
  if (steps.every((step) => step['type'] !== 'ByteLevel')) return undefined;
  return steps.flatMap((step) => {
    const { type, pattern } = step;
    if (type === 'ByteLevel') return step['use_regex'] === false ? [] : [GPT2_PATTERN];
    if (type === 'Digits') return [step['individual_digits'] === true ? '\\p{N}' : '\\p{N}+'];
    return [isJsonObject(pattern) ? String(pattern['Regex'] ?? pattern['String']) : String(type)];
  });
}

function stepsOf(component: unknown): JsonObject[] {
  if (!isJsonObject(component)) return [];
  const inner = component['pretokenizers'];
  return Array.isArray(inner) ? inner.flatMap(stepsOf) : [component];
}

/**
 * Tells the texts whose tokens are others when what is written is read back with a key set; what a vocabulary cannot spell
 * is no test.
 */
function comparison(
  entries: Entries,
  original: ChatTokenizer,
): (key: string, value: GgufMetadataValue) => readonly string[] {
  const encode = (tokenizer: ChatTokenizer, probe: string): number[] =>
    tokenizer.encode(probe, { addSpecialTokens: false });
  const probes = PROBE_TEXTS.filter((probe) => original.keeps(probe));
  const wanted = new Map(probes.map((probe) => [probe, encode(original, probe).join()]));
  const { entries: few, ids } = onlyProbed(entries);
  return (key, value) => {
    const written = loadTokenizer(readBack(new Map([...few, [key, value]])));
    const read = (probe: string): string =>
      encode(written, probe)
        .map((id) => ids[id])
        .join();
    return probes.filter((probe) => read(probe) !== wanted.get(probe));
  };
}

/**
 * The vocabulary without the tokens and merges that no probe can need, so that a large one is not opened once for each way
 * to cut texts. On the probes it encodes as the whole one: a token is a piece of the text, and so are the pieces it is merged from.
 */
function onlyProbed(entries: Entries): { readonly entries: Entries; readonly ids: readonly number[] } {
  const texts = PROBE_TEXTS.flatMap((probe) => [probe, probe.normalize('NFC')]);
  const spelled =
    listOf(entries, 'merges') === undefined
      ? texts.map((probe) => `▁${probe}`.replaceAll(' ', '▁'))
      : texts.map(byteSigns);
  const all = spelled.join('\0');
  const tokens = listOf(entries, 'tokens') as readonly string[];
  const types = listOf(entries, 'token_type');
  const named = new Set([...entries].flatMap(([key, { value }]) => (key.endsWith('_token_id') ? [value] : [])));
  const isNeeded = (token: string, id: number): boolean => {
    const type = types?.[id];
    if (named.has(id) || (type !== TOKEN.normal && type !== TOKEN.unused)) return true;
    return type === TOKEN.normal && all.includes(token);
  };
  const ids = tokens.flatMap((token, id) => (isNeeded(token, id) ? [id] : []));
  const pieces = new Set(ids.map((id) => tokens[id]));
  const places = new Map(ids.map((id, place) => [id, place]));
  const few = [...entries].map(([key, given]): readonly [string, GgufMetadataValue] => {
    if (key.endsWith('_token_id'))
      return [key, { type: 'u32', value: places.get(Number(given.value)) ?? Number(given.value) }];
    if (given.type !== 'array') return [key, given];
    const value = key.endsWith('.merges')
      ? given.value.filter((pair) => pieces.has(String(pair).replace(' ', '')))
      : ids.map((id) => given.value[id]);
    return [key, { ...given, value } as GgufMetadataValue];
  });
  return { entries: new Map(few), ids };
}

function listOf(entries: Entries, name: string): readonly unknown[] | undefined {
  const given = entries.get(`tokenizer.ggml.${name}`);
  return given?.type === 'array' ? given.value : undefined;
}

function readBack(entries: GgufMetadata): TokenizerFiles {
  const metadata = new Map([...entries].map(([key, { value }]) => [key, value as never]));
  const files = ggufTokenizerFiles({ name: 'the written vocabulary', metadata });
  if (files === undefined) throw new WebLoraError('internal', 'a GGUF vocabulary that is none');
  return files;
}

/** Many texts cut otherwise make another tokenizer. @throws `unsupported` */
function notesOf(differing: readonly string[], by: string): string[] {
  const [first] = differing;
  if (first === undefined) return [];
  if (differing.length > PROBE_TEXTS.length / 4)
    throw refusal(`a vocabulary that ${by} cuts otherwise, for example ${JSON.stringify(first)}`, 'the same tokens');
  return [
    `llama.cpp has no pre-tokenizer that is this model's: ${by}, cuts ${differing.length} of ${PROBE_TEXTS.length} test texts otherwise, for example ${JSON.stringify(first)}`,
  ];
}

function configOf({ tokenizerConfig }: TokenizerFiles): JsonObject {
  return tokenizerConfig === undefined ? {} : parseObject('tokenizer_config.json', tokenizerConfig);
}

function text(value: string): GgufMetadataValue {
  return { type: 'string', value };
}

function refusal(got: string, wanted: string): WebLoraError {
  return new WebLoraError('unsupported', 'GGUF: the tokenizer', {
    got,
    wanted: `${wanted}, as llama.cpp has it`,
    fix: 'export the merged model as a folder of safetensors',
  });
}
