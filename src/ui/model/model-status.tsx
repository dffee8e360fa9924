import type { EngineFacts } from '../../../workers/engine/contract.ts';
import {
  backToBuiltIn,
  engineFacts,
  loadOptions,
  model,
  stopLoading,
  tryAgain,
  type ModelState,
} from '../state/engine.ts';
import { isDistant } from './model-server.ts';
import { refreshRuns } from '../take-away/runs.ts';
import { formatBytes, formatParameters, modelTitle } from '../words.ts';
import { GpuHelp } from './gpu-help.tsx';
import { HubToken } from './hub-token.tsx';
import { Problem } from '../parts/problem.tsx';

/** Which model, on what: ready, on its way, or why not. */
export function ModelStatus() {
  const state = model.value;
  if (state.kind === 'failed') {
    const wantsLogin = state.failure.code === 'access' && state.source.kind === 'hub';
    return (
      <Problem
        failure={state.failure}
        lost={
          state.isDead
            ? 'What was saved before is kept in this browser.'
            : isDistant(state.source)
              ? 'Nothing was lost: what has arrived of it is kept.'
              : 'Nothing was lost: nothing had been started.'
        }
      >
        {state.isDead ? (
          <button type="button" onClick={() => location.reload()}>
            Reload the page
          </button>
        ) : (
          <>
            {wantsLogin && <HubToken />}
            <button type="button" onClick={() => void tryAgain().then(refreshRuns)}>
              Try again
            </button>
            {state.source.kind !== 'embedded' && (
              <button type="button" onClick={backToBuiltIn}>
                Use the built-in model
              </button>
            )}
          </>
        )}
      </Problem>
    );
  }
  return (
    <dl class="facts" aria-label="Model and device">
      <div>
        <dt>Model</dt>
        <dd>
          {state.kind === 'ready' ? (
            <span>
              <span class="dot" aria-hidden="true" />{' '}
              {state.source.kind === 'embedded' ? 'Built-in model' : modelTitle(state.facts.name)} ready,{' '}
              {formatParameters(state.facts.parameterCount)} parameters
              {state.source.kind === 'embedded' && ', for trying out'}
              {loadOptions.value.base !== undefined && `, kept as ${state.facts.base}`}
            </span>
          ) : (
            <LoadingModel {...state} />
          )}
        </dd>
      </div>
      {state.kind === 'ready' && state.facts.notes.length > 0 && (
        <div>
          <dt>Its files</dt>
          <dd>
            {state.facts.notes.map((note) => (
              <p key={note}>{note}</p>
            ))}
          </dd>
        </div>
      )}
      {engineFacts.value !== undefined && (
        <div>
          <dt>Runs on</dt>
          <dd>
            {describeDevice(engineFacts.value)}
            {engineFacts.value.executor === 'webgpu' && (
              <>
                {' '}
                <a href="./bench.html">
                  <small>How fast?</small>
                </a>
              </>
            )}
            <GpuHelp />
          </dd>
        </div>
      )}
    </dl>
  );
}

function LoadingModel({ phase, share, bytes }: Extract<ModelState, { readonly kind: 'loading' }>) {
  return (
    <span class="loading">
      <label for="model-progress">
        {phase}…{bytes !== undefined && ` ${formatBytes(bytes.done)} of ${formatBytes(bytes.total)}`}
      </label>
      <progress id="model-progress" {...(share === undefined ? {} : { value: share })} max={1} />
      {bytes !== undefined && (
        <span class="actions">
          <button type="button" onClick={stopLoading}>
            Stop
          </button>
          <span class="quiet">What has arrived is kept for the next time.</span>
        </span>
      )}
    </span>
  );
}

function describeDevice({ executor, adapter }: EngineFacts) {
  if (executor === 'cpu' || adapter === undefined) {
    return 'This computer’s processor, without a graphics chip: everything works, but slowly';
  }
  const { description, device, vendor, architecture, isSoftware } = adapter;
  // Browsers often hide the exact name, and give the maker and the family only.
  const family = architecture === 'swiftshader' ? 'SwiftShader' : `${vendor} ${architecture}`.trim();
  const name = description || device || family || 'A graphics chip without a name';
  return isSoftware
    ? `${name}: a graphics chip imitated in software. Everything works, but slowly`
    : `${name}, through WebGPU`;
}
