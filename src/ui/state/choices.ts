import { effect, signal } from '@preact/signals';
import type { Failure } from '../../errors.ts';
import type { ModelChoices } from '../../../workers/engine/contract.ts';
import { engine, engineFacts } from './engine.ts';

export type ChoicesState =
  | { readonly kind: 'none' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'ready'; readonly choices: ModelChoices }
  | { readonly kind: 'failed'; readonly failure: Failure };

export const modelChoices = signal<ChoicesState>({ kind: 'none' });

/** What was asked for in this tab: a download begins in another document, where the list is to be there still. */
const ASKED = 'web-lora.choices';

/** Holds the catalogue against this device; nothing is downloaded. */
export async function findModels(language: string): Promise<void> {
  modelChoices.value = { kind: 'asking' };
  const found = await engine.chooseModels(language === '' ? {} : { languages: [language] });
  modelChoices.value = found.ok ? { kind: 'ready', choices: found.value } : { kind: 'failed', failure: found.error };
  try {
    sessionStorage.setItem(ASKED, language);
  } catch {
    // Then it has to be asked for again.
  }
}

/** The language that was asked for in this tab; undefined where nothing was. */
export function askedLanguage(): string | undefined {
  try {
    return sessionStorage.getItem(ASKED) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Shows the list again after a change of documents or a reload. */
export function watchChoices(): void {
  const language = askedLanguage();
  if (language === undefined) return;
  const stop = effect(() => {
    if (engineFacts.value === undefined) return;
    queueMicrotask(() => stop());
    if (modelChoices.peek().kind === 'none') void findModels(language);
  });
}

/** The browser's first language, as the catalogue names it. */
export const ownLanguage = (): string => navigator.language.slice(0, 2).toLowerCase();
