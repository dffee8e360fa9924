import { makeSigningKey, openSigningKey, type SigningKey } from '../adapters/signature.ts';
import type { FileStore } from '../storage/store.ts';

const KEY_FILE = '.device-key.json';

/** The key that signs what leaves this device, made when it is first asked for. It stays in the engine's storage. */
export async function deviceKey(store: FileStore): Promise<SigningKey> {
  if (await store.exists(KEY_FILE)) return openSigningKey(await store.readText(KEY_FILE), KEY_FILE);
  const key = await makeSigningKey();
  const beside = `${KEY_FILE}.new`;
  await store.write(beside, JSON.stringify(key));
  await store.replace(beside, KEY_FILE);
  return key;
}
