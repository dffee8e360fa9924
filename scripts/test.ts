/**
 * Everything that must hold. `tsx scripts/test.ts`: types, lint, unit, parity and browser tests, ending with the line
 * that names the adapter. `tsx scripts/test.ts fast`: format, types, lint, import circles, dead code and the tests that need no GPU.
 * `tsx scripts/test.ts gpu [FILE…]`: the tests in Node that open a GPU, or those of them that are named, on the kernels that a GPU gets.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { BaseSequencer, startVitest, type TestModule, type TestSpecification } from 'vitest/node';
import { GPU_RECORD, readGpuRecords } from './gpu-record.ts';

const root = join(import.meta.dirname, '..');
const [mode, ...named] = process.argv.slice(2);

const TYPES = ['tsc', '--noEmit'];
const LINT = ['eslint', '.', '--max-warnings', '0'];
const FORMAT = ['prettier', '--check', '--log-level', 'warn', '.'];
const DEAD_CODE = ['knip'];
const CIRCLES = ['depcruise', '--config', 'dependency-cruiser.config.cjs', '.'];

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Runs a tool of this package; its output is shown when it is done, so that two can run side by side. */
function check(command: readonly string[]): Promise<boolean> {
  const started = performance.now();
  const [tool = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(join(root, 'node_modules', '.bin', tool), args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
    child.on('error', (error) => output.push(Buffer.from(`${error.message}\n`)));
    child.on('close', (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      process.stdout.write(Buffer.concat(output));
      say(`${code === 0 ? 'ok' : 'FAILED'}: ${command.join(' ')} (${seconds} s)`);
      resolve(code === 0);
    });
  });
}

const opensGpu = (path: string): boolean => readFileSync(join(root, path), 'utf8').includes("harness/gpu.ts'");

const testsOf = (...folders: readonly string[]): string[] =>
  folders
    .flatMap((top) =>
      readdirSync(join(root, top), { recursive: true, encoding: 'utf8' }).map((path) => `${top}/${path}`),
    )
    .filter((path) => path.endsWith('.test.ts'));

const HARNESS = 'test/harness';

/** Whether a test, or what it takes from the harness, computes on a device: the GPU, or through tfjs. */
function usesDevice(path: string): boolean {
  const text = readFileSync(join(root, path), 'utf8');
  if (/openNodeGpu|openTfjs/.test(text)) return true;
  const imported = [...text.matchAll(/from '(\.[^']*\.ts)'/g)].map(([, from = '']) => join(dirname(path), from));
  return imported.filter((file) => file.startsWith(HARNESS)).some(usesDevice);
}

function fastTests(): string[] {
  const all = testsOf('src', 'models', 'workers', 'kernels', 'test/fixtures', 'test/harness');
  return all.filter((path) => !usesDevice(path));
}

/** Tests in Node that compute on a device, those of the terminal command among them. */
function gpuTests(): string[] {
  const all = testsOf('src', 'models', 'kernels', 'test').filter((path) => !path.startsWith('test/browser/'));
  return all.filter((path) => path.startsWith('test/cli/') || usesDevice(path));
}

/** Parity first: its files take minutes, and one that begins last is waited for by an idle worker. */
class ParityFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean => moduleId.includes('/test/parity/');
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

interface Tests {
  readonly passed: boolean;
  readonly modules: readonly TestModule[];
}

async function runTests(files: string[], project?: string[]): Promise<Tests> {
  const selection = { sequence: { sequencer: ParityFirst }, ...(project && { project }) };
  const vitest = await startVitest('test', files, { root, watch: false, ...selection });
  const modules = vitest.state.getTestModules();
  const unhandled = vitest.state.getUnhandledErrors();
  await vitest.close();
  return { passed: unhandled.length === 0 && modules.length > 0 && modules.every((module) => module.ok()), modules };
}

function count(modules: readonly TestModule[], projects: readonly string[]): { run: number; skipped: number } {
  const states = modules
    .filter((module) => projects.includes(module.project.name))
    .flatMap((module) => [...module.children.allTests()])
    .map((test) => test.result().state);
  const run = states.filter((state) => state === 'passed' || state === 'failed').length;
  return { run, skipped: states.length - run };
}

/** A line for each failed test, so that the end of a long output names them. */
function failures(modules: readonly TestModule[]): string[] {
  return modules.flatMap((module) => {
    const file = relative(root, module.moduleId);
    const ofFile = module.errors().map(({ message }) => `${file}: ${firstLine(message)}`);
    const ofTests = [...module.children.allTests('failed')].map(
      (test) => `${file} > ${test.fullName}: ${firstLine(test.result().errors?.[0]?.message ?? '')}`,
    );
    return [...ofFile, ...ofTests];
  });
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';

interface GpuTests extends Tests {
  readonly adapters: readonly string[];
  readonly features: readonly string[];
  /** Absolute paths of the files that opened a device. */
  readonly opened: ReadonlySet<string>;
}

async function runTestsOnGpu(files: string[], project?: string[]): Promise<GpuTests> {
  const folder = mkdtempSync(join(tmpdir(), 'weblora-test-'));
  const record = join(folder, 'gpu.jsonl');
  process.env[GPU_RECORD] = record;
  try {
    const tests = await runTests(files, project);
    const records = readGpuRecords(record);
    return {
      ...tests,
      adapters: [...new Set(records.map(({ adapter }) => adapter))],
      features: [...new Set(records.flatMap((one) => one.features))].sort(),
      opened: new Set(records.map(({ file }) => file)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function full(): Promise<boolean> {
  // One core's worth of checking beside the tests, which do not keep two busy all the time.
  const checking = (async () => [await check(TYPES), await check(LINT), await check(CIRCLES)])();
  const { passed, modules, adapters, features, opened } = await runTestsOnGpu([]);
  const checks = await checking;
  const node = count(modules, ['node', 'cli']);
  const browser = count(modules, ['browser']);
  const without = modules
    .filter(({ moduleId }) => !opened.has(moduleId))
    .map(({ moduleId }) => relative(root, moduleId))
    .filter(opensGpu);
  const skipped = node.skipped + browser.skipped;
  const ok =
    checks.every(Boolean) && passed && skipped === 0 && adapters.length > 0 && without.length === 0 && browser.run > 0;
  if (without.length > 0) say(`GPU tests that never opened a device: ${without.join(', ')}`);
  for (const line of failures(modules)) say(`FAILED: ${line}`);
  if (!ok) say('FAILED: see above');
  say(`gpu features: ${features.join(', ') || 'none'}`);
  say(
    `gpu: ${adapters.join(' + ') || 'none'}; tests: ${node.run} run, ${skipped} skipped; browser: ${browser.run} run`,
  );
  return ok;
}

/** @param files those to run; all that open a GPU where none is named */
async function onGpuKernels(files: readonly string[]): Promise<boolean> {
  process.env['WEBLORA_KERNELS'] = 'workgroup';
  const chosen = files.length > 0 ? [...files] : gpuTests();
  const { passed, modules, adapters } = await runTestsOnGpu(chosen, ['node', 'cli']);
  const { run, skipped } = count(modules, ['node', 'cli']);
  const ok = passed && skipped === 0 && adapters.length > 0;
  for (const line of failures(modules)) say(`FAILED: ${line}`);
  if (!ok) say('FAILED: see above');
  say(
    `gpu: ${adapters.join(' + ') || 'none'}, workgroup kernels; files: ${modules.length}; tests: ${run} run, ${skipped} skipped`,
  );
  return ok;
}

async function fast(): Promise<boolean> {
  const checks = [
    ...(await Promise.all([check(TYPES), check(LINT)])),
    ...(await Promise.all([check(FORMAT), check(DEAD_CODE)])),
    await check(CIRCLES),
  ];
  const { passed } = await runTests(fastTests(), ['node']);
  return checks.every(Boolean) && passed;
}

const passed = mode === 'fast' ? fast() : mode === 'gpu' ? onGpuKernels(named) : full();
process.exit((await passed) ? 0 : 1);
