import type { EngineFacts } from '../../../workers/engine/contract.ts';
import {
  backToBuiltIn,
  engineFacts,
  loadOptions,
  lostModel,
  model,
  openModel,
  stopLoading,
  tryAgain,
  type ModelState,
} from '../state/engine.ts';
import { isDistant } from './model-server.ts';
import { HowFast } from './how-fast.tsx';
import { OwnPickers } from './own-pickers.tsx';
import { refreshRuns } from '../take-away/runs.ts';
import { isTraining } from '../train/training.ts';
import { t } from '../messages/language.ts';
import { EngineText } from '../parts/engine-text.tsx';
import { modelTitle } from '../words.ts';
import { GpuHelp } from './gpu-help.tsx';
import { HubToken } from './hub-token.tsx';
import { Problem } from '../parts/problem.tsx';

/** Which model, on what: ready, on its way, or why not. */
export function ModelStatus() {
  const texts = t().model.status;
  const state = model.value;
  if (state.kind === 'failed') {
    const wantsLogin = state.failure.code === 'access' && state.source.kind === 'hub';
    return (
      <Problem
        failure={state.failure}
        lost={state.isDead ? texts.savedBefore : isDistant(state.source) ? texts.arrivedKept : texts.nothingStarted}
      >
        {state.isDead ? (
          <button type="button" onClick={() => location.reload()}>
            {texts.reload}
          </button>
        ) : (
          <>
            {wantsLogin && <HubToken />}
            <button type="button" onClick={() => void tryAgain().then(refreshRuns)}>
              {texts.tryAgain}
            </button>
            {isDistant(state.source) && <OwnPickers />}
            {state.source.kind !== 'embedded' && (
              <button type="button" onClick={backToBuiltIn}>
                {texts.useBuiltIn}
              </button>
            )}
          </>
        )}
      </Problem>
    );
  }
  return (
    <>
      <LostModel />
      <Facts state={state} />
    </>
  );
}

/** The model of the last visit, which the browser cleared away. */
function LostModel() {
  const texts = t().model.status;
  const lost = lostModel.value;
  if (lost === undefined || !isDistant(lost)) return null;
  const read = (): void => (lostModel.value = undefined);
  return (
    <div class="notice" role="status">
      <p>{texts.lost(modelTitle(lost.kind === 'hub' ? `hf:${lost.hub}` : lost.url))}</p>
      <div class="actions">
        <button
          type="button"
          disabled={model.value.kind !== 'ready' || isTraining.value}
          onClick={() => {
            read();
            void openModel(lost);
          }}
        >
          {texts.downloadAgain}
        </button>
        <button type="button" class="plain" onClick={read}>
          {t().storage.read}
        </button>
      </div>
    </div>
  );
}

function Facts({ state }: { readonly state: Exclude<ModelState, { readonly kind: 'failed' }> }) {
  const texts = t().model.status;
  return (
    <dl class="facts" aria-label={texts.label}>
      <div>
        <dt>{texts.model}</dt>
        <dd>
          {state.kind === 'ready' ? (
            <span>
              <span class="dot" aria-hidden="true" />{' '}
              {texts.ready(
                state.source.kind === 'embedded' ? texts.builtIn : modelTitle(state.facts.name),
                state.facts.parameterCount,
              )}
              {state.source.kind === 'embedded' && texts.forTryingOut}
              {loadOptions.value.base !== undefined && texts.storedAs(state.facts.base)}
            </span>
          ) : (
            <LoadingModel {...state} />
          )}
        </dd>
      </div>
      {state.kind === 'ready' && state.facts.notes.length > 0 && (
        <div>
          <dt>{texts.files}</dt>
          <dd>
            {state.facts.notes.map((note) => (
              <p key={note}>
                <EngineText text={note} />
              </p>
            ))}
          </dd>
        </div>
      )}
      {engineFacts.value !== undefined && (
        <div>
          <dt>{texts.runsOn}</dt>
          <dd>
            {describeDevice(engineFacts.value)}
            <HowFast />
            <GpuHelp />
          </dd>
        </div>
      )}
    </dl>
  );
}

function LoadingModel({ phase, share, bytes }: Extract<ModelState, { readonly kind: 'loading' }>) {
  const texts = t().model.status;
  return (
    <span class="loading">
      <label for="model-progress">
        {texts.progress(t().model.phases[phase])}
        {bytes !== undefined && texts.bytes(bytes.done, bytes.total)}
      </label>
      <progress id="model-progress" {...(share === undefined ? {} : { value: share })} max={1} />
      {bytes !== undefined && (
        <span class="actions">
          <button type="button" onClick={() => void stopLoading()}>
            {texts.stop}
          </button>
          <span class="quiet">{texts.keptForNext}</span>
        </span>
      )}
    </span>
  );
}

function describeDevice({ executor, adapter }: EngineFacts): string {
  const texts = t().device;
  if (executor === 'cpu' || adapter === undefined) return texts.noGpu;
  const { description, device, vendor, architecture, isSoftware } = adapter;
  // Browsers often hide the exact name, and give the maker and the family only.
  const family = architecture === 'swiftshader' ? 'SwiftShader' : `${vendor} ${architecture}`.trim();
  const name = description || device || family || texts.nameless;
  return isSoftware ? texts.software(name) : texts.gpu(name);
}
