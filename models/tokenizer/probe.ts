import { WebLoraError } from '../../src/errors.ts';
import { isJsonObject, type JsonObject } from '../../src/json.ts';

/** A text of every kind that people write. */
const PROBES: readonly (readonly [kind: string, text: string])[] = [
  ['Latin letters', 'Hello, world. Is it "ok" - or not?'],
  ['digits', 'No 0123456789, 3.14 and 1,000,000'],
  ['capitals', 'ABC Def XYZ'],
  ['accents', 'd\u00e9j\u00e0 vu na\u00efve \u00dcbung stra\u00dfe'],
  ['combining accents', 'cafe\u0301 o\u0308'],
  ['Cyrillic and Greek', '\u041f\u0440\u0438\u0432\u0435\u0442 \u03b3\u03b5\u03b9\u03ac'],
  ['right-to-left scripts', '\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd'],
  ['Chinese, Japanese and Korean', '\u65e5\u672c\u8a9e \u6f22\u5b57 \u304b\u306a \ud55c\uad6d\uc5b4'],
  ['emoji', 'ok \u2615 \ud83d\udc4b\ud83c\udffd \ud83d\udc69\u200d\ud83d\udc67'],
  ['typographic signs', '\u201cquoted\u201d \u2013 \u2026 \u20ac \ufb01'],
  ['line breaks', 'one\ntwo\n\nthree\r\nfour'],
  ['tabs', 'a\tb\t\tc'],
  ['runs of spaces', 'if x:\n    y  =   1'],
];

/** The probes, and what tokenizers cut in ways of their own: contractions, quotes, code, runs of signs and digits. */
export const PROBE_TEXTS: readonly string[] = [
  ...PROBES.map(([, text]) => text),
  "I can't say they're wrong; we'll see what she's done, and I'd've asked.",
  "WE'RE, YOU'LL, IT'S",
  "'Twas said: 'tis the end of 'this'.",
  "'this'\n'that'",
  'for (let i = 0; i < n; i++) { a[i] += 2 ** i; } // done',
  '{"name": "Anna-Maria", "age": 42, "tags": ["x_y", "z.w"]}',
  'https://example.org/a/b?c=d&e=1#top and me@example.org',
  '3,141.59 12:30:05 1st 2nd x2 v1.2.3 007',
  'HTTPServer getValue snake_case kebab-case CamelCaseWord',
  '!!! ... ??? --- *** ___ $$$ %%% &&&',
  ' leading and trailing ',
  'tab\tand newline\n\n\n   indented',
];

/** Steps of a normalizer that change a text for good, by design. */
const CHANGING = new Set([
  ...['NFD', 'NFKC', 'NFKD', 'Nmt', 'Precompiled', 'BertNormalizer'],
  ...['Lowercase', 'StripAccents', 'Strip', 'Replace'],
]);

const isSpaceSign = (step: JsonObject): boolean =>
  step['type'] === 'Replace' && isJsonObject(step['pattern']) && step['pattern']['String'] === ' ';

function stepsOf(component: unknown, list: string): JsonObject[] {
  if (!isJsonObject(component)) return [];
  const inner = component[list];
  return Array.isArray(inner) ? inner.flatMap((step: unknown) => stepsOf(step, list)) : [component];
}

/** Whether the vocabulary has all 256 bytes, so that it can spell any text. */
function spellsEverything(tokenizer: JsonObject, hasToken: (token: string) => boolean): boolean {
  const model = tokenizer['model'];
  if (!isJsonObject(model)) return false;
  const all = (token: (byte: number) => string): boolean =>
    Array.from({ length: 256 }, (_, byte) => hasToken(token(byte))).every(Boolean);
  if (model['byte_fallback'] === true) return all((byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  const isByteLevel = [
    ...stepsOf(tokenizer['pre_tokenizer'], 'pretokenizers'),
    ...stepsOf(tokenizer['normalizer'], 'normalizers'),
  ].some((step) => step['type'] === 'ByteLevel');
  return isByteLevel && BYTE_SIGNS.every(hasToken);
}

/** GPT-2's printable stand-ins for the 256 bytes. */
const BYTE_SIGNS: readonly string[] = (() => {
  const isPrintable = (b: number): boolean => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  let spare = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(isPrintable(b) ? b : spare++));
})();

/** A text as byte-level vocabularies spell it. */
export function byteSigns(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => BYTE_SIGNS[byte]).join('');
}

/**
 * Encodes and decodes a text of every kind. A tokenizer that can spell everything and changes nothing on purpose must
 * give each back.
 * @throws WebLoraError 'bad-tokenizer' where a text is lost that the tokenizer's own file would keep
 */
export function probeTokenizer(tokenizer: JsonObject, { encode, decode, hasToken }: TextCoder): ProbeResult {
  const lost = PROBES.flatMap(([kind, text]) => {
    const back = decode(encode(text));
    // Composing accents (NFC) changes no text that a reader sees.
    return back === text || back === text.normalize('NFC') ? [] : [{ kind, text, back }];
  });
  const [first] = lost;
  if (first === undefined) return { lost: [], notes: [] };
  const changes = stepsOf(tokenizer['normalizer'], 'normalizers').filter(
    (step) => CHANGING.has(String(step['type'])) && !isSpaceSign(step),
  );
  if (changes.length === 0 && spellsEverything(tokenizer, hasToken)) {
    throw new WebLoraError('bad-tokenizer', `tokenizer.json: ${first.kind}`, {
      got: `${JSON.stringify(first.back)} back`,
      wanted: `${JSON.stringify(first.text)}, as its vocabulary can spell any text`,
      fix: "use the model's own tokenizer.json; one that other libraries read without loss is worth an issue",
    });
  }
  const kinds = lost.map(({ kind }) => kind);
  // What a vocabulary lacks is said of the rows and prompts that have it.
  if (changes.length === 0) return { lost: kinds, notes: [] };
  const steps = changes.map((step) => String(step['type'])).join(', ');
  const note = `tokenizer.json rewrites texts before it encodes them (${steps}); not kept as written: ${kinds.join(', ')}`;
  return { lost: kinds, notes: [note] };
}

/** The kinds of text that do not survive, and what a person should know of every use of the tokenizer. */
export interface ProbeResult {
  readonly lost: readonly string[];
  readonly notes: readonly string[];
}

/** A tokenizer as far as probing needs it. */
export interface TextCoder {
  /** Without special tokens around the text. */
  readonly encode: (text: string) => number[];
  readonly decode: (ids: readonly number[]) => string;
  readonly hasToken: (token: string) => boolean;
}
