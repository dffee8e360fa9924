import { startChatEngine, type ChatEngine } from '../../workers/chat/client.ts';
import type { AdapterId, GenerateEvent, ModelSource, NamedFile, Result } from '../../workers/engine/contract.ts';
import { fromFailure, WebLoraError } from '../errors.ts';
import { SITE_FORMAT, type SiteChat, type SiteFolder } from './site-chat.ts';

export interface OpenChat {
  /** Answers a conversation; the last event says how it ended. */
  answer(
    messages: readonly { readonly role: 'system' | 'user' | 'assistant'; readonly content: string }[],
    signal: AbortSignal,
  ): Promise<AsyncIterable<GenerateEvent>>;
}

/** @throws `file-not-found` */
async function fetchFile(url: URL): Promise<Blob> {
  const answer = await fetch(url).catch(() => undefined);
  if (answer?.ok !== true) {
    throw new WebLoraError('file-not-found', url.pathname, {
      got: answer === undefined ? 'no answer' : `status ${answer.status}`,
      wanted: 'a file of the chat, beside the page',
      fix: 'copy the whole folder to the site again',
    });
  }
  return answer.blob();
}

/** @throws `config` for a file that is no description of a chat, `file-not-found` */
export async function readSiteChat(folder: URL): Promise<SiteChat> {
  const text = await (await fetchFile(new URL('chat.json', folder))).text();
  const json = parsed(text);
  if (json.format !== SITE_FORMAT || json.base === undefined || json.adapter === undefined) {
    throw new WebLoraError('config', 'chat.json', {
      got: json.format ?? text.slice(0, 40),
      wanted: `format ${SITE_FORMAT}, with base and adapter`,
      fix: 'copy the file to the site again',
    });
  }
  return json as SiteChat;
}

function parsed(text: string): Partial<SiteChat> {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? json : {};
  } catch {
    return {};
  }
}

async function filesOf(at: URL, { folder, files }: SiteFolder, onFile: () => void): Promise<NamedFile[]> {
  return Promise.all(
    files.map(async (name) => {
      const bytes = await fetchFile(new URL(folder + name, at));
      onFile();
      return { name, bytes };
    }),
  );
}

const need = <T>(result: Result<T>): T => {
  if (result.ok) return result.value;
  throw fromFailure(result.error);
};

/** Loads a chat's model and adapter. @param onProgress 0 to 1 */
export async function openChat(at: URL, chat: SiteChat, onProgress: (share: number) => void): Promise<OpenChat> {
  const { base, precision, context, maxNewTokens, temperature } = chat;
  const engine: ChatEngine = startChatEngine();
  let fetched = 0;
  // Of a folder's files most of the bytes are one file's: half for fetching, half for what comes after.
  const half = (files: number): void => onProgress((0.5 * (fetched += 1)) / files);
  const source: ModelSource =
    base.kind === 'folder' ? { kind: 'files', files: await filesOf(at, base, () => half(base.files.length)) } : base;
  const loaded = await engine.loadModel(
    source,
    { base: precision, context },
    {
      onProgress: ({ phase, done, total }) => {
        const share = total > 0 ? done / total : 0;
        if (base.kind !== 'folder' && phase !== 'preparing the model') onProgress(0.8 * share);
        else onProgress(base.kind === 'folder' ? 0.5 + 0.5 * share : 0.8 + 0.2 * share);
      },
    },
  );
  const model = need(loaded).id;
  const adapter: AdapterId = need(await engine.loadAdapter(model, await filesOf(at, chat.adapter, () => undefined)));
  return {
    async answer(messages, signal) {
      const request = { model, adapter, input: { messages }, maxNewTokens, temperature };
      return need(await engine.generate(request, signal)).events;
    },
  };
}
