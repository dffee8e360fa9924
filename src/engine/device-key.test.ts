import { expect, it } from 'vitest';
import { makeMemoryStore } from '../storage/memory-store.ts';
import { deviceKey } from './device-key.ts';

it('makes a key once, and says where a damaged one lies', async () => {
  const store = makeMemoryStore();
  const key = await deviceKey(store);
  expect(await deviceKey(store)).toEqual(key);
  expect((await deviceKey(makeMemoryStore())).publicKey).not.toBe(key.publicKey);
  await store.write('.device-key.json', '{"format": "weblora-key/1"}');
  await expect(deviceKey(store)).rejects.toMatchObject({ code: 'bad-file' });
});
