import { askToPersist, openBrowserStore } from '../storage/opfs-store.ts';
import { ModelStore } from './model-store.ts';

const TOKEN_ADVICE = 'give it to this page';

/** Models and the hub's token in the browser's own storage; in memory where it grants none. */
export async function openBrowserModels(): Promise<ModelStore> {
  const models = await openBrowserStore('web-lora-models');
  return new ModelStore({
    models,
    settings: await openBrowserStore('web-lora-settings'),
    tokenAdvice: TOKEN_ADVICE,
    ...(models.isPersistent && { askToPersist, isPersistent: () => navigator.storage.persisted() }),
  });
}
