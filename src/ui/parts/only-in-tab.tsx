import { t } from '../messages/language.ts';
import { isOnlyInTab } from '../take-away/runs.ts';

/** Where the open adapter is used: that its files are gone, and that only this tab still has it. */
export function OnlyInTab() {
  if (!isOnlyInTab.value) return null;
  return (
    <p class="notice" role="alert">
      {t().result.onlyInTab}
    </p>
  );
}
