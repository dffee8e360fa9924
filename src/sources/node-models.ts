import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { WebLoraError } from '../errors.ts';
import { makeNodeStore } from '../storage/node-store.ts';
import { DEFAULT_HUB } from './hub.ts';
import { ModelStore } from './model-store.ts';

/** Only Node entry points import this file: where models, the hub and its token are on this computer. */

type Environment = Readonly<Record<string, string | undefined>>;

/** Folder of downloaded models: `WEBLORA_CACHE`, else `~/.cache/web-lora/models`. */
export function modelCacheFolder(environment: Environment = process.env): string {
  const own = environment['WEBLORA_CACHE'];
  if (own !== undefined && own !== '') return own;
  return join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'web-lora', 'models');
}

/** The hub's address: `HF_ENDPOINT`, else https://huggingface.co. @throws WebLoraError `usage` for what is no address */
export function hubAddressOf(environment: Environment = process.env): string {
  const own = environment['HF_ENDPOINT'];
  if (own === undefined || own === '') return DEFAULT_HUB;
  if (/^https?:/.test(own) && URL.canParse(own)) return own.replace(/\/+$/, '');
  throw new WebLoraError('usage', 'HF_ENDPOINT', {
    got: own,
    wanted: 'an http(s) address',
    fix: 'correct or unset it',
  });
}

/** The user's access token, from `HF_TOKEN` or where Hugging Face's own tools keep it. It is only read. */
export function hubToken(environment: Environment = process.env): string | undefined {
  const own = environment['HF_TOKEN'];
  if (own !== undefined && own.trim() !== '') return own.trim();
  const home =
    environment['HF_HOME'] || join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'huggingface');
  const path = environment['HF_TOKEN_PATH'] || join(home, 'token');
  if (!existsSync(path)) return undefined;
  const token = readFileSync(path, 'utf8').trim();
  return token === '' ? undefined : token;
}

/** This user's models: a folder, the hub and its token as the environment says. */
export function openNodeModels(): ModelStore {
  return new ModelStore({
    models: makeNodeStore(modelCacheFolder()),
    hubUrl: hubAddressOf(),
    tokenAdvice: 'set it as HF_TOKEN or sign in with `hf auth login`',
    foreignToken: hubToken,
  });
}
