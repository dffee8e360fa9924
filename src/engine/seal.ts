import { WebLoraError } from '../errors.ts';

/**
 * Bytes under a passphrase: AES-256-GCM (NIST SP 800-38D) with a key of PBKDF2-HMAC-SHA-512 (RFC 8018). A sealed file is
 * the mark, 16 bytes of salt, 12 of nonce, 16 that tell a wrong passphrase, and the ciphertext with its tag; all before the
 * ciphertext is authenticated with it.
 */
const MARK = new TextEncoder().encode('weblora-sealed/1\n');
/** As OWASP's Password Storage Cheat Sheet (2023) advises for SHA-512. */
const ITERATIONS = 210_000;
const [SALT, NONCE, CHECK] = [16, 12, 16];
const HEAD = MARK.length + SALT + NONCE + CHECK;
const KEY_BYTES = 32;

export const isSealed = (bytes: Uint8Array): boolean => MARK.every((byte, i) => bytes[i] === byte);

/** AES-GCM's, at the end of the ciphertext. */
const TAG = 16;

/** Web Crypto, which a page has over https and on localhost alone. @throws `unsupported` */
function webCrypto(name: string): SubtleCrypto {
  const { subtle } = crypto as { readonly subtle?: SubtleCrypto };
  if (subtle !== undefined) return subtle;
  throw new WebLoraError('unsupported', name, {
    got: 'a page that is no secure context, where the browser encrypts nothing',
    wanted: 'https or localhost',
    fix: 'open the page there, or leave the passphrase out',
  });
}

/** One block of SHA-512 gives the key and the check: an attacker gains nothing by the check that the tag does not give. */
async function derive(subtle: SubtleCrypto, passphrase: string, salt: Uint8Array<ArrayBuffer>) {
  const secret = new TextEncoder().encode(passphrase.normalize('NFC'));
  const base = await subtle.importKey('raw', secret, 'PBKDF2', false, ['deriveBits']);
  const how = { name: 'PBKDF2', hash: 'SHA-512', salt, iterations: ITERATIONS };
  const bits = new Uint8Array(await subtle.deriveBits(how, base, 8 * (KEY_BYTES + CHECK)));
  const key = await subtle.importKey('raw', bits.slice(0, KEY_BYTES), 'AES-GCM', false, ['encrypt', 'decrypt']);
  return { key, check: bits.slice(KEY_BYTES) };
}

const ofHead = (head: Uint8Array<ArrayBuffer>) => ({
  name: 'AES-GCM',
  iv: head.slice(MARK.length + SALT, MARK.length + SALT + NONCE),
  additionalData: head,
});

/** @throws `unsupported` where there is no Web Crypto */
export async function seal(
  bytes: Uint8Array<ArrayBuffer>,
  passphrase: string,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const subtle = webCrypto(name);
  const salt = crypto.getRandomValues(new Uint8Array(SALT));
  const { key, check } = await derive(subtle, passphrase, salt);
  const head = new Uint8Array(HEAD);
  head.set(MARK);
  head.set(salt, MARK.length);
  head.set(crypto.getRandomValues(new Uint8Array(NONCE)), MARK.length + SALT);
  head.set(check, HEAD - CHECK);
  const body = new Uint8Array(await subtle.encrypt(ofHead(head), key, bytes));
  const sealed = new Uint8Array(HEAD + body.length);
  sealed.set(head);
  sealed.set(body, HEAD);
  return sealed;
}

/** @throws `bad-file` where the passphrase is another one, or a byte was changed or is missing, `unsupported` as {@link seal} */
export async function unseal(
  sealed: Uint8Array<ArrayBuffer>,
  passphrase: string,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const damaged = (cause?: unknown): WebLoraError =>
    new WebLoraError('bad-file', name, {
      got: 'content that was changed or cut after it was saved',
      wanted: 'the file as it was saved',
      fix: 'take another copy of it',
      ...(cause !== undefined && { cause }),
    });
  // Cut within its head, every passphrase would look like a wrong one.
  if (sealed.length < HEAD + TAG) throw damaged();
  const subtle = webCrypto(name);
  const head = sealed.slice(0, HEAD);
  const { key, check } = await derive(subtle, passphrase, head.slice(MARK.length, MARK.length + SALT));
  if (check.some((byte, i) => byte !== head[HEAD - CHECK + i])) {
    throw new WebLoraError('bad-file', name, {
      got: 'another passphrase',
      wanted: 'the one that it was saved with',
      fix: 'try again; without it nobody can open the file',
    });
  }
  try {
    return new Uint8Array(await subtle.decrypt(ofHead(head), key, sealed.subarray(HEAD)));
  } catch (cause) {
    throw damaged(cause);
  }
}
