import { WebLoraError } from '../../../src/errors.ts';
import type { GgufValue } from '../../../src/formats/gguf.ts';

/** Keys of an architecture that say nothing about what is computed. */
const WITHOUT_EFFECT = /^(vocab_size|tensor_data_layout|pooling_type|rope\.scaling\.finetuned|mm\..*|vision\..*)$/;

/**
 * Reads the keys of one architecture, `llama.block_count` and its like, and at the end refuses those that nobody read:
 * a key that is not understood may change the mathematics.
 */
export class ArchitectureKeys {
  readonly architecture: string;
  readonly #metadata: ReadonlyMap<string, GgufValue>;
  readonly #fileName: string;
  readonly #used = new Set<string>();

  constructor(metadata: ReadonlyMap<string, GgufValue>, architecture: string, fileName: string) {
    this.#metadata = metadata;
    this.architecture = architecture;
    this.#fileName = fileName;
  }

  #read(key: string): GgufValue | undefined {
    this.#used.add(key);
    return this.#metadata.get(`${this.architecture}.${key}`);
  }

  #bad(key: string, got: GgufValue | undefined, wanted: string): WebLoraError {
    return new WebLoraError('bad-model', `${this.#fileName}: ${this.architecture}.${key}`, {
      got: got === undefined ? 'no such key' : JSON.stringify(got),
      wanted,
      fix: 'the file lacks what describes the model; fetch another conversion of it',
    });
  }

  /** A number over 0; a list of one per layer counts where all are equal. @throws `bad-model` */
  number(key: string, fallback?: number): number {
    const value = this.optionalNumber(key) ?? fallback;
    if (value === undefined || !(value > 0)) throw this.#bad(key, value, 'a number over 0');
    return value;
  }

  optionalNumber(key: string): number | undefined {
    const given = this.#read(key);
    const value = Array.isArray(given) ? (given as readonly GgufValue[])[0] : given;
    if (Array.isArray(given) && (given as readonly GgufValue[]).some((other) => other !== value)) {
      throw new WebLoraError('unsupported', `${this.#fileName}: ${this.architecture}.${key}`, {
        got: 'layers that differ',
        wanted: 'one number for all layers',
        fix: 'choose a model without this feature',
      });
    }
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.#bad(key, given, 'a number');
    return shortestDecimal(value);
  }

  optionalText(key: string): string | undefined {
    const value = this.#read(key);
    if (value === undefined || typeof value === 'string') return value;
    throw this.#bad(key, value, 'a text');
  }

  /** A list of true and false, one per layer. */
  optionalFlags(key: string): readonly boolean[] | undefined {
    const value = this.#read(key);
    if (!Array.isArray(value)) return undefined;
    return (value as readonly GgufValue[]).map((flag) => flag === true || flag === 1);
  }

  /** Accepts a key only with a value that leaves the mathematics as it is computed here. @throws `unsupported` */
  only(key: string, ...allowed: readonly GgufValue[]): void {
    const value = this.#read(key);
    if (value === undefined || allowed.includes(value)) return;
    throw new WebLoraError('unsupported', `${this.#fileName}: ${this.architecture}.${key}`, {
      got: JSON.stringify(value),
      wanted: allowed.join(' or '),
      fix: 'choose a model without this feature',
    });
  }

  /** @throws `unsupported` naming a key that nobody read */
  close(): void {
    const prefix = `${this.architecture}.`;
    for (const [key, value] of this.#metadata) {
      if (!key.startsWith(prefix)) continue;
      const name = key.slice(prefix.length);
      if (this.#used.has(name) || WITHOUT_EFFECT.test(name)) continue;
      throw new WebLoraError('unsupported', `${this.#fileName}: unknown key ${key}`, {
        got: JSON.stringify(value).slice(0, 80),
        wanted: 'only keys that are understood: another may change what the model computes',
        fix: 'choose another conversion of the model, or its folder with safetensors',
      });
    }
  }
}

/**
 * The shortest decimal that is the same f32: 1e-5 where the file, which has only f32, says 9.99999975e-6. What
 * config.json said is then computed with, not its rounding.
 */
export function shortestDecimal(value: number): number {
  if (!Number.isFinite(value) || Math.fround(value) !== value) return value;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}
