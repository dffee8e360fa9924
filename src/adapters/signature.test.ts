import { createPrivateKey, createPublicKey, sign as nodeSign, verify as nodeVerify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { toyAdapter } from '../../test/harness/toy-llama.ts';
import { adapterFormat, isAdapterFile, readAdapterFiles, writeAdapter } from './formats/index.ts';
import {
  makeSigningKey,
  openSigningKey,
  SIGNATURE_FILE,
  signedNames,
  signFiles,
  verifyFiles,
  type SigningKey,
} from './signature.ts';
import { zipFiles } from './zip.ts';

/** RFC 8032, 7.1, test 2: its secret key as PKCS #8, and its public key. */
const RFC: SigningKey = {
  format: 'weblora-key/1',
  publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
  privateKey: `302e020100300506032b6570042204204ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb`,
};

const adapter = toyAdapter('toy-llama', 'adapter');
const peft = adapterFormat('peft');
const signed = async (key: SigningKey = RFC): Promise<Map<string, Uint8Array>> => {
  const files = new Map<string, Uint8Array>(writeAdapter(peft, adapter, { modelCard: '# Mine\n' }));
  return files.set(SIGNATURE_FILE, await signFiles(files, key));
};
const verify = (files: ReadonlyMap<string, Uint8Array>): Promise<string | undefined> =>
  verifyFiles(files, isAdapterFile);

describe('a signed adapter', () => {
  it('is vouched for as Node’s crypto makes and checks signatures, for the key of RFC 8032', async () => {
    const files = await signed();
    const told = JSON.parse(new TextDecoder().decode(files.get(SIGNATURE_FILE))) as {
      readonly files: Readonly<Record<string, string>>;
      readonly signature: string;
    };
    const text = Object.keys(told.files)
      .sort()
      .map((name) => `${told.files[name] ?? ''}  ${name}\n`)
      .join('');
    const message = Buffer.from(`weblora-signature/1\n${text}`);
    const secret = createPrivateKey({ key: Buffer.from(RFC.privateKey, 'hex'), format: 'der', type: 'pkcs8' });
    expect(told.signature).toBe(nodeSign(null, message, secret).toString('hex'));
    expect(nodeVerify(null, message, createPublicKey(secret), Buffer.from(told.signature, 'hex'))).toBe(true);
    expect(await verify(files)).toBe(RFC.publicKey);
    expect(signedNames(files.get(SIGNATURE_FILE) ?? new Uint8Array()).sort()).toEqual(
      ['README.md', 'adapter_config.json', 'adapter_model.safetensors'].sort(),
    );
  });

  it('reads as the adapter, from a zip too, and an unsigned one reads as before', async () => {
    const files = await signed(await makeSigningKey());
    const weights = (read: Awaited<ReturnType<typeof readAdapterFiles>>) =>
      [...read.modules.values()].map(({ a }) => a);
    expect(weights(await readAdapterFiles(new Map([['mine.zip', zipFiles(files)]])))).toEqual(weights(adapter));
    files.delete(SIGNATURE_FILE);
    expect(await verify(files)).toBeUndefined();
    expect(weights(await readAdapterFiles(files))).toEqual(weights(adapter));
  });

  it.each([
    ['a weight is another', 'adapter_model.safetensors', 'a file that was changed after it was signed'],
    ['its card is another', 'README.md', 'a file that was changed after it was signed'],
    ['its configuration is another', 'adapter_config.json', 'a file that was changed after it was signed'],
  ])('is refused where %s', async (_, name, got) => {
    const files = await signed();
    const bytes = Uint8Array.from(files.get(name) ?? []);
    const last = bytes.length - 2;
    bytes[last] = (bytes[last] ?? 0) ^ 1;
    files.set(name, bytes);
    await expect(readAdapterFiles(files)).rejects.toThrow(
      `${name}: got ${got}, wanted the files as they were signed; do not use this adapter; fetch it again from whoever signed it`,
    );
  });

  it('is refused where files are missing or added, hashes were written anew, or another key is named', async () => {
    const missing = await signed();
    missing.delete('README.md');
    await expect(verify(missing)).rejects.toThrow('README.md: got a file that was signed and is missing');
    const added = await signed();
    added.set('adapter.gguf', new Uint8Array(4));
    await expect(verify(added)).rejects.toThrow('adapter.gguf: got a file that was added after the others were signed');
    const files = await signed();
    const told = JSON.parse(new TextDecoder().decode(files.get(SIGNATURE_FILE))) as Record<string, unknown>;
    const card = new TextEncoder().encode('# Theirs\n');
    const forged = new Map(files).set('README.md', card);
    const rewritten = await signFiles(
      new Map([...forged].filter(([name]) => name !== SIGNATURE_FILE)),
      await makeSigningKey(),
    );
    const other = JSON.parse(new TextDecoder().decode(rewritten)) as Record<string, unknown>;
    for (const change of [{ files: other['files'] }, { publicKey: other['publicKey'], files: told['files'] }]) {
      const changed = 'publicKey' in change ? new Map(files) : new Map(forged);
      changed.set(SIGNATURE_FILE, new TextEncoder().encode(JSON.stringify({ ...told, ...change })));
      await expect(verify(changed)).rejects.toThrow('a signature that was not made with its key');
    }
    files.set(SIGNATURE_FILE, new TextEncoder().encode('{"format": "weblora-signature/1"}'));
    await expect(verify(files)).rejects.toMatchObject({ code: 'bad-adapter' });
  });

  it('has a key that is read as it was written', async () => {
    const key = await makeSigningKey();
    expect(await openSigningKey(JSON.stringify(key), 'key.json')).toEqual(key);
    await expect(openSigningKey('{}', 'key.json')).rejects.toThrow(/key\.json/);
  });
});
