import { makeMemoryStore } from '../storage/memory-store.ts';
import { askToPersist, hasOpfs, makeOpfsStore } from '../storage/opfs-store.ts';
import { ModelPlace } from './model-place.ts';

const TOKEN_ADVICE = 'give it to this page';

/** Models and the hub's token in the browser's own storage; in memory where it grants none. */
export async function openBrowserModels(): Promise<ModelPlace> {
  if (!hasOpfs())
    return new ModelPlace({ models: makeMemoryStore(), settings: makeMemoryStore(), tokenAdvice: TOKEN_ADVICE });
  return new ModelPlace({
    models: await makeOpfsStore('web-lora-models'),
    settings: await makeOpfsStore('web-lora-settings'),
    tokenAdvice: TOKEN_ADVICE,
    askToPersist,
    isPersistent: () => navigator.storage.persisted(),
  });
}
