/// <reference types="vitest/config" />
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { build, defineConfig, type Plugin, type UserConfig } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';
import { DOWNLOAD_DOCUMENT, DOWNLOAD_POLICY, ISOLATION, PAGE_POLICY } from './src/ui/policy.ts';
import { embeddedFiles, embeddedModelFiles } from './scripts/embedded-files.ts';
import { commitOf } from './src/cli/commit.ts';

const at = (path: string): string => join(import.meta.dirname, path);

const written = (policy: string): string => `http-equiv="Content-Security-Policy" content="${policy}"`;

/**
 * Only in the built page: the development server injects inline styles. Beside the page it writes the document for
 * downloads, which is the same page under the policy that its first script narrows (`src/ui/model/model-server.ts`).
 */
function contentSecurityPolicy(): Plugin {
  return {
    name: 'web-lora:content-security-policy',
    apply: 'build',
    transformIndexHtml: (html) => html.replace('<head>', `<head>\n    <meta ${written(PAGE_POLICY)} />`),
    writeBundle: async ({ dir = '' }) => {
      const page = await readFile(join(dir, 'index.html'), 'utf8');
      const download = page
        .replace(written(PAGE_POLICY), written(DOWNLOAD_POLICY))
        .replace('<html ', '<html data-document="download" ');
      await writeFile(join(dir, DOWNLOAD_DOCUMENT), download);
    },
  };
}

/** Replaces the engine that the worker imports by the scripted one. */
function scriptedEngine(): Plugin {
  return {
    name: 'web-lora:scripted-engine',
    enforce: 'pre',
    resolveId: (id) => (id.endsWith('/src/engine/engine.ts') ? at('workers/engine/fake.ts') : null),
  };
}

/** Files of the benchmark's page, which few open and nobody without a network. */
const BENCH_PREFIX = 'assets/bench-';

/** Marks all parts of the benchmark's worker by their names: tfjs and jax-js are among them. To be made for each worker. */
function nameBenchWorker(): Plugin {
  let isBench = false;
  return {
    name: 'web-lora:name-bench-worker',
    options: ({ input }) => {
      isBench = typeof input === 'string' && /workers[\\/]bench[\\/]worker\.ts$/.test(input);
    },
    outputOptions: (options) =>
      isBench
        ? {
            ...options,
            entryFileNames: `${BENCH_PREFIX}[name]-[hash].js`,
            chunkFileNames: `${BENCH_PREFIX}[name]-[hash].js`,
          }
        : options,
  };
}

/** Makes the page installable, and stores it with the built-in model so that it works without a network. */
function offline(): Plugin[] {
  return VitePWA({
    registerType: 'prompt',
    // The page registers it: an inline script would break its policy.
    injectRegister: false,
    filename: 'sw.js',
    manifest: {
      name: 'WebLoRA',
      short_name: 'WebLoRA',
      description: 'Teach a small language model from your own examples, in this browser tab.',
      id: './',
      // The chat that was used last, or the start: `src/ui/use/opening.ts`.
      start_url: './#/use',
      scope: './',
      display: 'standalone',
      background_color: '#fbfaf7',
      theme_color: '#0b6b5c',
      icons: [{ src: './icon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' }],
    },
    workbox: {
      globPatterns: ['**/*'],
      globIgnores: ['sw.js', '**/*.map', '**/LICENSE*', '**/README*', 'bench.html', `${BENCH_PREFIX}*`],
      // Not stored, so not to be answered with the page.
      navigateFallbackDenylist: [/\/bench\.html(\?|$)/],
      maximumFileSizeToCacheInBytes: 64 * 2 ** 20,
      inlineWorkboxRuntime: true,
      sourcemap: false,
      clientsClaim: true,
      cleanupOutdatedCaches: true,
    },
  });
}

/**
 * What a site needs to show a tuned model, in `site-kit/` of the page: the widget with an engine that only talks, and a list of
 * these files and of the built-in model's.
 */
function siteKit(): Plugin {
  return {
    name: 'web-lora:site-kit',
    apply: 'build',
    writeBundle: async ({ dir = '' }) => {
      const outDir = join(dir, 'site-kit');
      await build({
        configFile: false,
        root: import.meta.dirname,
        base: './',
        publicDir: false,
        logLevel: 'warn',
        worker: { format: 'es' },
        build: {
          outDir,
          emptyOutDir: true,
          target: 'es2023',
          modulePreload: false,
          reportCompressedSize: false,
          rolldownOptions: {
            input: at('src/widget/weblora-chat.ts'),
            output: { entryFileNames: 'weblora-chat.js' },
          },
        },
      });
      const files = (await readdir(outDir, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => relative(outDir, join(parentPath, name)).replaceAll('\\', '/'));
      const model = embeddedModelFiles();
      await writeFile(join(outDir, 'files.json'), `${JSON.stringify({ kit: files.sort(), model }, null, 2)}\n`);
    },
  };
}

/**
 * The page, and beside it the benchmark's: static files that work from any host and below any path. `fake` is the page alone
 * with the scripted engine in its worker.
 */
function app(engine: 'real' | 'fake'): UserConfig {
  return {
    base: './',
    plugins: [contentSecurityPolicy(), embeddedFiles(), ...(engine === 'real' ? [siteKit()] : []), offline()],
    // What is found only when a worker runs makes the development server reload the page, in the middle of a measurement.
    optimizeDeps: { entries: ['*.html', 'workers/*/worker.ts'] },
    server: { headers: ISOLATION },
    preview: { headers: ISOLATION },
    define: { __COMMIT__: JSON.stringify(commitOf(import.meta.dirname)) },
    worker: { format: 'es', plugins: () => (engine === 'fake' ? [scriptedEngine()] : [nameBenchWorker()]) },
    build: {
      rolldownOptions: {
        input: { index: at('index.html'), ...(engine === 'real' && { bench: at('bench.html') }) },
      },
      outDir: engine === 'fake' ? 'dist/fake-app' : 'dist/app',
      emptyOutDir: true,
      target: 'es2023',
      reportCompressedSize: false,
    },
  };
}

/** The library: its dependencies stay imports, for the bundler of whoever uses it; its worker is whole. */
const library: UserConfig = {
  base: './',
  publicDir: false,
  plugins: [embeddedFiles()],
  worker: { format: 'es' },
  build: {
    outDir: 'dist/lib',
    emptyOutDir: true,
    target: 'es2023',
    minify: false,
    reportCompressedSize: false,
    lib: { entry: { index: at('src/index.ts') }, formats: ['es'] },
    rolldownOptions: { external: (id: string) => /^(node:|[a-z@])/.test(id) && !id.startsWith('/') },
  },
};

/** The terminal command: one file, beside it the built-in model. */
const cli: UserConfig = {
  publicDir: false,
  plugins: [embeddedFiles()],
  ssr: { noExternal: true, external: ['webgpu', '@sparticuz/chromium', '@jax-js/jax'] },
  build: {
    ssr: at('src/cli/main.ts'),
    outDir: 'dist',
    emptyOutDir: false,
    target: 'node20',
    minify: false,
    rolldownOptions: {
      output: { entryFileNames: 'cli.js', codeSplitting: false, banner: '#!/usr/bin/env node' },
    },
  },
};

const BUILDS: Readonly<Record<string, UserConfig>> = { lib: library, cli };

export default defineConfig(({ mode, command }) => ({
  ...(BUILDS[mode] ?? app(mode === 'fake' ? 'fake' : 'real')),
  ...(command === 'serve' ? { base: '/' } : {}),
  test: {
    pool: 'forks',
    maxWorkers: 2,
    // A busy machine is slow, not wrong: tests wait for states, and give up on those alone that do not come.
    testTimeout: 600_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 240_000 } },
    exclude: ['**/node_modules/**', 'dist/**'],
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['{src,kernels,models,workers,test,scripts}/**/*.test.ts'],
          exclude: ['test/browser/**', 'test/cli/**'],
        },
      },
      {
        extends: true,
        test: { name: 'cli', include: ['test/cli/**/*.test.ts'], globalSetup: ['test/cli/build.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/browser/build.ts'],
        },
      },
    ],
  },
}));
