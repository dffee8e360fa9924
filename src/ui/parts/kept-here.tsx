import { useSignal } from '@preact/signals';
import { t } from '../messages/language.ts';
import { hubTokenKept } from '../model/hub-token-state.ts';
import { refreshStoredModels, storedModels } from '../model/stored-models.ts';
import { ownSets } from '../examples/examples.ts';
import { eraseEverything } from '../state/erase.ts';
import { isPersistent, usedBytes } from '../state/storage-use.ts';
import { worksOffline } from '../state/offline.ts';
import { runsOfOtherTabs } from '../state/other-tabs.ts';
import { earlierRuns, refreshRuns } from '../take-away/runs.ts';
import { MayBeCleared, PrivateWindow } from './may-be-cleared.tsx';
import { isTraining } from '../train/training.ts';

/** What this browser keeps of the page, and the one button that takes all of it away. */
export function KeptHere() {
  const texts = t().kept;
  const isAsking = useSignal(false);
  const isBusy = isTraining.value || runsOfOtherTabs.value.size > 0;
  return (
    <details
      class="privacy"
      onToggle={({ currentTarget }) => {
        if (!currentTarget.open) return;
        void Promise.all([refreshRuns(), refreshStoredModels()]);
      }}
    >
      <summary>{texts.title}</summary>
      <p>
        {usedBytes.value !== undefined && texts.used(usedBytes.value)} {texts.onlyHere}{' '}
        {isPersistent.value === true && texts.promised}
      </p>
      <PrivateWindow />
      <MayBeCleared />
      <div class="actions">
        <button
          type="button"
          disabled={isBusy}
          aria-expanded={isAsking.value}
          onClick={() => (isAsking.value = !isAsking.value)}
        >
          {texts.erase}
        </button>
        {isBusy && <p>{texts.busy}</p>}
      </div>
      {isAsking.value && !isBusy && <AskErase onKeep={() => (isAsking.value = false)} />}
    </details>
  );
}

function AskErase({ onKeep }: { readonly onKeep: () => void }) {
  const texts = t().kept;
  const models = storedModels.value;
  const modelBytes = models.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    <div class="notice" role="group" aria-label={texts.ask}>
      <p>{texts.ask}</p>
      <ul class="erased-list">
        <li>{texts.runs(earlierRuns.value.length)}</li>
        <li>{texts.models(models.length, modelBytes)}</li>
        <li>{texts.examples(ownSets.value.length)}</li>
        <li>{texts.settings}</li>
        {hubTokenKept.value && <li>{texts.token}</li>}
        {worksOffline.value && <li>{texts.page}</li>}
      </ul>
      <p>{texts.final}</p>
      <div class="actions">
        <button type="button" onClick={() => void eraseEverything()}>
          {texts.eraseForGood}
        </button>
        <button type="button" class="plain" onClick={onKeep}>
          {texts.keep}
        </button>
      </div>
    </div>
  );
}
