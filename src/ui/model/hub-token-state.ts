import { engine } from '../state/engine.ts';
import { persistedSignal, tellOfDamage } from '../state/persisted.ts';

/** Whether an access token of the hub is kept here. The engine has it; the page never reads it back. */
export const hubTokenKept = persistedSignal('hub-token-kept', false, (value) => typeof value === 'boolean');

/** Keeps the token in this browser's storage, or forgets it with null. @returns whether that worked */
export async function storeHubToken(token: string | null): Promise<boolean> {
  const stored = await engine.storeHubToken(token);
  if (stored.ok) hubTokenKept.value = token !== null;
  return stored.ok;
}

/** On opening: a token that came back damaged, or that the browser cleared, is asked for again. */
export async function findHubToken(): Promise<void> {
  if (!hubTokenKept.peek()) return;
  const found = await engine.hasHubToken();
  if (!found.ok && found.error.code === 'bad-file') tellOfDamage('hub-token');
  if (found.ok ? !found.value : found.error.code === 'bad-file') hubTokenKept.value = false;
}
