import { effect, signal } from '@preact/signals';
import { parseModelAddress } from '../../sources/model-address.ts';
import type { ModelSource } from '../../../workers/engine/contract.ts';
import { model, openModel } from '../state/engine.ts';
import type { PageFailure } from '../state/page-failure.ts';
import { persistedSignal } from '../state/persisted.ts';
import { address, hrefOfUse } from '../state/place.ts';
import { areRunsRead, earlierRuns, openRunAdapter } from '../take-away/runs.ts';
import { adapter } from '../try/trial.ts';

/** Why the adapter that the address names is not open yet. */
export type OpeningState =
  | { readonly kind: 'opening' }
  | { readonly kind: 'missing' }
  /** Its model was opened from this device's files, which a page cannot open by itself. */
  | { readonly kind: 'own-model'; readonly model: string }
  | { readonly kind: 'failed'; readonly failure: PageFailure };

export const opening = signal<OpeningState>({ kind: 'opening' });

/** The chat that was open last: what the installed app begins with. */
const lastUse = persistedSignal('use', '', (value) => typeof value === 'string');

/** What is on this device, asked of no server. */
function sourceOf(name: string): ModelSource | undefined {
  if (name === 'embedded') return { kind: 'embedded' };
  const found = parseModelAddress(name);
  if (found === undefined || found.kind === 'url') return found;
  const { repo: hub, revision, file } = found;
  return { kind: 'hub', hub, revision, ...(file !== undefined && { file }) };
}

async function openUse(out: string): Promise<void> {
  opening.value = { kind: 'opening' };
  const run = earlierRuns.peek().find((known) => known.out === out);
  if (run === undefined || run.damaged !== undefined) {
    opening.value = { kind: 'missing' };
    return;
  }
  const loaded = model.peek();
  if (loaded.kind === 'ready' && loaded.facts.name !== run.model) {
    const source = sourceOf(run.model);
    if (source === undefined) opening.value = { kind: 'own-model', model: run.model };
    // Once it is ready this is called again; why it is not, the model's state says.
    else await openModel(source, true);
    return;
  }
  const failure = await openRunAdapter(out);
  if (failure !== undefined) opening.value = { kind: 'failed', failure };
}

/** Opens the adapter of a chat's address with the model it was trained on, as soon as both are at hand. */
export function watchUse(): void {
  effect(() => {
    const { use } = address.value;
    if (use === undefined) return;
    lastUse.value = use;
    if (model.value.kind === 'ready' && areRunsRead.value && adapter.value?.out !== use) void openUse(use);
  });
}

/** The installed app begins with `#/use`: the chat that was open last, or the start where none was. */
export function beginWithLastUse(): void {
  if (location.hash !== '#/use') return;
  location.replace(lastUse.peek() === '' ? '#/' : hrefOfUse(lastUse.peek()));
}
