import { makeInferenceEngine } from '../../src/engine/inference-engine.ts';
import { openBrowserGpu } from '../../src/gpu/gpu.ts';
import { openBrowserModels } from '../../src/sources/browser-models.ts';
import { openBrowserStore } from '../../src/storage/opfs-store.ts';
import { serveEngine } from '../engine/serve.ts';

serveEngine(
  makeInferenceEngine({ openGpu: openBrowserGpu, openStore: openBrowserStore, openModels: openBrowserModels }),
);
