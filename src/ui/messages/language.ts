import { computed, effect } from '@preact/signals';
import { persistedSignal } from '../state/persisted.ts';
import { de } from './de.ts';
import { en, type Messages } from './en.ts';
import { browserLanguages, formatsOf, type Formats } from './formats.ts';

interface Language {
  /** Its own name for itself. */
  readonly name: string;
  readonly messages: Messages;
}

/** Every language of the page, the first where the browser asks for none of them. A new one is a file and a line here. */
export const LANGUAGES = {
  en: { name: 'English', messages: en },
  de: { name: 'Deutsch', messages: de },
} as const satisfies Readonly<Record<string, Language>>;

export type LanguageCode = keyof typeof LANGUAGES;
export const LANGUAGE_CODES = Object.keys(LANGUAGES) as readonly LanguageCode[];

const isCode = (value: unknown): value is LanguageCode => LANGUAGE_CODES.includes(value as LanguageCode);

/** The first of the browser's languages that the page has. */
export function languageOf(tags: readonly string[]): LanguageCode {
  return tags.map((tag) => tag.split('-')[0]?.toLowerCase()).find(isCode) ?? 'en';
}

/** What the person switched to; empty while the browser decides. */
const chosenLanguage = persistedSignal<LanguageCode | ''>('language', '', (value) => value === '' || isCode(value));

export const language = computed((): LanguageCode => chosenLanguage.value || languageOf(browserLanguages()));

export function setLanguage(code: LanguageCode): void {
  chosenLanguage.value = code;
}

const texts = computed((): Messages => LANGUAGES[language.value].messages);
const currentFormats = computed((): Formats => formatsOf(language.value));

/** The texts in the language that is shown; a component that reads them is drawn again when it changes. */
export const t = (): Messages => texts.value;
/** Numbers and dates in the language that is shown. */
export const formats = (): Formats => currentFormats.value;

/** Tells the browser which language the page is in: screen readers and hyphenation follow it. */
export function watchLanguage(): void {
  effect(() => {
    document.documentElement.lang = language.value;
  });
}
