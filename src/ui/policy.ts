/**
 * The page's Content-Security-Policy, in three parts that all hold at once: what the server sends or the built document
 * says, and on the document for downloads the one server that was picked.
 */

/** The Hugging Face hub and the stores it redirects to. */
export const HUB_SERVERS = ['https://huggingface.co', 'https://*.huggingface.co', 'https://*.hf.co'] as const;

/** The document that may fetch models from elsewhere; every other one speaks to its own origin only. */
export const DOWNLOAD_DOCUMENT = 'download.html';

/** Nothing inline, no evaluated strings. Workers start from a `blob:`, so that they are bound by this too. */
function policy(connect: string): string {
  return [
    "default-src 'self'",
    `connect-src ${connect}`,
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

export const PAGE_POLICY = policy("'self'");
/** Its first script narrows this to the server that was picked, before anything else runs. */
export const DOWNLOAD_POLICY = policy("'self' https: http:");

/**
 * Isolates the page from others of the same browser; where a host does not send these the page works without. Models of other servers
 * come by CORS, which an embedder policy allows.
 */
export const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

/** What narrows the document for downloads to these servers. */
export const narrowedTo = (servers: readonly string[]): string => `connect-src 'self' ${servers.join(' ')}`;
