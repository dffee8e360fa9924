import { existsSync } from 'node:fs';
import { makeSigningKey, openSigningKey, type SigningKey } from '../adapters/signature.ts';
import { readNamedFile } from './files.ts';
import type { Output } from './output.ts';
import { writeFileWhole } from './write-whole.ts';

/** The key in a file, made where there is none, for its owner alone to read. @throws `bad-file` */
export async function signingKeyAt(path: string, output: Output): Promise<SigningKey> {
  if (existsSync(path))
    return openSigningKey(readNamedFile(`--sign ${path}`, path, 'a file with a key').toString('utf8'), path);
  const key = await makeSigningKey();
  writeFileWhole(path, `${JSON.stringify(key)}\n`, 0o600);
  output.note(`${path}: a new key; keep it to yourself, and tell others its public part ${key.publicKey}`);
  return key;
}
