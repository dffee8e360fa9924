import { expose } from 'comlink';
import { resolveBase } from '../../models/base/base-format.ts';
import { openModel } from '../../models/checkpoint/open-model.ts';
import { runSuites } from '../../src/bench/suites.ts';
import { toFailure } from '../../src/errors.ts';
import { openBrowserGpu } from '../../src/gpu/gpu.ts';
import { EventSender } from '../../src/engine/events.ts';
import { fetchEmbedded, readEmbeddedFolder } from '../../src/engine/fetch-embedded.ts';
import type { BenchApi, BenchEvent, BenchRequest } from './contract.ts';

/** Of the build; put there by vite.config.ts. */
declare const __COMMIT__: string;

// As for the engine: the built-in model lies beside assets/, and the development server keeps the tree.
const readEmbedded = fetchEmbedded(new URL(import.meta.env.DEV ? '/embedded/' : '../embedded/', import.meta.url));

async function run({ suites, runtime, ...request }: BenchRequest, port: MessagePort): Promise<void> {
  const events = new EventSender<BenchEvent>(port);
  const opening = readEmbeddedFolder(readEmbedded).then(openModel);
  for (const suite of suites) {
    try {
      const opened = await opening;
      // Each suite has a device of its own, so that one which loses it does not take the next ones along.
      const gpu = await openBrowserGpu();
      try {
        const rows = runSuites({
          ...request,
          gpu,
          opened,
          format: resolveBase(opened),
          suites: [suite],
          runtime,
          commit: __COMMIT__,
          onMeasure: (what) => events.send({ kind: 'measuring', suite, what }),
        });
        for await (const row of rows) events.send({ kind: 'row', row });
      } finally {
        gpu.destroy();
      }
    } catch (thrown) {
      const { code, message } = toFailure(thrown);
      events.send({ kind: 'failed', failure: { code, message: `${suite}: ${message}` } });
    }
  }
  events.send({ kind: 'done' });
  events.flush();
}

const api: BenchApi = { run };
expose(Object.freeze(api));
