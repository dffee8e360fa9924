import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** SHA-256 of bytes, or of a text's UTF-8, in 64 hexadecimal digits. */
export function sha256Of(content: Uint8Array | string): string {
  return bytesToHex(sha256(typeof content === 'string' ? new TextEncoder().encode(content) : content));
}

/** SHA-256 of bytes that come one after the other. */
export class RunningSha256 {
  readonly #hash = sha256.create();

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** Of all so far; more may be added. */
  get digest(): string {
    return bytesToHex(this.#hash.clone().digest());
  }
}
