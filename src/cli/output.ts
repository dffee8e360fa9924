import { SingleBar } from 'cli-progress';
import { toFailure, type Failure } from '../errors.ts';
import { nodeStorageFailure } from '../storage/node-store.ts';
import { wordPhrase, type Phrase } from '../phrase.ts';
import { nameAsFlag } from '../settings/settings.ts';
import { GENERATE_SETTINGS } from '../generate/settings.ts';
import { TRAIN_SETTINGS } from '../train/settings.ts';

/** Wrong usage: the command line itself contradicts the documented surface. */
const USAGE_CODES: ReadonlySet<Failure['code']> = new Set(['usage', 'config']);

const nameOf = nameAsFlag({ ...GENERATE_SETTINGS, ...TRAIN_SETTINGS });

/** A sentence with each setting as its flag. */
export const inTerminal = (said: Phrase): string => wordPhrase(said, nameOf);

/** Longest line that is said; what is cut is the middle, which is a file's. */
const MOST_CHARACTERS = 2000;

/** A message on one line, without what would steer the terminal or hide in it: control and direction characters. */
export function printable(message: string): string {
  const oneLine = message
    .replace(/[ \t]*[\r\n][\s]*/g, ' ')
    .replace(
      /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  if (oneLine.length <= MOST_CHARACTERS) return oneLine;
  const half = MOST_CHARACTERS / 2 - 1;
  return `${oneLine.slice(0, half)}…${oneLine.slice(-half)}`;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
}

/** What the command says: results on stdout, progress and notes on stderr. */
export class Output {
  readonly #options: OutputOptions;
  #isThinking = false;

  constructor(options: OutputOptions) {
    this.#options = options;
  }

  get json(): boolean {
    return this.#options.json;
  }

  /** A machine-readable line, only with --json. */
  record(value: object): void {
    if (this.#options.json) process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** The result for a reader, only without --json. */
  text(text: string): void {
    this.#endThinking();
    if (!this.#options.json) process.stdout.write(text);
  }

  /** A piece of what a model thinks before its answer: apart from the answer, and in a colour of its own where one is seen. */
  thinking(text: string): void {
    if (this.#options.json || this.#options.quiet) return;
    if (!this.#isThinking) process.stderr.write(process.stderr.isTTY ? '\u001b[2mthinking: ' : 'thinking: ');
    this.#isThinking = true;
    process.stderr.write(text);
  }

  #endThinking(): void {
    if (this.#isThinking) process.stderr.write(process.stderr.isTTY ? '\u001b[22m\n' : '\n');
    this.#isThinking = false;
  }

  line(text: string): void {
    this.text(`${text}\n`);
  }

  /** Something worth knowing that is no result. */
  note(text: Phrase): void {
    if (!this.#options.quiet) process.stderr.write(`${printable(inTerminal(text))}\n`);
  }

  warn(text: Phrase): void {
    process.stderr.write(`warning: ${printable(inTerminal(text))}\n`);
  }

  /** What opening a model or an adapter had to say about its files. */
  warnOf(name: string, notes: readonly string[] = []): void {
    for (const note of notes) this.warn(`${name}: ${note}`);
  }

  /** A bar where somebody watches, a line now and then where nobody does. */
  progress(label: string, unit: string): Progress {
    return new Progress(label, unit, this.#options.quiet);
  }
}

/** Long work that is under way. */
export class Progress {
  readonly #bar: SingleBar | undefined;
  readonly #label: string;
  readonly #unit: string;
  readonly #quiet: boolean;
  #started = false;
  #lastTenth = -1;

  constructor(label: string, unit: string, quiet: boolean) {
    this.#label = label;
    this.#unit = unit;
    this.#quiet = quiet;
    if (!quiet && process.stderr.isTTY) {
      this.#bar = new SingleBar({
        stream: process.stderr,
        format: `${label} {bar} {value}/{total} ${unit} · {detail}`,
        clearOnComplete: true,
        hideCursor: true,
        barsize: 24,
      });
    }
  }

  update(done: number, total: number, detail = ''): void {
    if (this.#quiet || total === 0) return;
    if (this.#bar !== undefined) {
      if (!this.#started) this.#bar.start(total, 0, { detail });
      this.#started = true;
      this.#bar.setTotal(total);
      this.#bar.update(done, { detail });
      return;
    }
    const tenth = Math.floor((done / total) * 10);
    if (tenth === this.#lastTenth) return;
    this.#lastTenth = tenth;
    process.stderr.write(`${this.#label}: ${done} of ${total} ${this.#unit}${detail === '' ? '' : ` · ${detail}`}\n`);
  }

  end(): void {
    if (this.#started) this.#bar?.stop();
  }
}

/** What the system refused of a file, where nothing else said so, as a failure of that file. */
function asStorageFailure(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !('code' in thrown) || !('path' in thrown)) return thrown;
  return typeof thrown.path === 'string' ? nodeStorageFailure(thrown.path, thrown) : thrown;
}

/** Prints a failure as its one line and says which status it ends with. */
export function reportFailure(thrown: unknown): number {
  const failure = toFailure(asStorageFailure(thrown));
  const isUsage = USAGE_CODES.has(failure.code);
  const message = printable(inTerminal(failure.phrase ?? failure.message));
  process.stderr.write(`error[${isUsage ? 'usage' : failure.code}]: ${message}\n`);
  if (failure.code === 'internal' && process.env['WEBLORA_DEBUG'] !== undefined && thrown instanceof Error)
    process.stderr.write(`${thrown.stack ?? ''}\n`);
  if (failure.code === 'aborted') return 130;
  return isUsage ? 2 : 1;
}

/** 1536 -> `1.5 KiB` */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? String(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** 3725 -> `1 h 2 min` */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
