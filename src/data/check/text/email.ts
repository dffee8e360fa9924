import { rangesOf, type TextCheck } from '../finding.ts';

/**
 * An address as mail programs take it (RFC 5321's dot-string with a domain of letters), also with the at sign and the point
 * spelled out in brackets, `name [at] example [dot] org`.
 */
const EMAIL =
  /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+)*(?:@|\s?(?:\[at\]|\(at\)|\{at\})\s?)(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?(?:\.|\s?(?:\[dot\]|\(dot\)|\[punkt\])\s?))+\p{L}{2,24}(?![\p{L}\p{N}])/giu;

export const email: TextCheck = {
  kind: 'email',
  severity: 'medium',
  one: 'an e-mail address',
  many: 'e-mail addresses',
  fix: 'redact or replace it: the model can repeat it to anyone',
  placeholder: '[e-mail]',
  mayHold: /@|[[({]at[\])}]/i,
  find: (text) => rangesOf(text, EMAIL),
};
