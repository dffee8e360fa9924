/** A setting as part of a sentence, by its key. */
export interface Mention {
  readonly setting: string;
  /** The value the sentence says to give it. */
  readonly value?: string | number;
}

/** A sentence for the user. What it says of settings is left to the surface that shows it. */
export type Phrase = string | readonly (string | Mention)[];

/** Names a setting in a phrase: `--seq-len` in the terminal, its label on the page, `seqLen` in the library. */
export function setting(key: string, value?: string | number): Mention {
  return value === undefined ? { setting: key } : { setting: key, value };
}

/**
 * Tag of a phrase that mentions settings.
 * @example phrase`lower ${setting('seqLen')} or ${setting('rank')}`
 */
export function phrase(texts: TemplateStringsArray, ...values: readonly (number | Mention | Phrase)[]): Phrase {
  return joinPhrases(
    texts.flatMap((text, i): (Phrase | Mention)[] => {
      const value = values[i];
      return value === undefined ? [text] : [text, typeof value === 'number' ? String(value) : value];
    }),
  );
}

export function joinPhrases(parts: readonly (Phrase | Mention)[]): Phrase {
  const joined: (string | Mention)[] = [];
  for (const part of parts.flat()) {
    const last = joined.at(-1);
    if (typeof part === 'string' && typeof last === 'string') joined[joined.length - 1] = last + part;
    else if (part !== '') joined.push(part);
  }
  return joined.every((part) => typeof part === 'string') ? joined.join('') : joined;
}

/** The phrase as a sentence, with each setting as `nameOf` calls it; by default as the library does. */
export function wordPhrase(said: Phrase, nameOf: (mention: Mention) => string = nameByKey): string {
  if (typeof said === 'string') return said;
  return said.map((part) => (typeof part === 'string' ? part : nameOf(part))).join('');
}

function nameByKey({ setting: key, value }: Mention): string {
  return value === undefined ? key : `${key} ${value}`;
}
