import { signal } from '@preact/signals';
import type { Failure } from '../../errors.ts';
import type { ModelChoices } from '../../../workers/engine/contract.ts';
import { engine } from './engine.ts';

export type ChoicesState =
  | { readonly kind: 'none' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'ready'; readonly choices: ModelChoices }
  | { readonly kind: 'failed'; readonly failure: Failure };

export const modelChoices = signal<ChoicesState>({ kind: 'none' });

/** Holds the catalogue against this device; nothing is downloaded. */
export async function findModels(language: string): Promise<void> {
  modelChoices.value = { kind: 'asking' };
  const found = await engine.chooseModels(language === '' ? {} : { languages: [language] });
  modelChoices.value = found.ok ? { kind: 'ready', choices: found.value } : { kind: 'failed', failure: found.error };
}

/** The browser's first language, as the catalogue names it. */
export const ownLanguage = (): string => navigator.language.slice(0, 2).toLowerCase();
