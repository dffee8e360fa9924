import { existsSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { AST_NODE_TYPES, ESLintUtils, type TSESTree } from '@typescript-eslint/utils';
import type { ESLint } from 'eslint';

const root = dirname(dirname(import.meta.dirname));

interface Area {
  /** Areas whose values this one may use, beside itself and what everything may. */
  readonly uses: readonly string[];
  /** Types may come from any area: they leave nothing behind at run time. */
  readonly anyTypes?: boolean;
  readonly why: string;
}

const ARROW =
  'imports go formats, gpu <- kernels <- graph <- lora, models, objectives <- train, generate, evaluate <- engine <- workers <- ui, cli';
/** What everything may import. */
const EVERYWHERE = new Set([
  'src/crc32.ts',
  'src/errors.ts',
  'src/hash.ts',
  'src/json.ts',
  'src/phrase.ts',
  'src/schema.ts',
]);
const LEAF =
  'storage, sources, data and adapters stay usable without a GPU or a model: they import formats, errors and types';
const KEEPERS = ['src/formats', 'src/storage', 'src/sources', 'src/data', 'src/adapters'];
const ENGINE = ['src/formats', 'src/gpu', 'kernels', 'src/graph'];
const MODELS = [...ENGINE, 'src/settings', ...KEEPERS, 'src/lora/kinds', 'src/lora', 'models'];
const WORK = ['src/objectives', 'src/train', 'src/generate', 'src/evaluate', 'src/merge'];

export const AREAS: Readonly<Record<string, Area>> = {
  'src/crc32.ts': { uses: [], why: 'damage of small records is looked for everywhere' },
  'src/errors.ts': { uses: [], why: 'everything imports errors, so it imports nothing else' },
  'src/hash.ts': { uses: [], why: 'what is written down of a file is checked everywhere' },
  'src/json.ts': { uses: [], why: 'what an object of a JSON text is' },
  'src/phrase.ts': { uses: [], why: 'errors are made of phrases' },
  'src/schema.ts': { uses: [], why: 'shapes of files are checked everywhere' },
  'src/version.ts': { uses: [], why: 'a constant' },
  'src/settings': { uses: [], why: 'how settings are declared, read and written; the tables lie with what they set' },
  'src/formats': { uses: [], why: 'formats are bytes only' },
  'src/gpu': { uses: ['src/formats'], why: ARROW },
  kernels: { uses: ['src/formats', 'src/gpu'], why: ARROW },
  'src/graph': { uses: ['src/formats', 'src/gpu', 'kernels'], why: ARROW },
  'src/storage': { uses: ['src/formats'], anyTypes: true, why: LEAF },
  'src/sources': { uses: ['src/formats', 'src/storage'], anyTypes: true, why: LEAF },
  'src/data': { uses: ['src/formats'], anyTypes: true, why: LEAF },
  'src/lora/kinds': {
    uses: [],
    anyTypes: true,
    why: 'kinds are pure descriptions, which adapters and settings read too',
  },
  'src/adapters': { uses: ['src/formats', 'src/lora/kinds'], anyTypes: true, why: LEAF },
  'src/lora': { uses: [...ENGINE, 'src/adapters', 'src/lora/kinds'], why: ARROW },
  models: { uses: [...ENGINE, 'src/adapters', 'src/lora'], why: ARROW },
  'src/objectives': { uses: MODELS, why: ARROW },
  'src/train': { uses: [...MODELS, ...WORK, 'src/version.ts'], why: ARROW },
  'src/generate': { uses: [...MODELS, 'src/data'], why: ARROW },
  'src/evaluate': { uses: [...MODELS, 'src/generate'], why: ARROW },
  'src/merge': { uses: MODELS, why: ARROW },
  'src/engine': { uses: [...MODELS, ...WORK, 'src/version.ts'], anyTypes: true, why: ARROW },
  'workers/bench': {
    uses: [...MODELS, 'src/bench', 'src/engine', 'workers'],
    why: 'it times the layers below and lies beside the engine, whose borders it shares',
  },
  workers: { uses: [...MODELS, ...WORK, 'src/engine', 'src/version.ts'], why: ARROW },
  'src/ui': {
    uses: [
      'workers/*/client.ts',
      'workers/engine/in-page.ts',
      'src/sources/model-address.ts',
      'src/train/config.ts',
      'src/train/metrics.ts',
      'src/generate/settings.ts',
      'src/train/settings.ts',
      'src/settings',
      'src/data/language-of-text.ts',
      'src/data/random.ts',
      'src/data/rephrase.ts',
      'src/evaluate/report/html.ts',
      'src/data/run-size.ts',
      'src/evaluate/side-by-side.ts',
      'src/evaluate/statistics.ts',
      'src/widget/site-chat.ts',
      'src/version.ts',
    ],
    anyTypes: true,
    why: 'the page knows the workers by their clients, and beyond them only types and pure helpers',
  },
  'src/widget': {
    uses: ['workers/chat/client.ts'],
    anyTypes: true,
    why: 'the chat on a person’s own site is as small as it can be: its engine runs in a worker',
  },
  'src/bench-page': {
    uses: ['workers/*/client.ts', 'src/bench/row.ts', 'src/ui'],
    anyTypes: true,
    why: 'a page like src/ui, made of its parts; what it measures runs in a worker',
  },
  'src/bench': { uses: [...MODELS, ...WORK], why: ARROW },
  'src/cli': { uses: [...MODELS, ...WORK, 'src/engine', 'src/bench', 'workers', 'src/version.ts'], why: ARROW },
  'src/node-deps.ts': { uses: [...MODELS, ...WORK, 'src/engine', 'workers'], why: ARROW },
  'src/index.ts': {
    uses: [...MODELS, ...WORK, 'src/engine', 'workers', 'src/version.ts', 'src/node-deps.ts'],
    why: ARROW,
  },
};

/** Tests, benchmarks and what exists for them see everything. */
const FREE = /^(test|bench|scripts)\/|\.(test|bench|ref|cases)\.tsx?$|(^|\/)toy-[\w-]+\.ts$|^[\w.]+\.ts$/;
const ONLY_FOR_TESTS = /^(test|bench|scripts)\/|\.(test|bench|ref|cases)\.tsx?$|(^|\/)toy-[\w-]+\.ts$/;
/** The programs that wrote the built-in model's examples and text run in Node, not in the product. */
const PROGRAMS = /^models\/embedded\//;
const NODE_ONLY = /^src\/cli\/|^src\/gpu\/(node|sparticuz)\.ts$|^src\/((bench|storage|sources)\/)?node-[\w-]+\.ts$/;

const areaOf = (path: string): string | undefined =>
  Object.keys(AREAS).find((area) => path === area || path.startsWith(`${area}/`));

const isUsed = (target: string, uses: readonly string[]): boolean =>
  uses.some((use) =>
    use.includes('*')
      ? new RegExp(`^${use.replace('*', '[^/]+')}$`).test(target)
      : target === use || target.startsWith(`${use}/`),
  );

type Message = 'arrow' | 'node' | 'tests' | 'missing' | 'unplaced';

/** Holds the direction of imports between folders, and keeps `node:` out of what runs in a browser. */
const importArrow = ESLintUtils.RuleCreator.withoutDocs<[], Message>({
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      arrow: '{{from}} may not import {{target}}: {{why}}. Move what both need further down.',
      node: '{{name}} does not exist in a browser: only src/cli, src/gpu/node.ts and node-*.ts of src/bench, src/storage and src/sources may import it.',
      tests: '{{target}} is for tests: nothing of the product may import it.',
      missing: '{{target}} does not exist.',
      unplaced: '{{file}} has no place in the import arrow: give its folder one in scripts/lint/import-arrow.ts.',
    },
  },
  create(context) {
    const file = relative(root, context.filename).replaceAll('\\', '/');
    if (FREE.test(file) || PROGRAMS.test(file)) return {};
    const from = areaOf(file);

    const check = (node: TSESTree.Node, name: string, isType: boolean): void => {
      if (name.startsWith('node:')) {
        if (!NODE_ONLY.test(file) && !isType) context.report({ node, messageId: 'node', data: { name } });
        return;
      }
      if (!name.startsWith('.')) return;
      const path = resolve(dirname(context.filename), name.replace(/\?[\w&]+$/, ''));
      const target = relative(root, path).replaceAll('\\', '/');
      if (!existsSync(path)) {
        context.report({ node, messageId: 'missing', data: { target } });
        return;
      }
      if (ONLY_FOR_TESTS.test(target)) {
        context.report({ node, messageId: 'tests', data: { target } });
        return;
      }
      const to = areaOf(target);
      if (from === undefined || to === undefined || to === from || EVERYWHERE.has(to)) return;
      const area = AREAS[from];
      if (area === undefined || isUsed(target, area.uses) || (isType && area.anyTypes === true)) return;
      context.report({ node, messageId: 'arrow', data: { from, target, why: area.why } });
    };

    return {
      Program(node) {
        if (from === undefined) context.report({ node, messageId: 'unplaced', data: { file } });
      },
      ImportDeclaration(node) {
        const named = node.specifiers;
        const isType =
          node.importKind === 'type' ||
          (named.length > 0 &&
            named.every((one) => one.type === AST_NODE_TYPES.ImportSpecifier && one.importKind === 'type'));
        check(node.source, node.source.value, isType);
      },
      ExportNamedDeclaration(node) {
        if (node.source !== null) check(node.source, node.source.value, node.exportKind === 'type');
      },
      ExportAllDeclaration(node) {
        check(node.source, node.source.value, node.exportKind === 'type');
      },
      ImportExpression(node) {
        if (node.source.type === AST_NODE_TYPES.Literal && typeof node.source.value === 'string') {
          check(node.source, node.source.value, false);
        }
      },
    };
  },
});

// The two packages' types of one rule differ in members that ESLint 10 removed.
export const webLora = { rules: { 'import-arrow': importArrow } } as unknown as ESLint.Plugin;
