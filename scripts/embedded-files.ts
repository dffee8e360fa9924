import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { contentType } from './static-server.ts';

const ROOT = join(import.meta.dirname, '..', 'models', 'embedded');

/** Files of the built-in model and its examples, as paths below models/embedded. */
function listEmbeddedFiles(): string[] {
  return ['model', 'examples'].flatMap((top) =>
    readdirSync(join(ROOT, top), { recursive: true, encoding: 'utf8' })
      .map((path) => `${top}/${path.replaceAll('\\', '/')}`)
      .filter((path) => statSync(join(ROOT, path)).isFile())
      .filter((path) => top === 'model' || path.endsWith('.jsonl')),
  );
}

/** Files of the built-in model's folder with their sizes, but for what describes it, which the page does not store. */
export function embeddedModelFiles(): { readonly name: string; readonly bytes: number }[] {
  return listEmbeddedFiles()
    .filter((path) => path.startsWith('model/') && !path.endsWith('.md'))
    .map((path) => ({ name: path.slice('model/'.length), bytes: statSync(join(ROOT, path)).size }));
}

/** Copies the built-in model and the examples to `embedded/` of the build, and of the development server. */
export function embeddedFiles(): Plugin {
  return {
    name: 'web-lora:embedded-files',
    configureServer(server) {
      server.middlewares.use('/embedded', (request, response, next) => {
        const path = decodeURIComponent((request.url ?? '').split('?')[0] ?? '').slice(1);
        if (!listEmbeddedFiles().includes(path)) return next();
        response.setHeader('Content-Type', contentType(path));
        response.end(readFileSync(join(ROOT, path)));
      });
    },
    generateBundle() {
      if (this.environment.name === 'client' || this.environment.name === 'ssr') {
        for (const path of listEmbeddedFiles()) {
          this.emitFile({ type: 'asset', fileName: `embedded/${path}`, source: readFileSync(join(ROOT, path)) });
        }
      }
    },
  };
}
