import { WebLoraError } from '../errors.ts';
import { DEFAULT_HUB } from './hub.ts';
import { hubAddress } from './model-address.ts';

export interface HubUploadOptions {
  /** An access token with write access. It is used for this call and kept nowhere. */
  readonly token: string;
  /** Whether anyone may see the repository. Default: nobody whom its owner has not let in. */
  readonly public?: boolean;
  /** Adds a commit to a repository that is there, whose visibility stays, instead of making a new one. */
  readonly update?: boolean;
  /** First line of the commit. */
  readonly message?: string;
  /** Another server with the hub's interface. */
  readonly hubUrl?: string;
  readonly fetch?: typeof fetch;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  readonly signal?: AbortSignal;
}

/** What the hub has now. */
export interface HubUpload {
  /** Of the repository, for people. */
  readonly url: string;
  /** Of the commit that holds the files. */
  readonly commit: string;
  readonly files: readonly string[];
  /** What a person should know of it, one sentence each. */
  readonly notes: readonly string[];
}

const CARD = 'README.md';

/**
 * Uploads the files of an adapter or a model to a repository of the Hugging Face hub, as one commit: until it is made
 * nobody sees a file. The token goes to the hub's own https origin, or to this computer, and nowhere else.
 * @param repo `owner/name`
 * @throws `usage`, `access`, `exists`, `file-not-found`, `bad-file` for a card that the hub would refuse, `network`, `aborted`
 */
export async function uploadToHub(
  files: ReadonlyMap<string, Blob>,
  repo: string,
  options: HubUploadOptions,
): Promise<HubUpload> {
  const { hubUrl = DEFAULT_HUB, update = false, signal, message = 'Upload with WebLoRA' } = options;
  const name = checkedName(repo);
  const what = `upload to ${name}`;
  const accessToken = checkedToken(options, hubUrl, what);
  if (update && options.public !== undefined) {
    throw new WebLoraError('usage', what, {
      got: 'an update of a repository and who may see it',
      wanted: 'one of the two: an update leaves that as it is',
      fix: `change it at ${hubUrl}/${name}/settings`,
    });
  }
  if (![...files.keys()].some((path) => /\.(safetensors|gguf)$/.test(path))) throw nothingToUpload(what);
  const notes = await checkCard(files.get(CARD), what);
  const caller = guardedFetch(options.fetch ?? fetch, hubUrl, signal);
  // Only who uploads loads the library's code for it.
  const { createRepo, commitIter } = await import('@huggingface/hub');
  const common = { repo: { type: 'model', name }, accessToken, hubUrl, fetch: caller } as const;
  let isNew = false;
  let isCommitting = false;
  try {
    if (!update) {
      await createRepo({ ...common, visibility: options.public === true ? 'public' : 'private' });
      isNew = true;
    }
    const commits = commitIter({
      ...common,
      title: message,
      operations: [...files].map(([path, content]) => ({ operation: 'addOrUpdate', path, content })),
      // Xet would want a WebAssembly module, and says who has which piece of a file; LFS takes the bytes.
      useXet: false,
      ...(signal && { abortSignal: signal }),
    });
    const progress = new UploadProgress(files, options.onProgress);
    for (;;) {
      const next = await commits.next();
      if (next.done === true) {
        const commit = next.value?.commit.oid ?? '';
        return { url: `${hubUrl}/${name}`, commit, files: [...files.keys()], notes };
      }
      if (next.value.event === 'phase') isCommitting = next.value.phase === 'committing';
      else progress.heard(next.value);
    }
  } catch (thrown) {
    const stopped = signal?.aborted === true;
    throw uploadFailure(thrown, { what, name, hubUrl, isNew, update, isCommitting, stopped });
  }
}

/** Bytes that arrived, from what the library tells of each file. */
class UploadProgress {
  readonly #sizes: ReadonlyMap<string, number>;
  readonly #total: number;
  readonly #tell: HubUploadOptions['onProgress'];
  readonly #done = new Map<string, number>();

  constructor(files: ReadonlyMap<string, Blob>, tell: HubUploadOptions['onProgress']) {
    this.#sizes = new Map([...files].map(([path, { size }]) => [path, size]));
    this.#total = [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
    this.#tell = tell;
  }

  heard({ path, state, progress }: { readonly path: string; readonly state: string; readonly progress: number }): void {
    if (state !== 'uploading') return;
    this.#done.set(path, progress * (this.#sizes.get(path) ?? 0));
    this.#tell?.(
      [...this.#done.values()].reduce((sum, bytes) => sum + bytes, 0),
      this.#total,
    );
  }
}

/** @throws `usage` for what is not `owner/name` */
export function checkedName(repo: string): string {
  const name = repo.replace(/^hf:/, '');
  if (name.split('/').length === 2 && !name.includes('@')) return hubAddress(name).repo;
  throw new WebLoraError('usage', 'repository', {
    got: JSON.stringify(repo),
    wanted: 'owner/name',
    fix: 'give the account or organisation, a slash, and a name',
  });
}

function checkedToken({ token }: HubUploadOptions, hubUrl: string, what: string): string {
  const page = `${hubUrl}/settings/tokens`;
  if (token.trim() === '') {
    throw new WebLoraError('access', what, {
      got: 'no access token',
      wanted: 'one with write access',
      fix: `make it at ${page}`,
    });
  }
  if (!token.startsWith('hf_')) {
    throw new WebLoraError('access', what, {
      got: 'an access token of another kind',
      wanted: 'one that begins with hf_',
      fix: `copy it from ${page}`,
    });
  }
  if (!isPrivateWay(new URL(hubUrl))) {
    throw new WebLoraError('access', what, {
      got: `a hub at ${hubUrl}, to which the access token is not sent`,
      wanted: 'an https address, where nobody on the way reads the token',
      fix: 'use the hub over https',
    });
  }
  return token;
}

/** Nobody between here and there reads along. */
function isPrivateWay({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

/** Holds every request of the library to where the token and the files may go. */
function guardedFetch(own: typeof fetch, hubUrl: string, signal: AbortSignal | undefined): typeof fetch {
  const hub = new URL(hubUrl).origin;
  return (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    const headers = new Headers(init.headers);
    if (!isPrivateWay(url)) {
      throw new WebLoraError('network', `upload to ${url.host}`, {
        got: `${url.protocol} as the way for the files`,
        wanted: 'https',
        fix: 'use a hub that stores files behind https',
      });
    }
    if (url.origin !== hub) headers.delete('Authorization');
    const signals = [init.signal, signal].filter((each) => each !== null && each !== undefined);
    // A redirect would carry the files, and on the same origin the token, to an address that nobody has looked at.
    return own(url, { ...init, headers, redirect: 'error', signal: AbortSignal.any(signals) });
  };
}

/** The hub shows a model by the front matter of its card, and refuses one that is no YAML. @returns notes */
async function checkCard(card: Blob | undefined, what: string): Promise<string[]> {
  if (card === undefined) {
    throw new WebLoraError('file-not-found', what, {
      got: `no ${CARD}`,
      wanted: 'the model card that training and export write',
      fix: `upload such a folder, or write a ${CARD} into it`,
    });
  }
  const text = await card.text();
  const [, yaml] = /^---\r?\n([\s\S]*?)\r?\n---\s*(?:\r?\n|$)/.exec(text) ?? [];
  const facts: unknown = yaml === undefined ? undefined : await parsed(yaml);
  if (typeof facts !== 'object' || facts === null || Array.isArray(facts)) {
    throw new WebLoraError('bad-file', `${what}: ${CARD}`, {
      got: yaml === undefined ? 'no front matter' : 'front matter that is no YAML of keys and values',
      wanted: 'keys and values in YAML between two lines of ---',
      fix: 'write it as https://huggingface.co/docs/hub/model-cards says',
    });
  }
  const { license, base_model: base } = facts as Readonly<Record<string, unknown>>;
  return [
    ...(license === undefined ? ['the card names no licence: nobody may use what has none'] : []),
    ...(base === undefined ? ['the card names no base_model of the hub: the hub does not link it to its base'] : []),
  ];
}

async function parsed(yaml: string): Promise<unknown> {
  const { parse } = await import('yaml');
  try {
    return parse(yaml);
  } catch {
    return undefined;
  }
}

function nothingToUpload(what: string): WebLoraError {
  return new WebLoraError('file-not-found', what, {
    got: 'no weights to upload',
    wanted: 'the files of an adapter or a model',
    fix: 'choose a folder that train or export wrote',
  });
}

interface Attempt {
  readonly what: string;
  readonly name: string;
  readonly hubUrl: string;
  /** Whether this upload has made the repository. */
  readonly isNew: boolean;
  readonly update: boolean;
  /** Whether the hub was asked to make the files seen, which it may have done. */
  readonly isCommitting: boolean;
  readonly stopped: boolean;
}

function uploadFailure(thrown: unknown, attempt: Attempt): WebLoraError {
  const { what, name, hubUrl, isNew, update, isCommitting, stopped } = attempt;
  const status = statusOf(thrown);
  const left =
    isCommitting && status === undefined
      ? `look at ${hubUrl}/${name}, which may have the files or not; `
      : isNew
        ? `${hubUrl}/${name} is there and holds none of these files; `
        : '';
  const again = isNew ? 'upload again as an update' : 'upload again';
  if (stopped) return new WebLoraError('aborted', `${what}: stopped`, { fix: `${left}${again}` });
  if (thrown instanceof WebLoraError) return thrown;
  const said = thrown instanceof Error ? thrown.message.replaceAll(/\s+/g, ' ') : String(thrown);
  const cause = thrown;
  if (status === 401) {
    return new WebLoraError('access', what, {
      got: 'an access token that the hub refuses',
      wanted: 'a valid one',
      fix: `make a new token at ${hubUrl}/settings/tokens`,
      cause,
    });
  }
  if (status === 403) {
    return new WebLoraError('access', what, {
      got: 'an access token that may not write there',
      wanted: `one with write access to ${name}`,
      fix: `${left}make such a token at ${hubUrl}/settings/tokens`,
      cause,
    });
  }
  if (status === 409 && !update && !isNew) {
    return new WebLoraError('exists', what, {
      got: 'a repository of that name',
      wanted: 'a new one',
      fix: 'choose another name, or upload as an update',
      cause,
    });
  }
  if (status === 404 && update) {
    return new WebLoraError('file-not-found', what, {
      got: 'no such repository that the token may see',
      wanted: 'one that is there',
      fix: 'check the spelling, or upload it as a new one',
      cause,
    });
  }
  return new WebLoraError('network', what, {
    got: status === undefined ? said : `status ${status}: ${said}`,
    wanted: 'a commit',
    fix: `${left}${again}`,
    cause,
  });
}

function statusOf(thrown: unknown): number | undefined {
  const status =
    typeof thrown === 'object' && thrown !== null && 'statusCode' in thrown ? thrown.statusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}
