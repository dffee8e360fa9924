import { request as httpRequest } from 'node:http';
import OpenAI, { APIError } from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import type { GenerateReport } from '../../generate/generate.ts';
import { WebLoraError } from '../../errors.ts';
import type { ChatRequest } from './chat-request.ts';
import { ChatServer, type Answered, type ChatServerOptions, type ServedModels } from './server.ts';

const REPORT: GenerateReport = {
  text: '',
  tokens: [1, 2],
  promptTokens: 7,
  reusedTokens: 3,
  newTokens: 2,
  prefillTokensPerSec: 1,
  decodeTokensPerSec: 1,
  finishReason: 'eos',
};

/** Says each of these pieces, then reports. */
function saying(pieces: readonly string[], report: Partial<GenerateReport> = {}): ServedModels['answer'] {
  return async function* () {
    yield* pieces;
    return { ...REPORT, text: pieces.join(''), ...report };
  };
}

const opened: ChatServer[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close();
});

async function listen(
  answer: ServedModels['answer'],
  options: Partial<ChatServerOptions> = {},
): Promise<{ readonly server: ChatServer; readonly client: OpenAI }> {
  const server = await ChatServer.listen({
    models: { names: ['base', 'tickets'], answer },
    host: '127.0.0.1',
    port: 0,
    ...options,
  });
  opened.push(server);
  return { server, client: new OpenAI({ baseURL: server.url, apiKey: 'none', maxRetries: 0 }) };
}

const ASK = { model: 'tickets', messages: [{ role: 'user', content: 'Where is it?' }] } as const;
const asking = (): { model: string; messages: { role: 'user'; content: string }[] } => ({
  model: ASK.model,
  messages: [...ASK.messages],
});

/** What the official client makes of the refusal. */
async function refusal(promise: PromiseLike<unknown>): Promise<APIError> {
  const error: unknown = await Promise.resolve(promise).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof APIError)) throw new Error(`wanted an APIError, got ${String(error)}`);
  return error;
}

/** A request that the official client would not send. */
function raw(
  url: string,
  { method = 'POST', headers = {}, body = '' }: { method?: string; headers?: Record<string, string>; body?: string },
): Promise<{ status: number | undefined; text: string; headers: Readonly<Record<string, unknown>> }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.on('end', () => resolve({ status: response.statusCode, text, headers: response.headers }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('a chat server, asked by the openai client', () => {
  it('lists the models and describes one', async () => {
    const { client } = await listen(saying([]));
    const list = await client.models.list();
    expect(list.data.map(({ id, object }) => [id, object])).toEqual([
      ['base', 'model'],
      ['tickets', 'model'],
    ]);
    expect(await client.models.retrieve('tickets')).toMatchObject({ id: 'tickets', owned_by: 'weblora' });
    expect(await refusal(client.models.retrieve('other'))).toMatchObject({ status: 404, code: 'model_not_found' });
  });

  it('answers as a whole, with the settings of the request', async () => {
    let asked: ChatRequest | undefined;
    const { client } = await listen(async function* (request) {
      asked = request;
      yield 'On its ';
      yield 'way.';
      return { ...REPORT, text: 'On its way.' };
    });
    const older = { seed: 4 };
    const completion = await client.chat.completions.create({
      ...asking(),
      ...older,
      max_completion_tokens: 9,
      temperature: 0.5,
      top_p: 0.9,
      stop: '\n',
      n: 1,
      response_format: { type: 'text' },
      prompt_cache_key: 'me',
    });
    expect(asked).toMatchObject({
      model: 'tickets',
      messages: [{ role: 'user', content: 'Where is it?' }],
      settings: { maxNewTokens: 9, temperature: 0.5, topP: 0.9, seed: 4, stop: ['\n'] },
    });
    expect(completion).toMatchObject({
      object: 'chat.completion',
      model: 'tickets',
      choices: [{ index: 0, message: { role: 'assistant', content: 'On its way.' }, finish_reason: 'stop' }],
      usage: {
        prompt_tokens: 7,
        completion_tokens: 2,
        total_tokens: 9,
        prompt_tokens_details: { cached_tokens: 3 },
      },
    });
  });

  it('streams the pieces, what is thought apart, and the usage where it is asked for', async () => {
    const { client } = await listen(async function* (_, { onThinking }) {
      onThinking('Hm.');
      yield 'On its ';
      yield 'way.';
      return { ...REPORT, text: 'On its way.', thinking: 'Hm.', finishReason: 'length' };
    });
    const stream = await client.chat.completions.create({
      ...asking(),
      stream: true,
      stream_options: { include_usage: true },
    });
    const deltas: unknown[] = [];
    let end: unknown;
    let usage: unknown;
    for await (const chunk of stream) {
      expect(chunk.object).toBe('chat.completion.chunk');
      const [choice] = chunk.choices;
      if (choice === undefined) usage = chunk.usage;
      else if (choice.finish_reason === null) deltas.push(choice.delta);
      else end = choice.finish_reason;
    }
    expect(deltas).toEqual([
      { role: 'assistant', content: '' },
      { reasoning_content: 'Hm.' },
      { content: 'On its ' },
      { content: 'way.' },
    ]);
    expect(end).toBe('length');
    expect(usage).toMatchObject({ prompt_tokens: 7, completion_tokens: 2 });
  });

  it('answers one request after another, in the order in which they came', async () => {
    const order: string[] = [];
    let active = 0;
    const gates: (() => void)[] = [];
    const { client, server } = await listen(async function* ({ messages }) {
      active += 1;
      expect(active).toBe(1);
      order.push(messages[0]?.content ?? '');
      await new Promise<void>((resolve) => gates.push(resolve));
      active -= 1;
      yield 'done';
      return { ...REPORT, text: 'done' };
    });
    const ask = (content: string): Promise<unknown> =>
      client.chat.completions.create({ model: 'base', messages: [{ role: 'user', content }] });
    const first = ask('1');
    await until(() => gates.length === 1);
    const second = ask('2');
    await until(() => server.waiting === 1);
    const third = ask('3');
    await until(() => server.waiting === 2);
    for (let i = 0; i < 3; i++) {
      await until(() => gates.length === i + 1);
      gates[i]?.();
    }
    await Promise.all([first, second, third]);
    expect(order).toEqual(['1', '2', '3']);
  });

  it('stops an answer whose client has gone, and goes on to the next', async () => {
    let signalled: AbortSignal | undefined;
    let isFirst = true;
    const { client } = await listen(async function* (_, { signal }) {
      if (!isFirst) {
        yield 'next';
        return { ...REPORT, text: 'next' };
      }
      isFirst = false;
      signalled = signal;
      yield 'a';
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      return { ...REPORT, finishReason: 'aborted' };
    });
    const stream = await client.chat.completions.create({ ...asking(), stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content === 'a') break;
    const next = await client.chat.completions.create(asking());
    expect(next.choices[0]?.message.content).toBe('next');
    expect(signalled?.aborted).toBe(true);
  });

  it('says what is wrong in the shape of OpenAI’s errors', async () => {
    const { client } = await listen(saying(['x']));
    const ask = (given: object): Promise<APIError> =>
      refusal(client.chat.completions.create({ ...asking(), ...given } as never));
    const told = [
      [{ model: 'other' }, 404, 'model_not_found', 'model', 'model: got "other", wanted base or tickets'],
      [{ model: 7 }, 400, 'invalid_value', 'model', 'model: got 7, wanted the name of one of /v1/models'],
      [{ messages: 'hi' }, 400, 'invalid_value', 'messages', 'messages is a string, wanted a list of {role, content}'],
      [
        { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] },
        400,
        'invalid_value',
        'messages',
        'messages[0].content[0] is a part of type "image_url", and only text is read',
      ],
      [
        { messages: [{ role: 'user', content: 'a', mood: 'good' }] },
        400,
        'unknown_parameter',
        'messages',
        'messages[].mood: not read; leave it out',
      ],
      [{ n: 2 }, 400, 'invalid_value', 'n', 'n: got 2, wanted 1: a request has one answer'],
      [
        { tools: [{ type: 'function' }] },
        400,
        'invalid_value',
        'tools',
        'tools: got a list, wanted none: tools are not called here',
      ],
      [
        { response_format: { type: 'json_object' } },
        400,
        'invalid_value',
        'response_format',
        'response_format: got an object, wanted {"type": "text"}: answers are not held to a format',
      ],
      [
        { logprobs: true },
        400,
        'invalid_value',
        'logprobs',
        'logprobs: got true, wanted false: probabilities are not given',
      ],
      [{ max_tokens: 0 }, 400, 'invalid_value', 'max_tokens', 'max_tokens: got 0, wanted a whole number from 1'],
      [{ temperature: 'hot' }, 400, 'invalid_value', 'temperature', 'temperature: got "hot", wanted a number'],
      [{ stop: [''] }, 400, 'invalid_value', 'stop', 'stop: got "", wanted a text, or a list of texts'],
      [
        { stream_options: { include_usage: true } },
        400,
        'invalid_value',
        'stream_options',
        'stream_options: got an object, wanted stream: true beside it',
      ],
      [
        { mirostat: 2 },
        400,
        'unknown_parameter',
        'mirostat',
        'mirostat: not a parameter that is known here; leave it out',
      ],
    ] as const;
    for (const [given, status, code, param, message] of told) {
      const error = await ask(given);
      expect({ status: error.status, code: error.code, param: error.param, type: error.type }).toEqual({
        status,
        code,
        param,
        type: 'invalid_request_error',
      });
      expect(error.message).toBe(`${status} ${message}`);
    }
  });

  it('answers a failure of the model with its status, and one in the middle of a stream within the stream', async () => {
    const failures = [
      new WebLoraError('context', 'generate: the prompt', { got: '9 tokens', wanted: 'at most 8' }),
      new WebLoraError('config', 'top-p', { got: 2, wanted: 'a number over 0', fix: 'set top-p to it' }),
      new WebLoraError('device-lost', 'the GPU', { got: 'lost' }),
    ];
    const { client } = await listen(async function* (request) {
      if (request.stream) yield 'a';
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      return REPORT;
    });
    expect(await refusal(client.chat.completions.create(asking()))).toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
      type: 'invalid_request_error',
    });
    expect(await refusal(client.chat.completions.create(asking()))).toMatchObject({
      status: 400,
      param: 'top_p',
      message: '400 top_p: got 2, wanted a number over 0; set top_p to it',
    });
    const stream = await client.chat.completions.create({ ...asking(), stream: true });
    const seen: unknown[] = [];
    const error = await refusal(
      (async () => {
        for await (const chunk of stream) seen.push(chunk.choices[0]?.delta.content);
      })(),
    );
    expect(seen).toEqual(['', 'a']);
    expect(error).toMatchObject({ type: 'server_error', code: 'device-lost' });
  });

  it('refuses what is too large, not JSON, or not declared as JSON, and reads no more of it', async () => {
    const answered: Answered[] = [];
    const { server } = await listen(saying(['x']), { mostBodyBytes: 200, onAnswered: (one) => answered.push(one) });
    const url = `${server.url}/chat/completions`;
    const json = { 'content-type': 'application/json' };
    const large = JSON.stringify({ ...ASK, messages: [{ role: 'user', content: 'x'.repeat(500) }] });
    const lengthSaid = { ...json, 'content-length': String(large.length) };
    expect(await raw(url, { headers: lengthSaid, body: large })).toMatchObject({ status: 413 });
    const chunked = { ...json, 'transfer-encoding': 'chunked' };
    expect((await raw(url, { headers: chunked, body: large })).text).toBe(
      '{"error":{"message":"the body is larger than 200 bytes; send a shorter conversation","type":"invalid_request_error","param":null,"code":null}}',
    );
    expect(await raw(url, { headers: json, body: '{' })).toMatchObject({ status: 400 });
    expect(await raw(url, { headers: { 'content-type': 'text/plain' }, body: JSON.stringify(ASK) })).toMatchObject({
      status: 415,
    });
    expect(answered.map(({ status }) => status)).toEqual([413, 413, 400, 415]);
  });

  it('knows its paths and methods', async () => {
    const { server } = await listen(saying([]));
    expect(await raw(`${server.url}/embeddings`, {})).toMatchObject({ status: 404 });
    expect(await raw(`${server.url}/models`, { method: 'DELETE' })).toMatchObject({
      status: 405,
      headers: { allow: 'GET' },
    });
    // A page of another origin asks so before it may send JSON: it gets no leave.
    const preflight = await raw(`${server.url}/chat/completions`, { method: 'OPTIONS' });
    expect(preflight.status).toBe(405);
    expect(Object.keys(preflight.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('answers under names of this computer only, so that no name of the internet can be pointed at it', async () => {
    const { server } = await listen(saying([]));
    const { port } = new URL(server.url);
    const asked = (host: string): ReturnType<typeof raw> =>
      raw(`${server.url}/models`, { method: 'GET', headers: { host } });
    expect((await asked(`evil.example:${port}`)).status).toBe(403);
    expect((await asked(`localhost:${port}`)).status).toBe(200);
    expect((await asked(`[::1]:${port}`)).status).toBe(200);
  });

  it('refuses more waiting requests than it holds', async () => {
    const { client } = await listen(saying(['x']), { mostWaiting: 0 });
    expect(await refusal(client.chat.completions.create(asking()))).toMatchObject({
      status: 429,
      code: 'rate_limit_exceeded',
    });
  });

  it('tells those under way and those that wait when it is closed', async () => {
    let isAnswering = false;
    const { client, server } = await listen(async function* (_, { signal }) {
      isAnswering = true;
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      yield 'late';
      return { ...REPORT, finishReason: 'aborted' };
    });
    const first = refusal(client.chat.completions.create(asking()));
    await until(() => isAnswering);
    const second = refusal(client.chat.completions.create(asking()));
    await until(() => server.waiting === 1);
    await server.close();
    expect(await first).toMatchObject({ status: 503, code: 'stopping' });
    expect(await second).toMatchObject({ status: 503, code: 'stopping' });
  });

  it('says that its port is taken', async () => {
    const { server } = await listen(saying([]));
    const port = Number(new URL(server.url).port);
    await expect(listen(saying([]), { port })).rejects.toThrow(
      `--port ${port}: got a port that another program uses, wanted a free one; choose another --port`,
    );
  });
});

/** Lets others run until it is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
