/**
 * Kills the weblora command and fills its disk, again and again, and continues each time: the same bytes have to come out.
 * `npx tsx scripts/check/kills.ts RESULTS.jsonl [KILLS FULL_DISKS]`, after `npx vite build --mode cli`; 100 and 60 by default.
 * What is in RESULTS.jsonl already is not done again. docs/checks.md has what it gave last.
 *
 * A kill is SIGKILL, at any moment or at one of the command's operations on files (half of a write is done
 * then), as `file-faults.mjs` does it. A full disk is a small tmpfs, where this user may mount one, or an error of each
 * operation that needs room, from a random one on.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Pcg32 } from '../../src/data/random.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const CLI = process.env['WEBLORA_CLI'] ?? join(ROOT, 'dist', 'cli.js');
const PRELOAD = join(import.meta.dirname, 'file-faults.mjs');
const TOY = join(ROOT, 'test', 'fixtures', 'toy-llama');

const [results = '', kills = '100', fullDisks = '60'] = process.argv.slice(2);
if (results === '') throw new Error('wanted a file for the results');

/** A run of some seconds with a checkpoint after every second update and evaluations between them. */
const trainArguments = (out: string, seed = 0): string[] => [
  ...['train', '--model', join(TOY, 'model'), '--data', join(TOY, 'data.jsonl'), '--out', out, '--seed', String(seed)],
  ...'--rank 2 --steps 8 --save-every 2 --accumulate 1 --seq-len 48 --lr 1e-2 --dropout 0.1 --eval-split 0.2'.split(
    ' ',
  ),
  ...['--eval-every', '3'],
];

const EXPORTS = {
  'a PEFT folder': { to: 'peft', out: 'peft' },
  'a zip': { to: 'peft', out: 'peft.zip' },
  'a GGUF': { to: 'gguf', out: 'lora.gguf' },
  'a merged folder': { to: 'merged', out: 'merged' },
  'a merged GGUF': { to: 'merged-gguf', out: 'merged.gguf' },
  'a run for accelerate': { to: 'accelerate', out: 'accelerate', more: ['--include-data'] },
} as const;
type ExportName = keyof typeof EXPORTS;

interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

interface Fault {
  readonly env?: Readonly<Record<string, string>>;
  /** Killed so long after its line of progress of this number; they are much the same however busy the machine is. */
  readonly killAt?: { readonly line: number; readonly ms: number };
}

function weblora(args: readonly string[], { env, killAt }: Fault = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const preload = env === undefined ? [] : ['--import', PRELOAD];
    const child = spawn(process.execPath, [...preload, CLI, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    });
    let stderr = '';
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = (): void => {
      if (killAt === undefined || stderr.split('\n').length <= killAt.line) return;
      timer ??= setTimeout(() => child.kill('SIGKILL'), killAt.ms);
    };
    look();
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      look();
    });
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      resolve({ status, signal, stderr });
    });
  });
}

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Hashes of a file, or of all files of a folder. */
function contentOf(path: string): Record<string, string> {
  if (!existsSync(path)) return {};
  if (!statSync(path).isDirectory()) return { '': sha256(path) };
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files
      .map(({ parentPath, name }): [string, string] => [
        relative(path, join(parentPath, name)),
        sha256(join(parentPath, name)),
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** What of a run does not depend on when and how long it ran: its adapter, its last checkpoint, losses and their steps. */
function runContent(out: string): Record<string, string> {
  const metrics = readFileSync(join(out, 'metrics.jsonl'), 'utf8').trim().split('\n');
  const losses = metrics.map((line) => {
    const { step, loss, eval_loss: evalLoss, grad_norm: norm } = JSON.parse(line) as Record<string, unknown>;
    return JSON.stringify([step, loss, evalLoss, norm]);
  });
  const wanted = Object.entries(contentOf(out)).filter(
    ([name]) => /^adapter_/.test(name) || /^checkpoints\/step-\d+\/.*\.safetensors$/.test(name),
  );
  const rest = Object.keys(contentOf(out)).filter((name) => /\.tmp$|\.part(ial)?$|damaged/.test(name));
  return { ...Object.fromEntries(wanted), losses: losses.join(' '), rest: rest.join(' ') };
}

const same = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b);

interface CaseResult {
  readonly index: number;
  readonly group: string;
  /** What was hit: an operation on a file, or what the command said last. */
  readonly hit: string;
  /** Whether the command was still at work when it happened. */
  readonly isHit: boolean;
  /** What it said at a full disk. */
  readonly said?: string;
  /** What is wrong; absent where all is well. */
  readonly defect?: string;
}

class Study {
  readonly #folder = mkdtempSync(join(tmpdir(), 'weblora-kills-'));
  readonly #mount = join(this.#folder, 'disk');
  #random = new Pcg32(21);
  #reference: Record<string, string> = {};
  #overwritten: Record<string, string> = {};
  readonly #exports = new Map<ExportName, Record<string, string>>();
  readonly #operations = new Map<string, number>();
  #lines = 0;
  readonly #canMount: boolean;

  constructor() {
    mkdirSync(this.#mount);
    this.#canMount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', this.#mount]).status === 0;
    if (this.#canMount) spawnSync('umount', [this.#mount]);
    process.stdout.write(
      this.#canMount ? 'full disks: a tmpfs and injected errors\n' : 'full disks: injected errors only\n',
    );
  }

  get #trained(): string {
    return join(this.#folder, 'reference');
  }

  #env(fault: string, folder: string): Record<string, string> {
    rmSync(this.#log, { force: true });
    return { WEBLORA_FAULT: fault, WEBLORA_FAULT_FOLDER: folder, WEBLORA_FAULT_LOG: this.#log };
  }

  get #log(): string {
    return join(this.#folder, 'log');
  }

  #logged(): string {
    return existsSync(this.#log) ? (readFileSync(this.#log, 'utf8').split('\n')[0] ?? '') : '';
  }

  #exportArguments(name: ExportName, folder: string): { readonly args: string[]; readonly out: string } {
    const chosen: { readonly to: string; readonly out: string; readonly more?: readonly string[] } = EXPORTS[name];
    const out = join(folder, chosen.out);
    return {
      args: ['export', '--adapter', this.#trained, '--to', chosen.to, '--out', out, ...(chosen.more ?? [])],
      out,
    };
  }

  /** What has to come out, and how many operations on files each command needs. */
  async prepare(): Promise<void> {
    const count = async (name: string, args: readonly string[], folder: string): Promise<void> => {
      const ended = await weblora(args, { env: this.#env('count', folder) });
      if (ended.status !== 0) throw new Error(`${name}: ${ended.stderr}`);
      this.#operations.set(name, Number(this.#logged()));
    };
    await count('train', trainArguments(this.#trained), this.#trained);
    this.#reference = runContent(this.#trained);
    const other = join(this.#folder, 'other');
    await weblora(trainArguments(other, 7));
    this.#overwritten = runContent(other);
    await count('overwrite', [...trainArguments(other), '--overwrite'], other);
    if (!same(runContent(other), this.#reference)) throw new Error('--overwrite gives another adapter');
    const { stderr } = await weblora(trainArguments(join(this.#folder, 'counted')));
    this.#lines = stderr.split('\n').length;
    for (const name of Object.keys(EXPORTS) as ExportName[]) {
      const folder = join(this.#folder, 'exported');
      const { args, out } = this.#exportArguments(name, folder);
      await count(name, args, folder);
      this.#exports.set(name, contentOf(out));
    }
    process.stdout.write(
      `operations on files: ${[...this.#operations].map(([name, n]) => `${name} ${n}`).join(', ')}\n`,
    );
  }

  #upTo(most: number): number {
    return 1 + (this.#random.nextUint32() % most);
  }

  /** Any moment from the command's start to its end. */
  #moment(): Fault {
    return { killAt: { line: this.#upTo(this.#lines) - 1, ms: this.#upTo(200) } };
  }

  #operationOf(name: string): number {
    return this.#upTo(this.#operations.get(name) ?? 1);
  }

  /** One case by its number; each has random numbers of its own, so that it is the same when it is done again alone. */
  async kill(index: number): Promise<CaseResult> {
    this.#random = new Pcg32(index, 1);
    const folder = join(this.#folder, `kill-${index}`);
    const out = join(folder, 'run');
    mkdirSync(folder);
    try {
      const way = index % 10;
      if (way < 3) return await this.#killedRun(index, 'a run, at any moment', out, this.#moment());
      if (way < 5)
        return await this.#killedRun(index, 'a run, at a file', out, {
          env: this.#env(`kill:${this.#operationOf('train')}`, out),
        });
      if (way === 5) return await this.#killedTwice(index, out);
      if (way < 8) return await this.#killedOverwrite(index, out);
      return await this.#brokenExport(index, folder, 'kill');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  async #killedRun(index: number, group: string, out: string, fault: Fault): Promise<CaseResult> {
    const ended = await weblora(trainArguments(out), fault);
    const isHit = ended.signal === 'SIGKILL';
    const hit = fault.killAt === undefined ? this.#logged() : phaseOf(ended.stderr);
    return { index, group, hit, isHit, ...(await this.#continued(out)) };
  }

  async #killedTwice(index: number, out: string): Promise<CaseResult> {
    await weblora(trainArguments(out), { env: this.#env(`kill:${this.#operationOf('train')}`, out) });
    const first = this.#logged();
    const again = existsSync(join(out, 'run.json')) ? ['train', '--resume', out] : trainArguments(out);
    const ended = await weblora(again, this.#moment());
    const hit = `${first}, then ${phaseOf(ended.stderr)}`;
    return { index, group: 'a run, and its continuation', hit, isHit: true, ...(await this.#continued(out)) };
  }

  async #killedOverwrite(index: number, out: string): Promise<CaseResult> {
    await weblora(trainArguments(out, 7));
    const args = [...trainArguments(out), '--overwrite'];
    const isAnyMoment = index % 2 === 1;
    const fault = isAnyMoment ? this.#moment() : { env: this.#env(`kill:${this.#operationOf('overwrite')}`, out) };
    const ended = await weblora(args, fault);
    const hit = isAnyMoment ? phaseOf(ended.stderr) : this.#logged();
    const isHit = ended.signal === 'SIGKILL';
    const group = 'a run with --overwrite';
    const record = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')) as {
      readonly settings: { readonly seed?: number };
      readonly status: string;
    };
    const adapter = contentOf(out)['adapter_model.safetensors'];
    const isOld = record.settings.seed === 7;
    const wanted = (isOld ? this.#overwritten : this.#reference)['adapter_model.safetensors'];
    if (adapter !== undefined && adapter !== wanted)
      return { index, group, hit, isHit, defect: `the ${isOld ? 'old' : 'new'} record is beside the other adapter` };
    if (!isOld) return { index, group, hit, isHit, ...(await this.#continued(out)) };
    const again = await weblora(args);
    return { index, group, hit, isHit, ...this.#checked(out, again) };
  }

  /** Goes on as a person would: with --resume where there is a record, else with the same command. */
  async #continued(out: string): Promise<{ readonly defect?: string }> {
    const args = existsSync(join(out, 'run.json')) ? ['train', '--resume', out] : trainArguments(out);
    return this.#checked(out, await weblora(args));
  }

  #checked(out: string, { status, stderr }: Ended): { readonly defect?: string } {
    if (status !== 0) return { defect: `could not go on: ${stderr.trim().split('\n').at(-1) ?? ''}` };
    const got = runContent(out);
    if (same(got, this.#reference)) return {};
    const differing = Object.keys({ ...got, ...this.#reference }).filter((name) => got[name] !== this.#reference[name]);
    return { defect: `differs: ${differing.join(', ')}` };
  }

  async #brokenExport(index: number, folder: string, fault: 'kill' | 'ENOSPC' | 'EDQUOT'): Promise<CaseResult> {
    const names = Object.keys(EXPORTS) as ExportName[];
    const name = names[this.#upTo(names.length) - 1] ?? 'a zip';
    const { args, out } = this.#exportArguments(name, folder);
    const ended = await weblora(args, { env: this.#env(`${fault}:${this.#operationOf(name)}`, folder) });
    const hit = this.#logged();
    const isHit = hit !== '';
    const group = fault === 'kill' ? 'an export' : `an export (${fault})`;
    const facts = { index, group, hit: `${name}: ${hit.split(' ')[0] ?? ''}`, isHit };
    if (fault !== 'kill' && isHit) {
      const said = this.#refusal(ended);
      if (said.defect !== undefined) return { ...facts, ...said };
      const left = readdirSync(folder);
      if (left.length > 0) return { ...facts, ...said, defect: `leaves ${left.join(', ')}` };
    }
    const again = existsSync(out) && !isHit ? { status: 0, stderr: '' } : await weblora(args);
    const said = ended.stderr.trim().split('\n').at(-1) ?? '';
    if (again.status !== 0) return { ...facts, defect: `could not be done again: ${again.stderr.trim()}` };
    if (!same(contentOf(out), this.#exports.get(name) ?? {})) return { ...facts, defect: 'differs' };
    const left = readdirSync(folder).filter((entry) => /\.part(ial)?$/.test(entry));
    if (left.length > 0) return { ...facts, defect: `leaves ${left.join(', ')}` };
    return { ...facts, ...(fault !== 'kill' && isHit && { said }) };
  }

  /** What the command says of a full disk has to be one line that names it. */
  #refusal({ status, stderr }: Ended): { readonly said: string; readonly defect?: string } {
    const said = (stderr.trim().split('\n').at(-1) ?? '').replaceAll(this.#folder, '');
    const isClear = status === 1 && /^error\[storage\]: .*full disk/.test(said) && !/\n\s+at /.test(stderr);
    return isClear ? { said } : { said, defect: `ended with ${status}: ${said}` };
  }

  async fullDisk(index: number): Promise<CaseResult> {
    this.#random = new Pcg32(index, 2);
    const folder = join(this.#folder, `disk-${index}`);
    mkdirSync(folder);
    try {
      const way = index % 4;
      if (way === 3) return await this.#brokenExport(index, folder, index % 8 === 3 ? 'ENOSPC' : 'EDQUOT');
      if (way === 2 && this.#canMount) return await this.#smallDisk(index);
      const code = way === 1 ? 'EDQUOT' : 'ENOSPC';
      const out = join(folder, 'run');
      const group = `a run (${code})`;
      const ended = await weblora(trainArguments(out), {
        env: this.#env(`${code}:${this.#operationOf('train')}`, out),
      });
      const hit = this.#logged();
      if (hit === '') return { index, group, hit, isHit: false, ...(await this.#continued(out)) };
      const refusal = this.#refusal(ended);
      if (refusal.defect !== undefined) return { index, group, hit, isHit: true, ...refusal };
      return { index, group, hit, isHit: true, ...refusal, ...(await this.#continued(out)) };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** A run on a disk of some kilobytes, which then gets room. */
  async #smallDisk(index: number): Promise<CaseResult> {
    const kilobytes = 4 * this.#upTo(45);
    const out = join(this.#mount, 'run');
    const group = 'a run (a small disk)';
    spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', this.#mount]);
    try {
      const ended = await weblora(trainArguments(out));
      const reached = existsSync(join(out, 'checkpoints'))
        ? readdirSync(join(out, 'checkpoints')).at(-1)
        : 'no checkpoint';
      const hit = `${kilobytes} KiB: ${reached ?? 'no checkpoint'}`;
      const isHit = ended.status !== 0;
      const refusal: { readonly said?: string; readonly defect?: string } = isHit ? this.#refusal(ended) : {};
      if (refusal.defect !== undefined) return { index, group, hit, isHit, ...refusal };
      spawnSync('mount', ['-o', 'remount,size=64m', this.#mount]);
      return { index, group, hit, isHit, ...refusal, ...(await this.#continued(out)) };
    } finally {
      spawnSync('umount', [this.#mount]);
    }
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** What the command was at, by what it said last. */
function phaseOf(stderr: string): string {
  const last = stderr.trim().split('\n').at(-1) ?? '';
  if (last.startsWith('training') || last.startsWith('about') || last.startsWith('held-out')) return 'training';
  if (last.startsWith('compiling')) return 'compiling';
  if (last.startsWith('loading')) return 'loading';
  return last === '' || last.startsWith('no GPU') ? 'starting' : 'about to train, or done';
}

/** `step-4` and the like are one kind; so are the names of drafts. */
const kindOfHit = (hit: string): string => hit.replace(/step-\d+/g, 'step-N').replace(/\.[\da-f-]{36}/g, '');

function table(all: readonly CaseResult[]): string {
  const groups = [...new Set(all.map(({ group }) => group))].sort();
  const lines = groups.map((group) => {
    const of = all.filter((each) => each.group === group);
    const hits = new Map<string, number>();
    for (const { hit, isHit } of of) if (isHit) hits.set(kindOfHit(hit), (hits.get(kindOfHit(hit)) ?? 0) + 1);
    const shown = [...hits]
      .sort(([, a], [, b]) => b - a)
      .map(([what, count]) => (count === 1 ? what : `${what} (${count})`));
    const wrong = of.filter(({ defect }) => defect !== undefined).length;
    return `| ${group} | ${of.length} | ${of.filter(({ isHit }) => isHit).length} | ${wrong} | ${shown.join('; ')} |`;
  });
  return ['| what | cases | hit | defects | what was hit |', '| --- | --- | --- | --- | --- |', ...lines].join('\n');
}

const before = existsSync(results)
  ? readFileSync(results, 'utf8')
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as CaseResult & { readonly kind: string })
  : [];
const all: CaseResult[] = [...before];
const isDone = (kind: string, index: number): boolean =>
  before.some((each) => each.kind === kind && each.index === index);
const study = new Study();
try {
  await study.prepare();
  const plans = [
    ...Array.from({ length: Number(kills) }, (_, index) => ({ kind: 'kill', index })),
    ...Array.from({ length: Number(fullDisks) }, (_, index) => ({ kind: 'disk', index })),
  ];
  for (const { kind, index } of plans) {
    if (isDone(kind, index)) continue;
    const result = await (kind === 'kill' ? study.kill(index) : study.fullDisk(index));
    appendFileSync(results, `${JSON.stringify({ kind, ...result })}\n`);
    all.push(result);
    if (result.defect !== undefined)
      process.stdout.write(`${kind} ${index}: ${result.group}, ${result.hit}: ${result.defect}\n`);
  }
} finally {
  study.dispose();
}
process.stdout.write(`${table(all)}\n`);
const messages = new Set(all.flatMap(({ said }) => said?.replace(/^(error\[\w+\]: )\S+/, '$1PATH') ?? []));
process.stdout.write(`messages: ${[...messages].join(' | ')}\n`);
process.exitCode = all.some(({ defect }) => defect !== undefined) ? 1 : 0;
