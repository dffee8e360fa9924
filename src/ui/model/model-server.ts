import type { ModelSource } from '../../../workers/engine/contract.ts';
import { HUB_SERVERS, narrowedTo } from '../policy.ts';

/**
 * Which servers this page may speak to beside its own. A policy can be narrowed but never widened, so a model of another
 * server is fetched in a document of its own (`download.html`), which names that server and no other. Importing this
 * narrows the document; main.tsx does so before anything else.
 */
const WANTED = 'web-lora.download';
const isDownloadDocument = document.documentElement.dataset['document'] === 'download';

export type DistantSource = Extract<ModelSource, { kind: 'hub' | 'url' }>;
export const isDistant = (source: ModelSource): source is DistantSource =>
  source.kind === 'hub' || source.kind === 'url';

function serversOf(source: DistantSource): readonly string[] {
  if (source.kind === 'hub') return HUB_SERVERS;
  // What is no address names no server; the engine says so.
  return URL.canParse(source.url) ? [new URL(source.url).origin] : [];
}

/** What this tab was asked to fetch and has not yet; of this tab only, and gone with it. */
export function wantedModel(): DistantSource | undefined {
  try {
    const source = JSON.parse(sessionStorage.getItem(WANTED) ?? 'null') as DistantSource | null;
    if (source !== null && isDistant(source) && serversOf(source).length > 0) return source;
  } catch {
    // Nothing is kept, or nothing of ours: nothing is wanted.
  }
  return undefined;
}

/** Servers this document may ask, beside the page's own. */
const allowed: readonly string[] = narrow();

function narrow(): readonly string[] {
  const source = wantedModel();
  if (!isDownloadDocument) return [];
  if (source === undefined) {
    leave();
    return [];
  }
  const servers = serversOf(source);
  const meta = Object.assign(document.createElement('meta'), {
    httpEquiv: 'Content-Security-Policy',
    content: narrowedTo(servers),
  });
  document.head.append(meta);
  return servers;
}

/** The servers this document may ask beside its own, as one says them. */
export const otherServers: readonly string[] = [
  ...new Set(
    allowed.map((server) => ((HUB_SERVERS as readonly string[]).includes(server) ? 'huggingface.co' : server)),
  ),
];

/** Back to the document that asks its own origin only. */
function leave(): void {
  location.replace(new URL(`./${location.hash}`, document.baseURI));
}

/** Whether this document may fetch the model. The development server has no policy. */
export function mayFetch(source: DistantSource): boolean {
  if (import.meta.env.DEV) return true;
  return serversOf(source).every((server) => allowed.includes(server) || server === location.origin);
}

/**
 * Opens the document whose policy names the model's server; it goes on from there.
 * @returns false where the browser keeps nothing over the change of documents
 */
export function goAndFetch(source: DistantSource): boolean {
  try {
    sessionStorage.setItem(WANTED, JSON.stringify(source));
  } catch {
    return false;
  }
  if (isDownloadDocument) location.reload();
  else location.assign(new URL(`download.html${location.hash}`, document.baseURI));
  return true;
}

/** The model is here, or no longer wanted: the next load asks its own origin only. */
export function forgetWanted(): void {
  try {
    sessionStorage.removeItem(WANTED);
  } catch {
    // Then nothing was kept either.
  }
}

/** Takes the wider policy back at once, where this document has one. @returns whether the page begins anew */
export function leaveDownload(): boolean {
  forgetWanted();
  if (!isDownloadDocument) return false;
  leave();
  return true;
}
