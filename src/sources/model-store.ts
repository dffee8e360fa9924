import * as v from 'valibot';
import { WebLoraError } from '../errors.ts';
import { checkRecord, withChecksum } from '../storage/checked-record.ts';
import type { FileStore } from '../storage/store.ts';
import { ModelCache, type CachedModel } from './cache.ts';
import { fetchModel, peekModel, type FetchedModel, type FetchSettings } from './fetch-model.ts';
import { DEFAULT_HUB } from './hub.ts';
import type { ModelAddress } from './model-address.ts';

/** Storage of models on this device, in bytes. */
export interface ModelStorage {
  /** Taken by downloaded models. */
  readonly usedBytes: number;
  /** Undefined where the system does not say. */
  readonly freeBytes: number | undefined;
  /** Whether the browser promised not to clear it by itself; undefined where nothing is cleared. */
  readonly isPersistent: boolean | undefined;
}

export interface ModelStoreOptions {
  readonly models: FileStore;
  readonly hubUrl?: string;
  readonly tokenAdvice: string;
  /** The token of other tools; one that was stored here goes before it. */
  readonly foreignToken?: () => string | undefined;
  /** Where a token is stored by this program; without it tokens are only read. */
  readonly settings?: FileStore;
  readonly askToPersist?: () => Promise<boolean>;
  readonly isPersistent?: () => Promise<boolean>;
}

const TOKEN_FILE = 'hub-token.json';
/** Of an older version: the token alone. */
const PLAIN_TOKEN_FILE = 'hub-token';
const TOKEN_SHAPE = v.looseObject({ token: v.string() });

/** The cache of models, the hub, and its access token. */
export class ModelStore {
  readonly cache: ModelCache;
  readonly #options: ModelStoreOptions;

  constructor(options: ModelStoreOptions) {
    this.cache = new ModelCache(options.models);
    this.#options = options;
  }

  /** As `fetchModel`; what `settings` say goes before what this store knows. */
  async fetch(address: ModelAddress, settings: FetchSettings): Promise<FetchedModel> {
    return fetchModel(address, this.cache, await this.#complete(settings));
  }

  /** As `peekModel`. */
  async peek(address: ModelAddress, settings: FetchSettings): Promise<FetchedModel> {
    return peekModel(address, this.cache, await this.#complete(settings));
  }

  async #complete(settings: FetchSettings): Promise<FetchSettings> {
    const { hubUrl, tokenAdvice, askToPersist } = this.#options;
    // A token belongs to one hub: another that is named for a call gets what was given with it, or none.
    const isOwnHub = settings.hubUrl === undefined || settings.hubUrl === (hubUrl ?? DEFAULT_HUB);
    const token = settings.token ?? (isOwnHub ? await this.token() : undefined);
    return {
      tokenAdvice,
      ...(hubUrl !== undefined && { hubUrl }),
      ...(askToPersist && { askToPersist }),
      ...settings,
      ...(token !== undefined && { token }),
    };
  }

  /** @throws `bad-file` as {@link storedToken} */
  async token(): Promise<string | undefined> {
    return (await this.storedToken()) ?? this.#options.foreignToken?.();
  }

  /**
   * The token that is stored here.
   * @throws `bad-file` where it came back as something else; it is forgotten then
   */
  async storedToken(): Promise<string | undefined> {
    const { settings } = this.#options;
    if (settings === undefined) return undefined;
    if (!(await settings.exists(TOKEN_FILE)))
      return (await settings.exists(PLAIN_TOKEN_FILE)) ? settings.readText(PLAIN_TOKEN_FILE) : undefined;
    const token = tokenIn(await settings.readText(TOKEN_FILE));
    if (token !== undefined) return token;
    await this.storeToken(undefined);
    throw new WebLoraError('bad-file', 'the access token of the hub', {
      got: 'something else than was stored here',
      wanted: 'the token as it was given',
      fix: 'give it once more: it was forgotten',
    });
  }

  /** Stores the token on this device, or removes it. */
  async storeToken(token: string | undefined): Promise<void> {
    const { settings } = this.#options;
    await settings?.remove(PLAIN_TOKEN_FILE);
    if (token === undefined || token.trim() === '') await settings?.remove(TOKEN_FILE);
    else await settings?.write(TOKEN_FILE, JSON.stringify(withChecksum({ token: token.trim() })));
  }

  list(): Promise<readonly CachedModel[]> {
    return this.cache.list();
  }

  async storage(): Promise<ModelStorage> {
    const models = await this.cache.list();
    return {
      usedBytes: models.reduce((sum, { bytes }) => sum + bytes, 0),
      freeBytes: await this.cache.store.freeBytes(),
      isPersistent: await this.#options.isPersistent?.(),
    };
  }
}

/** What such a file has, where it is whole. */
function tokenIn(text: string): string | undefined {
  try {
    const { record, changed } = checkRecord(JSON.parse(text));
    return changed === undefined && v.is(TOKEN_SHAPE, record) ? record.token : undefined;
  } catch {
    return undefined;
  }
}
