import * as v from 'valibot';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { WebLoraError } from '../errors.ts';
import { sha256Of } from '../hash.ts';
import { checkShape, parseJson } from '../schema.ts';

/** Beside an adapter: who vouches for its files, as Ed25519 (RFC 8032) over their names and hashes. */
export const SIGNATURE_FILE = 'weblora-signature.json';
const FORMAT = 'weblora-signature/1';
const ALGORITHM = 'Ed25519';

const hex = (bytes: number) => v.pipe(v.string(), v.regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`)));
const SIGNATURE = v.strictObject({
  format: v.literal(FORMAT),
  algorithm: v.literal(ALGORITHM),
  publicKey: hex(32),
  files: v.record(v.string(), hex(32)),
  signature: hex(64),
});
const KEY = v.strictObject({ format: v.literal('weblora-key/1'), publicKey: hex(32), privateKey: v.string() });

/** A key pair: 32 bytes of public key in hex, and the private one as PKCS #8 in hex. */
export type SigningKey = v.InferOutput<typeof KEY>;

const tampered = (what: string, got: string): WebLoraError =>
  new WebLoraError('bad-adapter', what, {
    got,
    wanted: 'the files as they were signed',
    fix: 'do not use this adapter; fetch it again from whoever signed it',
  });

/** Ed25519 of the platform. @throws `unsupported` where it has none */
async function withEd25519<T>(run: (subtle: SubtleCrypto) => Promise<T>): Promise<T> {
  try {
    return await run(crypto.subtle);
  } catch (cause) {
    if (cause instanceof Error && (cause.name === 'NotSupportedError' || cause instanceof TypeError)) {
      throw new WebLoraError('unsupported', 'signatures', {
        got: 'no Ed25519 in this browser',
        wanted: 'Chrome 137, Firefox 129, Safari 17, Node 20, or later, over https or on localhost',
        fix: 'use a newer browser, or leave the signature out',
        cause,
      });
    }
    throw cause;
  }
}

export function makeSigningKey(): Promise<SigningKey> {
  return withEd25519(async (subtle) => {
    const pair = await subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const [open, secret] = await Promise.all([
      subtle.exportKey('raw', pair.publicKey),
      subtle.exportKey('pkcs8', pair.privateKey),
    ]);
    return {
      format: 'weblora-key/1',
      publicKey: bytesToHex(new Uint8Array(open)),
      privateKey: bytesToHex(new Uint8Array(secret)),
    };
  });
}

/** @throws `bad-file` */
const parseSigningKey = (text: string, name: string): SigningKey => {
  const of = { what: name, code: 'bad-file', wanted: 'a key that WebLoRA made', fix: 'use another file' } as const;
  return checkShape(KEY, parseJson(text, of), of);
};

/**
 * A key whose two halves belong together: what the private one signs, the public one verifies.
 * @throws `bad-file`
 */
export async function openSigningKey(text: string, name: string): Promise<SigningKey> {
  const key = parseSigningKey(text, name);
  const probe = new TextEncoder().encode(FORMAT);
  const belongs = await withEd25519(async (subtle) => {
    try {
      const priv = await subtle.importKey('pkcs8', bytesOf(key.privateKey), ALGORITHM, false, ['sign']);
      const pub = await subtle.importKey('raw', bytesOf(key.publicKey), ALGORITHM, false, ['verify']);
      return await subtle.verify(ALGORITHM, pub, await subtle.sign(ALGORITHM, priv, probe), probe);
    } catch {
      return false; // not the encoding of a key any more
    }
  });
  if (belongs) return key;
  throw new WebLoraError('bad-file', name, {
    got: 'a private key and a public key that do not belong together',
    wanted: 'a key as WebLoRA made it',
    fix: 'take it from a copy; without one, remove the file, and a new key is made',
  });
}

/** What is signed: a line for each file, sorted by name, as sha256sum writes them. */
function signedText(files: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const lines = Object.entries(files)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hash]) => `${hash}  ${name}\n`);
  return new TextEncoder().encode(`${FORMAT}\n${lines.join('')}`);
}

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(hexToBytes(text));

/** The file that goes beside others to vouch for them. */
export function signFiles(
  files: ReadonlyMap<string, Uint8Array>,
  { publicKey, privateKey }: SigningKey,
): Promise<Uint8Array<ArrayBuffer>> {
  return withEd25519(async (subtle) => {
    const hashes = Object.fromEntries([...files].map(([name, bytes]) => [name, sha256Of(bytes)]));
    const key = await subtle.importKey('pkcs8', bytesOf(privateKey), ALGORITHM, false, ['sign']);
    const signature = bytesToHex(new Uint8Array(await subtle.sign(ALGORITHM, key, signedText(hashes))));
    const told = { format: FORMAT, algorithm: ALGORITHM, publicKey, files: hashes, signature };
    return new TextEncoder().encode(`${JSON.stringify(told, null, 2)}\n`);
  });
}

/** The names of the files that a signature vouches for; none where it cannot be read. */
export function signedNames(signature: Uint8Array): string[] {
  try {
    const parsed = v.safeParse(SIGNATURE, JSON.parse(new TextDecoder().decode(signature)));
    return parsed.success ? Object.keys(parsed.output.files) : [];
  } catch {
    return []; // verifyFiles says what is wrong with it
  }
}

/**
 * Holds files to the signature among them. One that is missing altogether is no error: an adapter need not be signed.
 * @param mustBeSigned whether a file of this name may not be added to what was signed
 * @returns the public key in hex; undefined without a signature
 * @throws `bad-adapter` where a file was changed, added or taken away since, or the signature is not of this key
 */
export async function verifyFiles(
  files: ReadonlyMap<string, Uint8Array>,
  mustBeSigned: (name: string) => boolean,
): Promise<string | undefined> {
  const bytes = files.get(SIGNATURE_FILE);
  if (bytes === undefined) return undefined;
  const wanted = 'a signature that WebLoRA wrote';
  const of = { what: SIGNATURE_FILE, code: 'bad-adapter', wanted, fix: 'fetch the adapter again' } as const;
  const told = checkShape(SIGNATURE, parseJson(new TextDecoder().decode(bytes), of), of);
  for (const [name, hash] of Object.entries(told.files)) {
    const file = files.get(name);
    if (file === undefined) throw tampered(name, 'a file that was signed and is missing');
    if (sha256Of(file) !== hash) throw tampered(name, 'a file that was changed after it was signed');
  }
  const added = [...files.keys()].find((name) => mustBeSigned(name) && !(name in told.files));
  if (added !== undefined) throw tampered(added, 'a file that was added after the others were signed');
  const isTrue = await withEd25519(async (subtle) => {
    const key = await subtle.importKey('raw', bytesOf(told.publicKey), ALGORITHM, false, ['verify']);
    return subtle.verify(ALGORITHM, key, bytesOf(told.signature), signedText(told.files));
  });
  if (!isTrue) throw tampered(SIGNATURE_FILE, 'a signature that was not made with its key');
  return told.publicKey;
}
