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

const TOKEN_FILE = 'hub-token';

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

  async token(): Promise<string | undefined> {
    const { settings, foreignToken } = this.#options;
    if (settings !== undefined && (await settings.exists(TOKEN_FILE))) return settings.readText(TOKEN_FILE);
    return foreignToken?.();
  }

  /** Stores the token on this device, or removes it. */
  async storeToken(token: string | undefined): Promise<void> {
    const { settings } = this.#options;
    if (token === undefined || token.trim() === '') await settings?.remove(TOKEN_FILE);
    else await settings?.write(TOKEN_FILE, token.trim());
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
