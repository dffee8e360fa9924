import { signal } from '@preact/signals';
import type { Failure } from '../../errors.ts';
import type {
  EngineFacts,
  LoadOptions,
  ModelFacts,
  ModelSource,
  ProgressEvent,
} from '../../../workers/engine/contract.ts';
import { startEngineInPage } from '../../../workers/engine/in-page.ts';
import { persistedSignal } from './persisted.ts';
import { askToPersistOnce } from './storage-use.ts';
import { forgetWanted, goAndFetch, isDistant, leaveDownload, mayFetch, wantedModel } from '../model/model-server.ts';

/** What is done until a model is ready: the engine’s phases, and what comes before them. */
export type LoadPhase =
  ProgressEvent['phase'] | 'starting' | 'looking for a graphics chip' | 'opening the download' | 'opening the model';

export type ModelState =
  | {
      readonly kind: 'loading';
      readonly phase: LoadPhase;
      /** 0 to 1; absent while unknown. */
      readonly share?: number;
      /** Of a download. */
      readonly bytes?: { readonly done: number; readonly total: number };
    }
  | { readonly kind: 'ready'; readonly facts: ModelFacts; readonly source: ModelSource }
  | {
      readonly kind: 'failed';
      readonly failure: Failure;
      /** The engine is gone: only a reload helps. */ readonly isDead: boolean;
      readonly source: ModelSource;
    };

const EMBEDDED: ModelSource = { kind: 'embedded' };
/** A worker that does not answer does not keep the page from leaving a download. */
const RECORDED_WITHIN_MS = 5000;

export const engineFacts = signal<EngineFacts | undefined>(undefined);
/** How models are opened. */
export const loadOptions = signal<Pick<LoadOptions, 'base' | 'context'>>({});
export const model = signal<ModelState>({ kind: 'loading', phase: 'starting' });
/** The one strong reference to the engine: a collected proxy would leave its calls open for ever. */
export const engine = startEngineInPage();

/** The model of the hub or of an address that was in use last: it is on this device, and opens without a request. */
const lastModel = persistedSignal<ModelSource>('model', EMBEDDED, (value) =>
  ['embedded', 'hub', 'url'].includes(String((value as Partial<ModelSource> | null)?.kind)),
);

/** The model that was in use last and is not here any more, though nobody deleted it; until the person has read of it. */
export const lostModel = signal<ModelSource | undefined>(undefined);

const nameOfSource = (source: ModelSource): string =>
  source.kind === 'hub' ? `hf:${source.hub}` : source.kind === 'url' ? source.url : source.kind;

/** The person deletes a model: it is not missed on the next visit. */
export function forgetModel(name: string): void {
  if (nameOfSource(lastModel.peek()) === name) lastModel.value = EMBEDDED;
}

let isDead = false;
let loading: AbortController | undefined;
/** The model that is being opened, until it is or has failed. */
let opening: Promise<unknown> = Promise.resolve();
let wanted: ModelSource = EMBEDDED;
void engine.died.then((failure) => {
  isDead = true;
  model.value = { kind: 'failed', failure, isDead, source: wanted };
});

/** Death is final: what is still on its way when it comes does not hide it. */
function show(state: ModelState): void {
  if (!isDead) model.value = state;
}

/** Finds the GPU and loads the model that is wanted or was in use last; what goes wrong becomes the model's state. */
export async function startEngine(): Promise<void> {
  show({ kind: 'loading', phase: 'looking for a graphics chip' });
  const described = await engine.describe();
  if (!described.ok) return show({ kind: 'failed', failure: described.error, isDead, source: EMBEDDED });
  engineFacts.value = described.value;
  const asked = wantedModel();
  if (asked !== undefined && mayFetch(asked)) return openModel(asked);
  forgetWanted();
  const last = lastModel.peek();
  if (last.kind !== 'embedded') await openModel(last, true);
  if (model.value.kind === 'ready') return;
  // The built-in model always is there.
  if (last.kind !== 'embedded') lostModel.value = last;
  await openModel(EMBEDDED);
}

/** Stops a download; what has arrived is kept for the next time. */
export async function stopLoading(): Promise<void> {
  wanted = EMBEDDED;
  loading?.abort();
  // Leaving the document ends the worker, which first has to record what arrived.
  await Promise.race([opening, new Promise((resolve) => setTimeout(resolve, RECORDED_WITHIN_MS))]);
  backToBuiltIn();
}

/** The built-in model again, in the document that asks its own origin only. */
export function backToBuiltIn(): void {
  lastModel.value = EMBEDDED;
  if (!leaveDownload()) void openModel(EMBEDDED);
}

/** The same once more; a download goes on where it was. */
export async function tryAgain(): Promise<void> {
  if (engineFacts.peek() === undefined) return startEngine();
  return openModel(wanted);
}

/**
 * Makes another model the one that is trained and asked.
 * @param offline use what is on this device and ask no server
 */
export async function openModel(source: ModelSource, offline = false): Promise<void> {
  const isFetched = isDistant(source) && !offline;
  if (isFetched && !mayFetch(source)) {
    show({ kind: 'loading', phase: 'opening the download' });
    if (goAndFetch(source)) return;
    const failure: Failure = {
      code: 'storage',
      message: 'this browser keeps nothing for this page, so no model can be downloaded; open a model on this device',
    };
    return show({ kind: 'failed', failure, isDead, source });
  }
  if (isFetched) void askToPersistOnce();
  wanted = source;
  const previous = model.peek();
  const mine = new AbortController();
  loading = mine;
  show({ kind: 'loading', phase: 'opening the model' });
  // Two models at once may not fit. The old one's last answer is given up with it.
  if (previous.kind === 'ready') await engine.unloadModel(previous.facts.id);
  const call = engine.loadModel(
    source,
    // Whoever opens the built-in model will try training, most likely with the settings they find.
    { ...loadOptions.peek(), ...(offline && { offline }), ...(source.kind === 'embedded' && { prepare: {} }) },
    {
      signal: mine.signal,
      onProgress: ({ phase, done, total, unit }) => {
        if (wanted !== source) return;
        const share = total > 0 ? { share: done / total } : {};
        const isDownload = unit === 'bytes' && source.kind !== 'embedded';
        show({ kind: 'loading', phase, ...share, ...(isDownload && { bytes: { done, total } }) });
      },
    },
  );
  opening = call;
  const loaded = await call;
  if (wanted !== source) {
    // Chosen over meanwhile: nobody will use it.
    if (loaded.ok) await engine.unloadModel(loaded.value.id);
    return;
  }
  if (loaded.ok && source.kind !== 'files') lastModel.value = source;
  if (loaded.ok && isFetched) forgetWanted();
  show(
    loaded.ok
      ? { kind: 'ready', facts: loaded.value, source }
      : { kind: 'failed', failure: loaded.error, isDead, source },
  );
}
