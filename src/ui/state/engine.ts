import { signal } from '@preact/signals';
import type { Failure } from '../../errors.ts';
import { EngineClient } from '../../../workers/engine/client.ts';
import type { EngineFacts, ModelFacts } from '../../../workers/engine/contract.ts';

export type ModelState =
  | { readonly kind: 'loading'; readonly phase: string; /** 0 to 1; absent while unknown. */ readonly share?: number }
  | { readonly kind: 'ready'; readonly facts: ModelFacts }
  | {
      readonly kind: 'failed';
      readonly failure: Failure;
      /** The engine is gone: only a reload helps. */ readonly isDead: boolean;
    };

export const engineFacts = signal<EngineFacts | undefined>(undefined);
export const model = signal<ModelState>({ kind: 'loading', phase: 'Starting' });

/** The one strong reference to the engine: a collected proxy would leave its calls open for ever. */
export const engine = EngineClient.start();

let isDead = false;
void engine.died.then((failure) => {
  isDead = true;
  model.value = { kind: 'failed', failure, isDead };
});

/** Death is final: what is still on its way when it comes does not hide it. */
function show(state: ModelState): void {
  if (!isDead) model.value = state;
}

/** Finds the GPU and loads the built-in model; what goes wrong becomes the model's state. */
export async function startEngine(): Promise<void> {
  show({ kind: 'loading', phase: 'Looking for a graphics chip' });
  const described = await engine.describe();
  if (!described.ok) return show({ kind: 'failed', failure: described.error, isDead });
  engineFacts.value = described.value;
  const loaded = await engine.loadModel(
    { kind: 'embedded' },
    {},
    {
      onProgress: ({ phase, done, total }) =>
        show({ kind: 'loading', phase, ...(total > 0 ? { share: done / total } : {}) }),
    },
  );
  show(loaded.ok ? { kind: 'ready', facts: loaded.value } : { kind: 'failed', failure: loaded.error, isDead });
}
