import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { launchChromium } from '../browser/chromium.ts';

/** What llama.cpp answered to one question. */
export interface LlamaCppAnswer {
  readonly text: string;
  readonly promptTokens: number;
}

export interface LlamaCppJob {
  /** The model's GGUF, by the name it is served under. */
  readonly model: string;
  /** A GGUF LoRA to apply to it. */
  readonly lora?: string;
  readonly questions: readonly string[];
  readonly system?: string;
  readonly maxNewTokens: number;
}

const PAGE = `<!doctype html><title>llama.cpp</title>
<script type="module">import { Wllama } from './index.js'; globalThis.Wllama = Wllama;</script>`;

declare global {
  var Wllama: typeof import('@wllama/wllama/esm/index.js').Wllama | undefined;
}

const esm = dirname(createRequire(import.meta.url).resolve('@wllama/wllama/esm/index.js'));

/**
 * llama.cpp in WebAssembly (`@wllama/wllama`) inside the tests' Chromium: greedy answers through the chat template of the
 * file. A LoRA goes in as a second file, which wllama lays beside the model.
 */
export async function withLlamaCpp<T>(
  files: Readonly<Record<string, Uint8Array>>,
  body: (answer: (job: LlamaCppJob) => Promise<readonly LlamaCppAnswer[]>) => Promise<T>,
): Promise<T> {
  const server = createServer((request, response) => {
    const name = (request.url ?? '/').slice(1);
    const bytes =
      name === ''
        ? PAGE
        : (files[name] ?? readFileSync(join(esm, name === 'wllama.wasm' ? join('wasm', name) : 'index.js')));
    const type = name === '' ? 'text/html' : name.endsWith('.js') ? 'text/javascript' : 'application/wasm';
    response.writeHead(200, { 'Content-Type': name.endsWith('.gguf') ? 'application/octet-stream' : type });
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(600_000);
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction(() => globalThis.Wllama !== undefined);
    return await body((job) => answers(page, job));
  } finally {
    await browser.close();
    server.close();
  }
}

function answers(page: Page, job: LlamaCppJob): Promise<readonly LlamaCppAnswer[]> {
  return page.evaluate(async ({ model, lora, questions, system, maxNewTokens }) => {
    const { Wllama } = globalThis;
    if (Wllama === undefined) throw new Error('no library');
    const quiet = (): void => undefined;
    const log: string[] = [];
    const keep = (...parts: unknown[]): void => void log.push(parts.map(String).join(' '));
    const engine = new Wllama(
      { default: './wllama.wasm' },
      { logger: { debug: quiet, log: keep, warn: keep, error: keep } },
    );
    const names = [model, ...(lora === undefined ? [] : [lora])];
    const blobs = await Promise.all(names.map(async (name) => (await fetch(`./${name}`)).blob()));
    try {
      await engine.loadModel(blobs, {
        n_ctx: 512,
        n_gpu_layers: 0,
        n_parallel: 1,
        n_threads: 1,
        cache_type_k: 'f32',
        cache_type_v: 'f32',
        // Files are laid in /models as parts of one model; only the first is opened as such.
        ...(lora !== undefined && { lora_adapters: [{ path: 'models/model-00002-of-00002.gguf' }] }),
      });
      const found: LlamaCppAnswer[] = [];
      for (const content of questions) {
        const { choices, usage } = await engine.createChatCompletion({
          messages: [
            ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
            { role: 'user', content },
          ],
          max_tokens: maxNewTokens,
          temperature: 0,
        });
        const text = choices[0]?.message.content;

        found.push({ text: typeof text === 'string' ? text : '', promptTokens: usage.prompt_tokens });
      }
      return found;
    } catch (error) {
      throw new Error(`${String(error)}\n${log.slice(-20).join('\n')}`);
    } finally {
      await engine.exit();
    }
  }, job);
}
