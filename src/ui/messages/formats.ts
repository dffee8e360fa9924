/** Numbers and dates as one language writes them, in the reader's own region of it: `de-CH` where the browser says so. */
export interface Formats {
  /** BCP 47 tag. */
  readonly locale: string;
  /** A whole number: `12,345`. */
  readonly count: (value: number) => string;
  /** With this many decimals. */
  readonly decimal: (value: number, digits: number) => string;
  /** With this many significant digits, however small: `0.0004`. */
  readonly significant: (value: number, digits: number) => string;
  /** `1.7 billion` */
  readonly large: (value: number) => string;
  /** `340 kB`, `3.4 MB`, `1.2 GB`, in powers of ten as downloads are counted. */
  readonly bytes: (value: number) => string;
  /** `4 s`, `3 min 20 s`, `1 h 5 min`. The units are those of the SI in every language. */
  readonly duration: (seconds: number) => string;
  readonly dateTime: (date: Date, length: 'short' | 'medium') => string;
  /** The count with the form of its noun that goes with it. */
  readonly plural: (value: number, forms: PluralForms) => string;
  /** One of two texts by a count, without the count. */
  readonly pick: (value: number, forms: PluralForms) => string;
  readonly list: (parts: readonly string[]) => string;
}

/** Forms of a noun by the plural categories of CLDR; every language has `other`. */
export type PluralForms = { readonly other: string } & Partial<Readonly<Record<Intl.LDMLPluralRule, string>>>;

/** Languages of the browser in the person's order; in Node, and where a browser says none, nothing. */
export const browserLanguages = (): readonly string[] =>
  (globalThis as { navigator?: { languages?: readonly string[] } }).navigator?.languages ?? [];

export function formatsOf(language: string, regions: readonly string[] = browserLanguages()): Formats {
  const locale = regions.find((tag) => tag === language || tag.startsWith(`${language}-`)) ?? language;
  const number = (options: Intl.NumberFormatOptions) => {
    const format = new Intl.NumberFormat(locale, options);
    return (value: number): string => format.format(value);
  };
  const count = number({ maximumFractionDigits: 0 });
  const upTo1 = number({ maximumFractionDigits: 1 });
  const rules = new Intl.PluralRules(locale);
  const pick: Formats['pick'] = (value, forms) => forms[rules.select(value)] ?? forms.other;
  return {
    locale,
    count,
    decimal: (value, digits) => number({ minimumFractionDigits: digits, maximumFractionDigits: digits })(value),
    significant: (value, digits) => number({ maximumSignificantDigits: digits })(value),
    large: number({ notation: 'compact', compactDisplay: 'long', maximumFractionDigits: 1 }),
    bytes: (value) => {
      if (value < 1e6) return `${count(value / 1e3)} kB`;
      if (value < 1e9) return `${value < 1e7 ? upTo1(value / 1e6) : count(value / 1e6)} MB`;
      return `${upTo1(value / 1e9)} GB`;
    },
    duration: (seconds) => {
      const whole = Math.max(0, Math.round(seconds));
      if (whole < 60) return `${whole} s`;
      if (whole < 600 && whole % 60 > 0) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
      if (whole < 3600) return `${Math.round(whole / 60)} min`;
      const minutes = Math.round(whole / 60);
      const rest = minutes % 60;
      return `${Math.floor(minutes / 60)} h${rest > 0 ? ` ${rest} min` : ''}`;
    },
    dateTime: (date, length) => date.toLocaleString(locale, { dateStyle: length, timeStyle: 'short' }),
    plural: (value, forms) => `${count(value)} ${pick(value, forms)}`,
    pick,
    list: (parts) => new Intl.ListFormat(locale, { type: 'conjunction' }).format(parts),
  };
}
