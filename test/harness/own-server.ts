import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface OwnServer {
  readonly url: string;
  /** Files asked for, with the bytes that were sent of each answer. */
  readonly sent: { readonly path: string; readonly range: string | undefined; bytes: number }[];
  /** Bytes of all answers together after which they stop and stay open. */
  holdAfter: number;
  /** Whether answers wait, because so many bytes were sent. */
  readonly isHeld: boolean;
  close(): Promise<void>;
}

const CHUNK = 64 * 1024;

/** A server of somebody's own: files with ranges and ETags, open to pages of other origins. */
export async function startOwnServer(files: ReadonlyMap<string, Uint8Array>): Promise<OwnServer> {
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sentBytes = (): number => self.sent.reduce((sum, { bytes }) => sum + bytes, 0);
  /** Told when answers may go on, or their client is gone. */
  const waiting = new EventEmitter().setMaxListeners(0);
  let holdAfter = Number.POSITIVE_INFINITY;
  const self: OwnServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    sent: [],
    get holdAfter() {
      return holdAfter;
    },
    set holdAfter(bytes) {
      holdAfter = bytes;
      waiting.emit('change');
    },
    get isHeld() {
      return sentBytes() >= self.holdAfter;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent((request.url ?? '/').slice(1));
    const content = files.get(path);
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Allow-Headers', 'range');
    response.setHeader('Access-Control-Expose-Headers', 'etag, content-range');
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    const record = { path, range: request.headers.range, bytes: 0 };
    self.sent.push(record);
    if (content === undefined) return void response.writeHead(404).end();
    const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const from = Number(asked?.[1] ?? 0);
    const to = Math.min(content.byteLength, asked?.[2] ? Number(asked[2]) + 1 : content.byteLength);
    response.writeHead(asked === null ? 200 : 206, {
      'Content-Length': String(to - from),
      ETag: `"${path}-${content.byteLength}"`,
      ...(asked !== null && { 'Content-Range': `bytes ${from}-${to - 1}/${content.byteLength}` }),
    });
    let isOpen = true;
    response.on('close', () => {
      isOpen = false;
      waiting.emit('change');
    });
    for (let at = from; at < to && isOpen; at += CHUNK) {
      while (isOpen && self.isHeld) await once(waiting, 'change');
      const piece = content.subarray(at, Math.min(to, at + CHUNK));
      record.bytes += piece.byteLength;
      response.write(piece);
    }
    response.end();
  }
  return self;
}
