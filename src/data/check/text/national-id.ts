import { stdnum } from 'stdnum';
import { WebLoraError } from '../../../errors.ts';
import { mergeRanges, rangesOf, type TextCheck } from '../finding.ts';

interface NationalId {
  readonly name: string;
  readonly pattern: RegExp;
  readonly isValid: (text: string) => boolean;
  /** Words of which one must stand before a number whose form and check digits many other numbers have too. */
  readonly context?: RegExp;
}

/** @throws WebLoraError 'internal' at load when the library has no such number */
function by(country: string, number: string): (text: string) => boolean {
  const validator = stdnum[country]?.[number];
  if (validator === undefined) throw new WebLoraError('internal', `stdnum has no ${country} ${number}`);
  return (text) => validator.validate(text).isValid;
}

/** `\b` also beside letters of other alphabets, and no digits that go on behind a point or dash. */
const whole = (body: string): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{N}]|\\d[-./])(?:${body})(?![\\p{L}\\p{N}]|[-./]\\d)`, 'giu');

const validDni = by('ES', 'dni');
const validNie = by('ES', 'nie');

/** The identification numbers of persons, by country, with their check digits; from the states' own rules in `stdnum`. */
const IDS: readonly NationalId[] = [
  { name: 'DE Steuer-ID', pattern: whole('[1-9]\\d[ ]?\\d{3}[ ]?\\d{3}[ ]?\\d{3}'), isValid: by('DE', 'idnr') },
  {
    name: 'DE Sozialversicherungsnummer',
    pattern: whole('\\d{2}[ ]?[0-3]\\d[01]\\d{3}[ ]?[A-Z][ ]?\\d{3}'),
    isValid: by('DE', 'svnr'),
  },
  {
    name: 'FR NIR',
    pattern: whole('[12378][ ]?\\d{2}[ ]?\\d{2}[ ]?(?:\\d{2}|2[AB])[ ]?\\d{3}[ ]?\\d{3}[ ]?\\d{2}'),
    isValid: by('FR', 'nir'),
  },
  {
    name: 'IT codice fiscale',
    pattern: whole(
      '[A-Z]{3}[ ]?[A-Z]{3}[ ]?[0-9LMNPQRSTUV]{2}[A-EHLMPRST][0-9LMNPQRSTUV]{2}[ ]?[A-Z][0-9LMNPQRSTUV]{3}[A-Z]',
    ),
    isValid: by('IT', 'codicefiscale'),
  },
  {
    name: 'ES DNI',
    pattern: whole('\\d{2}[.]?\\d{3}[.]?\\d{3}[ -]?[A-Z]'),
    isValid: (text) => validDni(text.replace(/[. -]/g, '')),
  },
  {
    name: 'ES NIE',
    pattern: whole('[XYZ][ -]?\\d{7}[ -]?[A-Z]'),
    isValid: (text) => validNie(text.replace(/[ -]/g, '')),
  },
  {
    name: 'NL BSN',
    pattern: whole('\\d{9}|\\d{4}[.]\\d{2}[.]\\d{3}|\\d{3}[. ]\\d{3}[. ]\\d{3}'),
    isValid: by('NL', 'bsn'),
    context: /\b(?:bsn|burger ?service|sofi|persoonsnummer|citizen service)/i,
  },
  {
    name: 'BE rijksregisternummer',
    pattern: whole('\\d{2}[.]?\\d{2}[.]?\\d{2}[ -]?\\d{3}[ .-]?\\d{2}'),
    isValid: by('BE', 'nn'),
  },
  { name: 'PL PESEL', pattern: whole('\\d{11}'), isValid: by('PL', 'pesel') },
  { name: 'SE personnummer', pattern: whole('(?:\\d{2})?\\d{6}[-+]\\d{4}'), isValid: by('SE', 'personnummer') },
  {
    name: 'SE personnummer',
    pattern: whole('(?:19|20)?\\d{10}'),
    isValid: by('SE', 'personnummer'),
    context: /\b(?:person-?n(?:ummer|r)|personal identity|född)/i,
  },
  { name: 'US SSN', pattern: whole('\\d{3}-\\d{2}-\\d{4}'), isValid: by('US', 'ssn') },
  {
    name: 'US SSN',
    pattern: whole('\\d{9}|\\d{3} \\d{2} \\d{4}'),
    isValid: by('US', 'ssn'),
    context: /\b(?:ssn|social security|soc\.? sec)/i,
  },
  { name: 'BR CPF', pattern: whole('\\d{3}[.]\\d{3}[.]\\d{3}-\\d{2}'), isValid: by('BR', 'cpf') },
  { name: 'BR CPF', pattern: whole('\\d{11}'), isValid: by('BR', 'cpf'), context: /\bcpf\b/i },
  {
    name: 'UK NINO',
    // HMRC, NIM39110: letters that are not used, and prefixes that are not given.
    pattern: whole(
      '(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ -]?\\d{2}[ -]?\\d{2}[ -]?\\d{2}[ -]?[A-D]',
    ),
    isValid: () => true,
  },
  { name: 'FI henkilötunnus', pattern: whole('\\d{6}[-+A]\\d{3}[0-9A-Y]'), isValid: by('FI', 'hetu') },
  { name: 'CH AHV', pattern: whole('756[.]?\\d{4}[.]?\\d{4}[.]?\\d{2}'), isValid: by('CH', 'ssn') },
  {
    name: 'AT SV-Nummer',
    pattern: whole('\\d{4} ?\\d{6}'),
    isValid: by('AT', 'vnr'),
    context: /\b(?:sv-?n(?:ummer|r)|sozialversicherung|versicherungsnummer|svnr)/i,
  },
  {
    name: 'NO fødselsnummer',
    pattern: whole('\\d{6} ?\\d{5}'),
    isValid: by('NO', 'fodselsnummer'),
    context: /fødsels|personnummer|fodsels/i,
  },
  { name: 'DK CPR', pattern: whole('\\d{6}-\\d{4}'), isValid: by('DK', 'cpr') },
];

/** Characters before a number in which its context must stand. */
const CONTEXT_LENGTH = 48;

/** Words before a number that say that it is something else. */
const OTHER_NUMBER =
  /(?:order|invoice|tracking|parcel|ticket|article|item|ref(?:erence)?|isbn|ean|serial|part|bestell|rechnungs|auftrags|sendungs|artikel|kunden|serien|phone|tel|fax|telefon|mobil|handy|call)[\p{L}.-]*[\s:#]*(?:(?:no|nr|number|nummer|is|ist|id|code)\b[.:]?[\s:#]*)*$/iu;

export const nationalId: TextCheck = {
  kind: 'national-id',
  severity: 'high',
  one: 'a national identification number',
  many: 'national identification numbers',
  fix: 'redact or replace it: the model can repeat it to anyone',
  placeholder: '[national id]',
  mayHold: /\d[\d .-]{4}|[A-Z]{6}/i,
  find: (text) =>
    mergeRanges(
      IDS.flatMap(({ pattern, isValid, context }) =>
        rangesOf(text, pattern, ({ 0: found, index }) => {
          const before = text.slice(Math.max(0, index - CONTEXT_LENGTH), index);
          if (context !== undefined ? !context.test(before) : OTHER_NUMBER.test(before)) return false;
          return isValid(found);
        }),
      ),
    ),
};
