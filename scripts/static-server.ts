import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { DOWNLOAD_DOCUMENT, DOWNLOAD_POLICY, ISOLATION, PAGE_POLICY } from '../src/ui/policy.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.jsonl': 'application/jsonl; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.jinja': 'text/plain; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
};

export function contentType(path: string): string {
  return TYPES[extname(path)] ?? 'application/octet-stream';
}

/** Serves a folder of static files, each answer with the page's security headers; `isBare`: as a host that has none. */
export function serveFolder(folder: string, isBare = false): Server {
  return createServer((request, response) => {
    void answer(folder, request.url ?? '/').then(({ status, path, bytes }) => {
      response.writeHead(status, {
        'Content-Type': path === undefined ? 'text/plain; charset=utf-8' : contentType(path),
        ...(isBare ? {} : securityHeaders(path)),
        'Cache-Control': path !== undefined && /\/assets\//.test(path) ? 'max-age=31536000, immutable' : 'no-cache',
        ...(bytes === undefined ? {} : { 'Content-Length': bytes }),
      });
      if (path === undefined) response.end(`${status}\n`);
      else if (request.method === 'HEAD') response.end();
      else
        createReadStream(path)
          .on('error', () => response.destroy())
          .pipe(response);
    });
  });
}

function securityHeaders(path = ''): Record<string, string> {
  const policy = path.endsWith(DOWNLOAD_DOCUMENT) ? DOWNLOAD_POLICY : PAGE_POLICY;
  return {
    'Content-Security-Policy': `${policy}; frame-ancestors 'none'`,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    ...ISOLATION,
  };
}

async function answer(folder: string, url: string): Promise<{ status: number; path?: string; bytes?: number }> {
  let relative: string;
  try {
    relative = normalize(decodeURIComponent(url.split(/[?#]/)[0] ?? '/'));
  } catch {
    return { status: 400 };
  }
  if (relative.split(sep).includes('..') || relative.includes('\0')) return { status: 403 };
  const path = join(folder, relative.endsWith(sep) ? `${relative}index.html` : relative);
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true ? { status: 200, path, bytes: found.size } : { status: 404 };
}
