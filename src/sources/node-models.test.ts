import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hubAddressOf, hubToken, modelCacheFolder } from './node-models.ts';

it('keeps models in the user’s cache unless told otherwise', () => {
  expect(modelCacheFolder({})).toBe(join(homedir(), '.cache', 'web-lora', 'models'));
  expect(modelCacheFolder({ XDG_CACHE_HOME: '/c' })).toBe(join('/c', 'web-lora', 'models'));
  expect(modelCacheFolder({ XDG_CACHE_HOME: '/c', WEBLORA_CACHE: '/models' })).toBe('/models');
});

it('takes the hub’s address from HF_ENDPOINT', () => {
  expect(hubAddressOf({})).toBe('https://huggingface.co');
  expect(hubAddressOf({ HF_ENDPOINT: 'https://mirror.example/' })).toBe('https://mirror.example');
  expect(() => hubAddressOf({ HF_ENDPOINT: 'mirror' })).toThrow(/HF_ENDPOINT: got mirror, wanted an http\(s\) address/);
});

it('reads the token of Hugging Face’s own tools', () => {
  const home = mkdtempSync(join(tmpdir(), 'weblora-token-'));
  try {
    expect(hubToken({ HF_HOME: home })).toBe(undefined);
    writeFileSync(join(home, 'token'), 'hf_stored\n');
    expect(hubToken({ HF_HOME: home })).toBe('hf_stored');
    expect(hubToken({ HF_HOME: home, HF_TOKEN: 'hf_mine' })).toBe('hf_mine');
  } finally {
    rmSync(home, { recursive: true });
  }
});
