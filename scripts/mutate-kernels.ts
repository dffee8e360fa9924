/**
 * Breaks every WGSL file in many small ways and runs its kernel's test against each: a mutant that survives is a hole in
 * the test. Usage: tsx scripts/mutate-kernels.ts [--all] [--list] [--match=TEXT] [--first=PATTERN] [folder, or
 * folder/file.wgsl…]. Without --all a spread of each kind of defect is tried in each file (guards, eps, strides and signs
 * most), which takes minutes a folder instead of hours; with --match only mutants whose description has the text; with
 * --first tests whose names match look at a mutant before all do. `_lib` is the folder of the shared parts: its own
 * test looks at a mutant first, then those of the folders that use the part, until one sees it. The files themselves are
 * never written: the mutated text takes the place of the `?raw` import inside the test server. A mutant that computes the
 * same for every input, or that no test on this machine can tell, is declared in kernels/<folder>/equivalent-mutants.json
 * with a reason.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createVitest, type TestSpecification, type Vitest } from 'vitest/node';
import { mutantsOf, spread, type Mutant } from './kernel-mutants.ts';

interface Equivalent {
  /** The .wgsl file, from its kernel's folder. */
  readonly file: string;
  readonly fn: string;
  readonly rule: string;
  /** The line, where another one of the function has a mutant that looks the same. */
  readonly from?: string;
  /** The mutated line. */
  readonly to: string;
  readonly reason: string;
}

/** Sources that only products by subgroup matrices run, and the test of `_lib` that sees them where a device has some. */
const NEEDS_MATRICES = /^(?:matrix|sixteen)_?\w*\.wgsl$/;
const MATRICES_TEST = 'matrix_tiles.test.ts';

interface Options {
  readonly listOnly: boolean;
  readonly all: boolean;
  readonly match: string;
  /** Names of tests that are likely to see a mutant. */
  readonly first?: RegExp;
}

/** One try of a test file: all its tests, or those of some names. */
interface Look {
  readonly specification: TestSpecification;
  readonly names?: RegExp;
}

type Verdict = 'caught' | 'timed out' | 'survived' | 'does not compile';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const kernels = join(root, 'kernels');
const folders = readdirSync(kernels, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const asked = args.filter((arg) => !arg.startsWith('--'));
  const valueOf = (flag: string): string | undefined =>
    args.find((arg) => arg.startsWith(`${flag}=`))?.slice(flag.length + 1);
  const first = valueOf('--first');
  const options: Options = {
    listOnly: args.includes('--list'),
    all: args.includes('--all'),
    match: valueOf('--match') ?? '',
    ...(first !== undefined && { first: new RegExp(first) }),
  };
  const unknown = asked.filter((name) => !folders.includes(name) && !isSource(name));
  if (unknown.length > 0) {
    say(`no kernel folder and no .wgsl file '${unknown.join("', '")}'; there are ${folders.join(', ')}`);
    return 2;
  }
  let failures = 0;
  for (const name of asked.length > 0 ? asked : folders) {
    const [folder = '', ...path] = name.split('/');
    const files = readdirSync(join(kernels, folder), { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.wgsl'),
    );
    for (const file of path.length > 0 ? [join(...path)] : files) failures += await mutateFile(folder, file, options);
    failures += reportUnknownFiles(folder, files);
  }
  say(failures === 0 ? 'every mutant was caught' : `${failures} failures`);
  return failures === 0 ? 0 : 1;
}

/** @returns how many mutants survived, stale declarations and a failing baseline counted in */
async function mutateFile(folder: string, file: string, options: Options): Promise<number> {
  const path = join(kernels, folder, file);
  const name = `${folder}/${file}`;
  if (NEEDS_MATRICES.test(file) && process.env['WEBLORA_KERNELS'] !== 'subgroup-matrix') {
    say(`${name}: left out, since WEBLORA_KERNELS does not say that this device has subgroup matrices`);
    return 0;
  }
  const { listOnly, match } = options;
  const all = mutantsOf(readFileSync(path, 'utf8'));
  const declared = readEquivalents(folder).filter((entry) => entry.file === file);
  const stale = declared.filter((entry) => !all.some((mutant) => isDeclared(mutant, entry)));
  for (const entry of stale) say(`${name}: STALE declaration, no such mutant: ${entry.rule}, ${entry.fn}: ${entry.to}`);
  const undeclared = all.filter((mutant) => !declared.some((entry) => isDeclared(mutant, entry)));
  const matching = undeclared.filter((mutant) => describe(mutant).includes(match));
  const mutants = options.all ? matching : spread(matching);
  say(`${name}: ${mutants.length} of ${all.length} mutants, ${all.length - undeclared.length} declared equivalent`);
  if (listOnly) for (const mutant of mutants) say(`  ${describe(mutant)}`);
  if (listOnly || mutants.length === 0) return stale.length;
  let current: string | undefined;
  const isOfMatrices = NEEDS_MATRICES.test(file);
  const testFolders = isOfMatrices ? ['_lib'] : testFoldersOf(folder, path);
  const vitest = await startTests(testFolders, path, () => current);
  const counts: Record<Verdict, number> = { caught: 0, 'timed out': 0, survived: 0, 'does not compile': 0 };
  try {
    const specifications = await vitest.globTestSpecifications();
    const inOrder = testFolders.flatMap((testFolder) =>
      specifications.filter(
        ({ moduleId }) =>
          moduleId.startsWith(join(kernels, testFolder, '/')) && (!isOfMatrices || moduleId.endsWith(MATRICES_TEST)),
      ),
    );
    const runTest = async ({ specification, names }: Look): Promise<Verdict> => {
      if (names === undefined) vitest.resetGlobalTestNamePattern();
      else vitest.setGlobalTestNamePattern(names);
      vitest.invalidateFile(`${path}?raw`);
      vitest.invalidateFile(path);
      const { testModules, unhandledErrors } = await vitest.runTestSpecifications([specification]);
      const tests = testModules.flatMap((module) => [...module.children.allTests()]);
      const messages = [
        ...testModules.flatMap((module) => module.errors()),
        ...tests.flatMap((test) => test.result().errors ?? []),
      ].map((error) => error.message);
      // The test device's error scope names a module that does not compile before its pipeline is asked for.
      if (messages.some((message) => /does not compile|while parsing WGSL/.test(message))) return 'does not compile';
      if (unhandledErrors.length === 0 && tests.length > 0 && testModules.every((module) => module.ok()))
        return 'survived';
      // A loop without an end, or a machine that is too busy: whoever reads it decides.
      return messages.some((message) => /timed out/.test(message)) ? 'timed out' : 'caught';
    };
    const looks: readonly Look[] = inOrder.flatMap((specification) => [
      ...(options.first === undefined ? [] : [{ specification, names: options.first }]),
      { specification },
    ]);
    const sound = new Set<Look>();
    for (const mutant of mutants) {
      const started = performance.now();
      let verdict: Verdict = 'survived';
      for (const look of looks) {
        // A test that fails anyway would catch everything: each is seen to pass before a mutant depends on it.
        current = undefined;
        if (!sound.has(look) && (await runTest(look)) !== 'survived') {
          say(`${name}: ${relative(root, look.specification.moduleId)} fails without any mutation`);
          return stale.length + 1;
        }
        sound.add(look);
        current = mutant.source;
        verdict = await runTest(look);
        if (verdict !== 'survived') break;
      }
      counts[verdict] += 1;
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      say(`  ${verdict === 'survived' ? 'SURVIVED' : verdict} ${describe(mutant)} (${seconds} s)`);
    }
  } finally {
    await vitest.close();
  }
  const told = [
    `${counts.caught + counts['timed out']} caught (${counts['timed out']} of them by time)`,
    `${counts.survived} survived`,
    `${counts['does not compile']} do not compile`,
  ];
  say(`${name}: ${told.join(', ')}`);
  return counts.survived + stale.length;
}

const isSource = (name: string): boolean => name.endsWith('.wgsl') && existsSync(join(kernels, name));

/** A test server over some folders' tests, which serves `source()` instead of one kernel's text when there is one. */
function startTests(testFolders: readonly string[], path: string, source: () => string | undefined): Promise<Vitest> {
  return createVitest(
    'test',
    {
      root,
      config: false,
      include: testFolders.map((folder) => `kernels/${folder}/*.test.ts`),
      watch: false,
      bail: 1,
      testTimeout: 180_000,
      reporters: [{}],
      pool: 'forks',
      maxWorkers: 1,
    },
    {
      plugins: [
        {
          name: 'kernel-mutant',
          enforce: 'pre',
          load: (id) =>
            id.startsWith(path) && source() !== undefined ? `export default ${JSON.stringify(source())};` : undefined,
        },
      ],
    },
  );
}

/** A folder's own test; for a shared part `_lib`'s, which is the shortest, and those of every folder that imports it. */
function testFoldersOf(folder: string, path: string): readonly string[] {
  if (!folder.startsWith('_')) return [folder];
  const users = folders.filter((other) => !other.startsWith('_') && reaches(join(kernels, other, `${other}.ts`), path));
  return [...(reaches(join(kernels, '_lib', 'weight.ts'), path) ? ['_lib'] : []), ...users];
}

function reaches(from: string, target: string, seen = new Set<string>()): boolean {
  if (from === target) return true;
  if (seen.has(from) || !from.startsWith(kernels) || !from.endsWith('.ts') || !existsSync(from)) return false;
  seen.add(from);
  const imports = readFileSync(from, 'utf8').matchAll(/from '(\.[^'?]+)(?:\?raw)?'/g);
  return [...imports].some((match) => reaches(resolve(dirname(from), match[1] ?? ''), target, seen));
}

function readEquivalents(folder: string): Equivalent[] {
  const path = join(kernels, folder, 'equivalent-mutants.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Equivalent[]) : [];
}

/** @returns how many declarations name a file the folder does not have */
function reportUnknownFiles(folder: string, files: readonly string[]): number {
  const stale = readEquivalents(folder).filter((entry) => !files.includes(entry.file));
  for (const entry of stale) say(`${folder}: STALE declaration, no such file: ${entry.file}`);
  return stale.length;
}

const isDeclared = (mutant: Mutant, entry: Equivalent): boolean =>
  mutant.fn === entry.fn &&
  mutant.rule === entry.rule &&
  mutant.to === entry.to &&
  (entry.from === undefined || mutant.from === entry.from);

const describe = ({ rule, fn, line, from, to }: Mutant): string =>
  `${rule}, ${fn}:${line}: ${from}  =>  ${to === '' ? '(nothing)' : to}`;

process.exitCode = await main();
