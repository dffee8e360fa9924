import { mergeRanges, rangesOf, type Range, type TextCheck } from '../finding.ts';

/** Keys that their issuers give a form of their own, as the issuers document it. */
const KEYS = [
  /(?<![A-Z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Z0-9])/g, // AWS access key id
  /(?<!\w)gh[pousr]_[A-Za-z0-9]{36,255}(?!\w)/g, // GitHub
  /(?<!\w)github_pat_[A-Za-z0-9_]{40,255}(?!\w)/g,
  /(?<!\w)glpat-[\w-]{20,}/g, // GitLab
  /(?<!\w)sk-(?:proj-|svcacct-|admin-|ant-(?:api|admin)\d{2}-|or-v1-)?[A-Za-z0-9_-]{20,}/g, // OpenAI, Anthropic, OpenRouter
  /(?<!\w)hf_[A-Za-z0-9]{30,}(?!\w)/g, // Hugging Face
  /(?<!\w)xox[abeoprs]-[A-Za-z0-9-]{10,}/g, // Slack
  /https:\/\/hooks\.slack\.com\/services\/T\w+\/B\w+\/\w+/g,
  /(?<!\w)[rs]k_(?:live|test)_[A-Za-z0-9]{16,}(?!\w)/g, // Stripe
  /(?<!\w)whsec_[A-Za-z0-9]{24,}(?!\w)/g,
  /(?<!\w)AIza[\w-]{35}(?![\w-])/g, // Google
  /(?<!\w)ya29\.[\w-]{20,}/g,
  /(?<!\w)GOCSPX-[\w-]{28}(?![\w-])/g,
  /(?<!\w)npm_[A-Za-z0-9]{36}(?!\w)/g,
  /(?<!\w)pypi-AgE[\w-]{50,}/g,
  /(?<!\w)SG\.[\w-]{16,32}\.[\w-]{16,64}/g, // SendGrid
  /(?<!\w)(?:AC|SK)[0-9a-f]{32}(?!\w)/g, // Twilio
  /(?<!\w)key-[0-9a-f]{32}(?!\w)/g, // Mailgun
  /(?<!\w)do[opr]_v1_[0-9a-f]{64}(?!\w)/g, // DigitalOcean
  /(?<!\w)dapi[0-9a-f]{32}(?!\w)/g, // Databricks
  /(?<!\w)shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}(?!\w)/g, // Shopify
  /(?<!\w)hvs\.[\w-]{24,}/g, // Vault
  /(?<!\w)gsk_[A-Za-z0-9]{40,}(?!\w)/g, // Groq
  /(?<!\w)r8_[A-Za-z0-9]{37}(?!\w)/g, // Replicate
  /(?<!\w)\d{8,10}:AA[\w-]{32,34}(?![\w-])/g, // Telegram
  /(?<!\w)eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/g, // JWT (RFC 7519): both parts begin with {"
  /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[\s\S]*?-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----)?/g,
  /(?<!\w)(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40,}={0,2}/g, // Azure
] as const;

/** A user and a password in an address: the password is group 1. */
const IN_ADDRESS = /(?<!\w)[a-z][a-z0-9+.-]{2,}:\/\/[^\s:@/]+:([^\s:@/]{3,})@[\w.-]+/gi;

/** A name that says secret, a sign of assignment, a value: the value is group 2. */
const ASSIGNED =
  /(?<![\p{L}\p{N}])["']?((?:[\w-]*[_-])?(?:pass(?:word|wort|phrase|wd|code)?|pwd|secret|token|api[ _-]?key|access[ _-]?key|private[ _-]?key|client[ _-]?secret|auth(?:orization)?|bearer|kennwort|passwort|mot de passe|contraseña)(?:[_-]\w+)?)["']?\s*(?::=|=>|=|:|\bis\b|\bist\b|\blautet\b)\s*(?:bearer\s+)?["'`]?([^\s"'`,;<>]{6,})["'`]?/giu;

const BEARER = /(?<!\w)Bearer\s+([A-Za-z0-9._~+/=-]{20,})/g;

/** Shannon entropy of a text's characters, in bits a character. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** A value that no word, path or placeholder would have. */
function looksSecret(name: string, given: string): boolean {
  const value = given.replace(/[.)\]}!?]+$/, '');
  if (
    /^(?:\$|%|\{|<|\[|\*+$|x+$|\.+$)/i.test(value) ||
    /(?:example|placeholder|your[_-]|changeme$|process\.env|getenv|^https?:)/i.test(value)
  )
    return false;
  const classes = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((one) => one.test(value)).length;
  if (/pass|pwd|kennwort|contraseña/i.test(name))
    return value.length >= 6 && classes >= 2 && /\d|[^\w.,:-]/.test(value);
  return value.length >= 12 && classes >= 2 && /\d/.test(value) && entropy(value) >= 3;
}

function groupRange(found: RegExpExecArray, group: number): Range {
  const value = found[group] ?? '';
  const start = found.index + found[0].lastIndexOf(value);
  return { start, end: start + value.replace(/[.)\]}!?]+$/, '').length };
}

function groupRanges(
  text: string,
  pattern: RegExp,
  group: number,
  accept: (found: RegExpExecArray) => boolean,
): Range[] {
  const ranges: Range[] = [];
  rangesOf(text, pattern, (found) => {
    if (accept(found)) ranges.push(groupRange(found, group));
    return false;
  });
  return ranges;
}

export const secret: TextCheck = {
  kind: 'secret',
  severity: 'high',
  one: 'a key or password',
  many: 'keys or passwords',
  fix: 'remove it and have it changed where it is used: whoever has the file or the adapter can have it',
  placeholder: '[secret]',
  mayHold:
    /A[KSBC][ICS]A|gh[pousr]_|github_pat_|glpat-|sk[-_]|rk_|hf_|xox|hooks\.slack|whsec_|AIza|ya29|GOCSPX|npm_|pypi-|SG\.|AC[0-9a-f]{8}|SK[0-9a-f]{8}|key|do[opr]_v1|dapi|shp|hvs\.|gsk_|r8_|:AA|eyJ|:\/\/|pass|pwd|secret|token|auth|bearer|kennwort|contrase|PRIVATE/i,
  find: (text) =>
    mergeRanges([
      ...KEYS.flatMap((pattern) => rangesOf(text, pattern)),
      ...groupRanges(text, IN_ADDRESS, 1, () => true),
      ...groupRanges(text, BEARER, 1, () => true),
      ...groupRanges(text, ASSIGNED, 2, ({ 1: name = '', 2: value = '' }) => looksSecret(name, value)),
    ]),
};
