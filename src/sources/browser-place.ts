import { askToPersist, openBrowserStore } from '../storage/opfs-store.ts';
import { ModelPlace } from './model-place.ts';

const TOKEN_ADVICE = 'give it to this page';

/** Models and the hub's token in the browser's own storage; in memory where it grants none. */
export async function openBrowserModels(): Promise<ModelPlace> {
  const models = await openBrowserStore('web-lora-models');
  return new ModelPlace({
    models,
    settings: await openBrowserStore('web-lora-settings'),
    tokenAdvice: TOKEN_ADVICE,
    ...(models.isKept && { askToPersist, isPersistent: () => navigator.storage.persisted() }),
  });
}
