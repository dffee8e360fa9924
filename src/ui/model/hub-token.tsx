import { useSignal } from '@preact/signals';
import { t } from '../messages/language.ts';
import { tryAgain } from '../state/engine.ts';
import { storeHubToken } from './hub-token-state.ts';

/** For models whose authors ask for a login: the token that the hub gives to its account. */
export function HubToken() {
  const token = useSignal('');
  const keep = (event: Event): void => {
    event.preventDefault();
    void storeHubToken(token.value.trim()).then((isKept) => {
      if (isKept) void tryAgain();
    });
  };
  return (
    <form class="token" onSubmit={keep}>
      <label for="hub-token">{t().model.token.label}</label>
      <input
        id="hub-token"
        type="password"
        autocomplete="off"
        spellcheck={false}
        value={token.value}
        placeholder="hf_…"
        aria-describedby="hub-token-hint"
        onInput={({ currentTarget }) => (token.value = currentTarget.value)}
      />
      <small id="hub-token-hint">{t().model.token.hint}</small>
      <div class="actions">
        <button type="submit" disabled={token.value.trim() === ''}>
          {t().model.token.keep}
        </button>
      </div>
    </form>
  );
}
