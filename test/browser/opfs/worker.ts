import { makeOpfsStore } from '../../../src/storage/opfs-store.ts';
import { describeStore } from '../../../src/storage/store-contract.ts';
import { runAll } from './in-worker.ts';

let count = 0;
describeStore('origin private file system', async () => {
  const folder = `store-${(count += 1)}`;
  const root = await navigator.storage.getDirectory();
  return {
    store: await makeOpfsStore(folder),
    second: await makeOpfsStore(folder),
    dispose: () => root.removeEntry(folder, { recursive: true }),
  };
});

self.onmessage = () => void runAll().then((outcomes) => self.postMessage(outcomes));
