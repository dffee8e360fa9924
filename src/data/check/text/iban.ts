import { electronicFormatIBAN, isValidIBAN } from 'ibantools';
import { rangesOf, type TextCheck } from '../finding.ts';

/** Two letters, two check digits and groups with or without spaces between them. */
const CANDIDATE = /(?<![\p{L}\p{N}])[A-Z]{2}[ ]?\d{2}(?:[ .-]?[A-Z\d]){11,30}(?![\p{L}\p{N}])/giu;

const isIban = (text: string): boolean => {
  const compact = electronicFormatIBAN(text);
  return compact !== null && isValidIBAN(compact);
};

/** The longest beginning of a candidate that is an IBAN: a word of capitals may follow it. */
function length(candidate: string): number {
  for (let end = candidate.length; end >= 15; end--) {
    if (/[ .-]/.test(candidate[end - 1] ?? '') || /[A-Z\d]/i.test(candidate[end] ?? '')) continue;
    if (isIban(candidate.slice(0, end))) return end;
  }
  return 0;
}

export const iban: TextCheck = {
  kind: 'iban',
  severity: 'high',
  one: 'an IBAN',
  many: 'IBANs',
  fix: 'redact or replace it: the model can repeat it to anyone',
  placeholder: '[IBAN]',
  mayHold: /[A-Z]{2} ?\d{2}/i,
  find: (text) =>
    rangesOf(text, CANDIDATE).flatMap(({ start, end }) => {
      const long = length(text.slice(start, end));
      return long === 0 ? [] : [{ start, end: start + long }];
    }),
};
