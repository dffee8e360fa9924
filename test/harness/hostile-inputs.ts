import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { utils, write } from '@e965/xlsx';
import { compileChatTemplate } from '../../models/chat-template/chat-template.ts';
import { makeModel } from '../../models/families/index.ts';
import { loadTokenizer } from '../../models/tokenizer/tokenizer.ts';
import { readAdapterFiles } from '../../src/adapters/formats/index.ts';
import { zipFiles } from '../../src/adapters/zip.ts';
import { readDataRows } from '../../src/data/read-rows.ts';
import { WebLoraError } from '../../src/errors.ts';
import { memorySource } from '../../src/formats/byte-source.ts';
import { openGguf } from '../../src/formats/gguf.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { ModelCache } from '../../src/sources/cache.ts';
import { parseModelAddress } from '../../src/sources/model-address.ts';
import { parseSettingsFile } from '../../src/settings/settings-file.ts';
import { makeMemoryStore } from '../../src/storage/memory-store.ts';
import { readTrainConfig, resolveTrainConfig } from '../../src/train/config.ts';
import { findLatestCheckpoint, writeCheckpoint } from '../../src/train/checkpoints.ts';
import { readMetrics } from '../../src/train/metrics-file.ts';
import { parseRunRecord } from '../../src/train/run-record.ts';
import { ScriptedTrainer, scriptedRun } from './scripted-run.ts';

const at = (...path: string[]): Uint8Array => readFileSync(join(import.meta.dirname, '..', ...path));
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const ADAPTERS = ['..', 'src', 'adapters', 'formats', 'fixtures'];
const plain = new Map(
  ['adapter_config.json', 'adapter_model.safetensors'].map((name) => [name, at(...ADAPTERS, 'plain', name)]),
);
const ROW = {
  messages: [
    { role: 'user', content: 'Who?' },
    { role: 'assistant', content: 'Me.', tool_calls: [] },
  ],
};
const TEMPLATE =
  "{% for m in messages %}{% if loop.first and m['role'] == 'system' %}{% set s = m.content | trim %}{% endif %}" +
  '<|{{ m.role }}|>{{ m.content.split("</t>")[-1] | replace("a", "b") }}{{ m | tojson(indent=2) }}{% endfor %}';

/** Something that reads a file from outside. */
export interface Parser {
  readonly name: string;
  readonly seed: Uint8Array;
  readonly parse: (bytes: Uint8Array) => unknown;
}

/** Every parser with an input that it takes. */
export async function makeParsers(): Promise<readonly Parser[]> {
  const store = makeMemoryStore();
  await scriptedRun(new ScriptedTrainer(() => []), { steps: 2 }, { store });
  const checkpoint = {
    step: 1,
    totalTokens: 2,
    elapsedSeconds: 3,
    state: { params: new Map([['a', Float32Array.of(1)]]), moments: {} },
  };
  const book = {
    SheetNames: ['s'],
    Sheets: {
      s: utils.aoa_to_sheet([
        ['question', 'answer'],
        ['a', 'b'],
        ['c', 4],
      ]),
    },
  };
  const cached = {
    version: 1,
    name: 'hf:a/b',
    commit: 'c',
    complete: true,
    files: { 'config.json': { size: 2, sha256: 'a'.repeat(64), complete: true } },
  };
  const record = await store.read('run/run.json');
  const inStore =
    (path: string, read: (store: ReturnType<typeof makeMemoryStore>) => unknown) => async (bytes: Uint8Array) => {
      const own = makeMemoryStore();
      await writeCheckpoint(own, 'run', checkpoint);
      await own.write(path, bytes);
      return read(own);
    };
  const made = makeMemoryStore();
  await writeCheckpoint(made, 'run', checkpoint);
  const toy = (name: string): Uint8Array => at('fixtures', 'toy-llama', 'model', name);
  return [
    {
      name: 'rows.jsonl',
      seed: bytesOf(`${JSON.stringify(ROW)}\n{"prompt":"a","completion":"b"}\n`),
      parse: (bytes) => readDataRows(bytes, 'a.jsonl'),
    },
    { name: 'rows.json', seed: bytesOf(JSON.stringify([ROW, ROW])), parse: (bytes) => readDataRows(bytes, 'a.json') },
    {
      name: 'rows.csv',
      seed: bytesOf('question,answer\n"a ""b""",c\nd,"e\nf"\n'),
      parse: (bytes) => readDataRows(bytes, 'a.csv'),
    },
    {
      name: 'rows.xlsx',
      seed: new Uint8Array(write(book, { type: 'array' }) as ArrayBuffer),
      parse: (bytes) => readDataRows(bytes, 'a.xlsx'),
    },
    {
      name: 'model.safetensors',
      seed: plain.get('adapter_model.safetensors') ?? new Uint8Array(),
      parse: (bytes) => readSafetensors(bytes),
    },
    {
      name: 'model.gguf',
      seed: at(...ADAPTERS, 'gguf', 'adapter.gguf'),
      parse: (bytes) => openGguf(memorySource('a.gguf', bytes)),
    },
    { name: 'config.json', seed: toy('config.json'), parse: (bytes) => makeModel(parsedObject(bytes)) },
    {
      name: 'tokenizer.json',
      seed: toy('tokenizer.json'),
      parse: (bytes) =>
        loadTokenizer({ tokenizerJson: textOf(bytes), tokenizerConfig: textOf(toy('tokenizer_config.json')) }).encode(
          'a word',
        ),
    },
    {
      name: 'tokenizer_config.json',
      seed: toy('tokenizer_config.json'),
      parse: (bytes) => loadTokenizer({ tokenizerJson: textOf(toy('tokenizer.json')), tokenizerConfig: textOf(bytes) }),
    },
    {
      name: 'chat_template.jinja',
      seed: bytesOf(TEMPLATE),
      parse: (bytes) =>
        compileChatTemplate(textOf(bytes), { specialTokens: {}, now: new Date(0) })([{ role: 'user', content: 'aha' }]),
    },
    {
      name: 'adapter_config.json',
      seed: plain.get('adapter_config.json') ?? new Uint8Array(),
      parse: (bytes) => readAdapterFiles(new Map([...plain, ['adapter_config.json', bytes]])),
    },
    { name: 'adapter.zip', seed: zipFiles(plain), parse: (bytes) => readAdapterFiles(new Map([['a.zip', bytes]])) },
    {
      name: 'run.json',
      seed: record,
      parse: (bytes) => parseRunRecord(textOf(bytes), { what: 'run.json', code: 'bad-file', fix: '' }),
    },
    {
      name: 'run.json as --config',
      seed: record,
      parse: (bytes) => resolveTrainConfig(readTrainConfig(parseSettingsFile('run.json', textOf(bytes)))),
    },
    {
      name: 'settings.yaml',
      seed: bytesOf('rank: 8\nlr: 1e-4\ntargets: [q_proj, v_proj]\nsystem: "Be brief."\n'),
      parse: (bytes) => resolveTrainConfig(readTrainConfig(parseSettingsFile('a.yaml', textOf(bytes)))),
    },
    {
      name: 'manifest.json',
      seed: await made.read('run/checkpoints/step-1/manifest.json'),
      parse: inStore('run/checkpoints/step-1/manifest.json', (own) => findLatestCheckpoint(own, 'run')),
    },
    {
      name: 'metrics.jsonl',
      seed: await store.read('run/metrics.jsonl'),
      parse: inStore('run/metrics.jsonl', (own) => readMetrics(own, 'run')),
    },
    {
      name: 'weblora-files.json',
      seed: bytesOf(JSON.stringify(cached)),
      parse: inStore('a--b/c/weblora-files.json', (own) => new ModelCache(own).list()),
    },
    {
      name: 'an address',
      seed: bytesOf('hf:org/name/file.gguf@main'),
      parse: (bytes) => parseModelAddress(textOf(bytes)),
    },
  ];
}

/** As a model's folder is opened: no JSON is the folder reader's to tell. */
function parsedObject(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(textOf(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new WebLoraError('bad-model', 'config.json', { got: 'no object' });
}

/** One change of an input. */
export interface Mutation {
  readonly kind: 'flip' | 'cut' | 'remove' | 'repeat' | 'put' | 'value';
  /** Where, as a share of the input's length. */
  readonly at: number;
  readonly size: number;
  readonly value: string;
}

const VALUES = [
  'null',
  '[]',
  '{}',
  '0',
  '-1',
  '1e999',
  '1e9',
  '0.5',
  '""',
  'true',
  '[[[[]]]]',
  '{"a":{"b":[null]}}',
  '"\\u0000"',
  '"__proto__"',
  '9007199254740993',
];

/** Lists of one to four changes; fast-check shrinks a failing one to its least. */
export const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('flip', 'cut', 'remove', 'repeat', 'put', 'value', 'value'),
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    size: fc.integer({ min: 1, max: 64 }),
    value: fc.oneof(fc.constantFrom(...VALUES), fc.json({ maxDepth: 2 }), fc.string({ maxLength: 8, unit: 'binary' })),
  }),
  { minLength: 1, maxLength: 4 },
);

export function mutate(seed: Uint8Array, changes: readonly Mutation[]): Uint8Array {
  return changes.reduce(changed, seed);
}

function changed(bytes: Uint8Array, { kind, at: share, size, value }: Mutation): Uint8Array {
  const place = Math.floor(share * bytes.length);
  const join = (...parts: Uint8Array[]): Uint8Array => {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      whole.set(part, offset);
      offset += part.length;
    }
    return whole;
  };
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
  switch (kind) {
    case 'flip':
      return bytes.length === 0 ? bytes : bytes.with(place, (bytes[place] ?? 0) ^ (1 << (size % 8)));
    case 'cut':
      return before;
    case 'remove':
      return join(before, after.subarray(size));
    case 'repeat':
      return join(before, after.subarray(0, size), after);
    case 'put':
      return join(before, bytesOf(value), after);
    case 'value': {
      // A value of JSON for another: the first one behind the place.
      const text = textOf(after);
      const found = /("(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null)(?=\s*[,\]}])/.exec(text);
      if (found === null) return join(before, bytesOf(value), after);
      return join(before, bytesOf(text.slice(0, found.index) + value + text.slice(found.index + found[0].length)));
    }
    default:
      return kind satisfies never;
  }
}

/** What is wrong with how a parser took an input; undefined where it read or refused it as it should. */
export async function faultOf({ parse }: Parser, bytes: Uint8Array): Promise<string | undefined> {
  try {
    await parse(bytes);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof WebLoraError && thrown.code !== 'internal') return undefined;
    return thrown instanceof Error ? `${thrown.name}: ${thrown.message}\n${thrown.stack ?? ''}` : String(thrown);
  }
}
