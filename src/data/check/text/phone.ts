import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/min';
import { mergeRanges, rangesOf, type Range, type TextCheck } from '../finding.ts';
import { passesLuhn } from './card.ts';

/** Countries whose national forms are recognised: a number is held against each of them. */
const COUNTRIES: readonly CountryCode[] = [
  'DE',
  'AT',
  'CH',
  'FR',
  'IT',
  'ES',
  'NL',
  'BE',
  'GB',
  'IE',
  'PL',
  'SE',
  'DK',
  'NO',
  'FI',
  'PT',
  'US',
  'BR',
  'AU',
  'IN',
  'TR',
  'CZ',
  'GR',
  'HU',
];

/** Digits with what people write between them. */
const CANDIDATE =
  /(?<![\p{L}\p{N}]|\d[.,:/-]|[#$€£=_-])(?:\+|00(?=[1-9]))?\(?\d(?:[ \t./()\u00a0\u2011–-]{0,3}\d){5,15}(?![\p{L}\p{N}]|[:,/-]\d|\s?[%€$£])/gu;

/** Words of which one stands before a number that is written without any form. */
const CONTEXT =
  /(?:phone|telephone|tel|fax|mobile|cell|call|dial|ring|text|sms|whatsapp|hotline|contact|reach|number is|telefon|tel\.?-?nr|telefonnummer|rufnummer|mobil|handy|handynummer|anruf\p{L}*|ruf\p{L}*|erreich\p{L}*|durchwahl|téléphone|portable|appel\p{L}*|joindre|teléfono|móvil|ll[aá]m\p{L}*|telefono|cellulare|chiam\p{L}*|telefoon|bel|mobiel|zadzwo\p{L}*|ring|celular|ligue)(?!\p{L})[^\d\n]{0,30}$/iu;

/** Words that say that a number is another one. */
const OTHER_NUMBER =
  /(?:order|invoice|tracking|parcel|ticket|article|item|ref(?:erence)?|isbn|issn|ean|serial|part|case|customer|account|version|model|patent|population|bestell\p{L}*|rechnung\p{L}*|auftrag\p{L}*|sendung\p{L}*|artikel\p{L}*|kunden\p{L}*|konto\p{L}*|serien\p{L}*|commande|pedido|ordine|facture|bsn|pesel|ssn|cpf|nir|steuer\p{L}*|iban|blz|bic|plz|zip|id)[\p{L}]*[-\s:#.]*(?:(?:no|nr|number|nummer|num|is|ist|id|code)(?!\p{L})[.:]?[\s:#]*)*$/iu;

const DATE = /^(?:\d{4}[-./ ]\d{1,2}[-./ ]\d{1,2}|\d{1,2}[-./ ]\d{1,2}[-./ ]\d{2,4})(?:[ T.-]\d{1,2})?$/;
/** Years, addresses of networks, decimal numbers, book numbers. */
const NO_PHONE =
  /^(?:(?:1[5-9]|20)\d{2}\s?[-–/]\s?(?:1[5-9]|20)?\d{2}|\d{1,3}(?:\.\d{1,3}){3}|\d+\.\d+|\d{3}-\d{2}-\d{4}|97[89][- ]?\d.*|[01]+)$/;

/** A number in thousands, unless the words before it say that it is a phone's. */
const AMOUNT = /^\d{1,3}(?:[ .]\d{3})+$/;

/** The shapes in which people of a country write numbers, so that form alone tells them from others. */
const NATIONAL_FORM = [
  /^\(\d{2,5}\)[ .-]?\d[\d .-]{4,}$/, // (555) 123-4567, (030) 901820, (11) 91234-5678
  /^0\d{1,4}[ ./–-]{1,3}\d[\d ./–-]{4,}$/, // 030 901820, 0664/1234567, 06-12345678
  /^0\(?\d(?:[ .]\d{2}){4}$/, // 01 23 45 67 89
  /^(?:1[ .-])?[2-9]\d{2}[.-][2-9]\d{2}[.-]\d{4}$/, // 555-123-4567
  /^1?[ .-]?\([2-9]\d{2}\)[ .-]?\d{3}[ .-]\d{4}$/,
  /^[2-9]\d{2} [2-9]\d{2} \d{4}$/,
  /^[5-9]\d{2}[ -]\d{3}[ -]\d{3}$|^[6-9]\d{2}(?:[ -]\d{2}){3}$/, // Spain, Poland
  /^3\d{2}[ -]\d{3}[ -]?\d{3,4}$/, // Italy
  /^[2-9]\d{4}[ -]\d{5}$/, // India
];

/** NANP numbers of the exchange 555 and the like are given out to nobody, but are written as phone numbers. */
const NANP = /^1?[2-9]\d{2}\d{7}$/;

function isValidIn(text: string, countries: readonly CountryCode[]): boolean {
  return countries.some((country) => parsePhoneNumberFromString(text, country)?.isValid() === true);
}

function isPhone(found: string, before: string): boolean {
  const text = found.trim();
  const digits = text.replace(/\D/g, '');
  if (digits.length < 7 || digits.length > 15) return false;
  const isInternational = /^(?:\+|00[1-9])/.test(text);
  if (isInternational) {
    const plus = text.replace(/^00/, '+').replace('(0)', '');
    return parsePhoneNumberFromString(plus)?.isPossible() === true && !OTHER_NUMBER.test(before);
  }
  if (/^\+/.test(text) || DATE.test(text) || NO_PHONE.test(text) || OTHER_NUMBER.test(before)) return false;
  // The exchange that films and examples use.
  if (/^555[ -]\d{4}$/.test(text)) return true;
  const hasContext = CONTEXT.test(before);
  if (!hasContext && AMOUNT.test(text)) return false;
  const hasForm = NATIONAL_FORM.some((form) => form.test(text));
  if (!hasContext && !hasForm) return /^0[1-9]\d{8,10}$/.test(text) && isValidIn(text, COUNTRIES);
  if (NANP.test(digits) && (hasContext || /[-.)]/.test(text))) return true;
  if (hasContext && digits.length <= 12) return isValidIn(text, COUNTRIES) || /^\d{3}[ -]\d{4}$/.test(text);
  return digits.length <= 13 && isValidIn(text, COUNTRIES) && !(digits.length === 13 && passesLuhn(digits));
}

/** Without the closing bracket or sign that a sentence puts behind it. */
const trimmed = (text: string, { start, end }: Range): Range => {
  const found = text.slice(start, end);
  const open = found.startsWith('(') && !found.includes(')') ? 1 : 0;
  return { start: start + open, end };
};

export const phone: TextCheck = {
  kind: 'phone',
  severity: 'medium',
  one: 'a phone number',
  many: 'phone numbers',
  fix: 'redact or replace it: the model can repeat it to anyone',
  placeholder: '[phone number]',
  mayHold: /\d(?:[ \t./()\u00a0\u2011–-]{0,3}\d){5}/,
  find: (text) =>
    mergeRanges(
      rangesOf(text, CANDIDATE, ({ 0: found, index }) =>
        isPhone(
          found.startsWith('(') && !found.includes(')') ? found.slice(1) : found,
          text.slice(Math.max(0, index - 48), index),
        ),
      ).map((range) => trimmed(text, range)),
    ),
};
