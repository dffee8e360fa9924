import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { EngineDeps } from './engine/engine.ts';
import { WebLoraError } from './errors.ts';
import { openNodeGpu } from './gpu/node.ts';
import { openNodeModels } from './sources/node-models.ts';
import { makeNodeStore } from './storage/node-store.ts';

/** What the engine needs in Node: Dawn, the working folder as storage, the built-in model from disk. */
export function nodeDeps(embedded: URL): EngineDeps {
  return {
    openGpu: () => openNodeGpu(),
    openStore: () => Promise.resolve(makeNodeStore('.')),
    openModels: async () => openNodeModels(),
    readEmbedded: (path) => {
      const file = fileURLToPath(new URL(path, embedded));
      if (!existsSync(file))
        throw new WebLoraError('file-not-found', 'the built-in model', {
          got: 'no such file',
          wanted: file,
          fix: 'run npm run build, or pass its address as `embedded`',
        });
      return Promise.resolve(readFileSync(file));
    },
  };
}
