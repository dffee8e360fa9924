import { t } from '../messages/language.ts';
import { applyUpdate, waitingUpdate } from '../state/offline.ts';
import { runsOfOtherTabs } from '../state/other-tabs.ts';
import { isTraining } from '../train/training.ts';

/** A newer page is there; nobody is interrupted to take it. */
export function UpdateBanner() {
  if (waitingUpdate.value === undefined) return null;
  // All tabs change over at once: a run in another one would miss parts of the page it still needs.
  const isBusy = isTraining.value || runsOfOtherTabs.value.size > 0;
  return (
    <div class="banner" role="status">
      <p>{t().update.ready}</p>
      <button type="button" disabled={isBusy} onClick={applyUpdate}>
        {isBusy ? t().update.later : t().update.reload}
      </button>
    </div>
  );
}
