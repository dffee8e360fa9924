import { continueRun } from '../state/training.ts';

/** Offered where a stopped run can go on. */
export function ContinueButton() {
  return (
    <button type="button" onClick={() => void continueRun()}>
      Continue training
    </button>
  );
}
