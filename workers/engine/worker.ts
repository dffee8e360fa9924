import { openBrowserGpu } from '../../src/gpu/gpu.ts';
import { openBrowserModels } from '../../src/sources/browser-models.ts';
import { openBrowserStore } from '../../src/storage/opfs-store.ts';
import { makeEngine } from '../../src/engine/engine.ts';
import { fetchEmbedded } from '../../src/engine/fetch-embedded.ts';
import { serveEngine } from './serve.ts';

// The build puts workers into assets/, beside which the built-in model lies; the development server keeps the tree.
// Of this program, not of the worker: that may have begun from a blob.
const program = import.meta.url;
const embedded = new URL(import.meta.env.DEV ? '/embedded/' : '../embedded/', program);

const engine = makeEngine({
  openGpu: openBrowserGpu,
  openStore: openBrowserStore,
  openModels: openBrowserModels,
  readEmbedded: fetchEmbedded(embedded),
});

serveEngine(engine);
