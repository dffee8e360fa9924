import { rangesOf, type TextCheck } from '../finding.ts';

/** Issuers by the first digits (ISO/IEC 7812) and the lengths that they give out. */
const ISSUERS: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^4/, [13, 16, 19]], // Visa
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]], // Mastercard
  [/^3[47]/, [15]], // American Express
  [/^(?:30[0-5]|309|36|38|39)/, [14, 16, 19]], // Diners Club
  [/^(?:6011|64[4-9]|65|622)/, [16, 17, 18, 19]], // Discover
  [/^35(?:2[89]|[3-8])/, [16, 17, 18, 19]], // JCB
  [/^62/, [16, 17, 18, 19]], // UnionPay
  [/^(?:50|5[6-9]|6[0379])/, [13, 15, 16, 17, 18, 19]], // Maestro
  [/^1/, [15]], // UATP
];

/** 13 to 19 digits, alone or in groups of at least three with one space, point or dash between them. */
const CANDIDATE = /(?<![\p{L}\p{N}.,-])\d(?:[ .-]?\d){12,18}(?![\p{L}\p{N}]|[-.,]\d)/gu;

/** The check digit of ISO/IEC 7812-1, annex B (Luhn). */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const twice = 2 * digit;
    sum += i % 2 === 0 ? digit : twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 === 0;
}

function isCard(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  const groups = text.split(/[ .-]/);
  if (groups.length > 1 && groups.some((group) => group.length < 3 || group.length > 7)) return false;
  if (/^(\d)\1*$/.test(digits)) return false;
  return (
    ISSUERS.some(([prefix, lengths]) => prefix.test(digits) && lengths.includes(digits.length)) && passesLuhn(digits)
  );
}

export const card: TextCheck = {
  kind: 'card',
  severity: 'high',
  one: 'a card number',
  many: 'card numbers',
  fix: 'redact or replace it: the model can repeat it to anyone',
  placeholder: '[card number]',
  mayHold: /\d(?:[ .-]?\d){12}/,
  find: (text) => rangesOf(text, CANDIDATE, ([found]) => isCard(found)),
};
