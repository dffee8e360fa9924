import { applyUpdate, waitingUpdate } from '../state/offline.ts';
import { isTraining } from '../state/training.ts';

/** A newer page is there; nobody is interrupted to take it. */
export function UpdateBanner() {
  if (waitingUpdate.value === undefined) return null;
  return (
    <div class="banner" role="status">
      <p>A newer version of this page is ready.</p>
      <button type="button" disabled={isTraining.value} onClick={applyUpdate}>
        {isTraining.value ? 'After training' : 'Reload'}
      </button>
    </div>
  );
}
