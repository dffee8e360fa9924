import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { webLora } from './scripts/lint/import-arrow.ts';

/** A page shows nothing by a moment: its tests wait for what it shows. */
const SHOWN = `CallExpression[callee.property.name=/^(allInnerTexts|count|getAttribute|innerText|inputValue|isChecked|isDisabled|isEnabled|isVisible|textContent|title|url)$/]`;
const NO_SINGLE_LOOK = [
  ...[`> AwaitExpression > ${SHOWN}`, `> ${SHOWN}`].map((looked) => ({
    selector: `CallExpression[callee.name='expect'] ${looked}`,
    message: 'Wait for it: await expect.poll(() => …).',
  })),
  {
    selector: "CallExpression[callee.property.name='waitForTimeout']",
    message: 'Wait for a state, not for a time.',
  },
];
const TESTS = ['**/*.test.ts', '**/*.bench.ts', 'test/**'];

const NO_DATA_SYNC = {
  selector: "CallExpression[callee.property.name='dataSync']",
  message: 'dataSync() stalls the thread and cannot read from WebGPU: await data().',
};
const NO_RANDOM = {
  selector: "MemberExpression[object.name='Math'][property.name='random']",
  message: 'Math.random() cannot be repeated: draw from a seeded stream of src/data/random.ts.',
};
const NO_WORKER = {
  selector: "NewExpression[callee.name='Worker']",
  message: 'Workers are started by their client.ts in workers/ and nowhere else.',
};

/** Attributes whose text is read or spoken, those of the page's own components among them. */
const SPOKEN = '/^(aria-label|title|placeholder|alt|lost|intro|label|hint|note|summary|empty|subtitle|text)$/';
const IN_MESSAGES = 'What people read stands in src/ui/messages, in every language: use t().';
const NO_VISIBLE_TEXT = [
  `JSXText[value=/\\p{L}/u]:not([value=/^\\s*WebLoRA\\s*$/])`,
  `JSXAttribute[name.name=${SPOKEN}] > Literal[value=/[A-Z ]/]`,
  `JSXElement > JSXExpressionContainer > :matches(Literal, TemplateLiteral)[value!=' ']`,
  `JSXElement > JSXExpressionContainer > :matches(ConditionalExpression, LogicalExpression) > Literal[value=/\\p{L}/u]`,
  `JSXElement > JSXExpressionContainer > :matches(ConditionalExpression, LogicalExpression) > TemplateLiteral`,
].map((selector) => ({ selector, message: IN_MESSAGES }));

export default defineConfig(
  { ignores: ['dist/**', 'node_modules/**', 'coverage/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'web-lora': webLora },
    rules: {
      'web-lora/import-arrow': 'error',
      eqeqeq: 'error',
      'no-console': 'error',
      'no-restricted-syntax': ['error', NO_DATA_SYNC, NO_RANDOM, NO_WORKER],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `async` is how an implementation without a wait keeps its interface: what it throws becomes a rejection.
      '@typescript-eslint/require-await': 'off',
      // Types of the platform promise more than a browser keeps: JSON.stringify, navigator.storage, flags set by a listener.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-extraneous-class': ['error', { allowEmpty: true }],
      // There are no enums: `erasableSyntaxOnly` forbids them.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['src/ui/**/*.tsx'],
    rules: { 'no-restricted-syntax': ['error', NO_DATA_SYNC, NO_RANDOM, NO_WORKER, ...NO_VISIBLE_TEXT] },
  },
  { files: ['workers/**'], rules: { 'no-restricted-syntax': ['error', NO_DATA_SYNC, NO_RANDOM] } },
  { files: ['src/cli/**'], rules: { 'no-console': 'off' } },
  {
    files: TESTS,
    rules: {
      'no-restricted-syntax': ['error', NO_DATA_SYNC, NO_RANDOM],
    },
  },
  {
    files: ['test/browser/**'],
    rules: { 'no-restricted-syntax': ['error', NO_DATA_SYNC, NO_RANDOM, ...NO_SINGLE_LOOK] },
  },
);
