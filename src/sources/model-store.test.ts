import { describe, expect, it } from 'vitest';
import { makeMemoryStore } from '../storage/memory-store.ts';
import { ModelStore } from './model-store.ts';

const TOKEN = 'hf_AbCdEf0123';

const over = (settings: ReturnType<typeof makeMemoryStore>): ModelStore =>
  new ModelStore({ models: makeMemoryStore(), settings, tokenAdvice: '', foreignToken: () => 'hf_foreign' });

describe('the token of the hub', () => {
  it('comes back as it was given, before that of other tools, and is forgotten when told to', async () => {
    const settings = makeMemoryStore();
    const models = over(settings);
    expect(await models.storedToken()).toBeUndefined();
    await models.storeToken(` ${TOKEN}\n`);
    expect(await over(settings).token()).toBe(TOKEN);
    await models.storeToken(undefined);
    expect(await models.token()).toBe('hf_foreign');
    expect(await settings.list('')).toEqual([]);
  });

  it('is read where an older version wrote it, and leaves that file with the next', async () => {
    const settings = makeMemoryStore();
    await settings.write('hub-token', 'hf_old');
    const models = over(settings);
    expect(await models.token()).toBe('hf_old');
    await models.storeToken(TOKEN);
    expect((await settings.list('')).map(({ name }) => name)).toEqual(['hub-token.json']);
  });

  it('is said to be damaged and forgotten after one flipped bit', async () => {
    const settings = makeMemoryStore();
    await over(settings).storeToken(TOKEN);
    const whole = await settings.read('hub-token.json');
    let found = 0;
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      await settings.write('hub-token.json', whole.with(bit >> 3, (whole[bit >> 3] ?? 0) ^ (1 << (bit & 7))));
      const models = over(settings);
      const got: unknown = await models.token().catch((error: unknown) => error);
      // In the checksum's own name: the token is whole.
      if (got === TOKEN) continue;
      expect(got, String(bit)).toMatchObject({
        code: 'bad-file',
        message: expect.stringMatching(
          /^the access token of the hub: .*; give it once more: it was forgotten$/,
        ) as unknown,
      });
      expect(await models.token()).toBe('hf_foreign');
      found += 1;
    }
    expect(found).toBeGreaterThan(8 * whole.length - 8 * 'recordSha256'.length - 1);
  });
});
