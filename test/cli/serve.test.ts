import { join } from 'node:path';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { ROOT, weblora, type Ended } from './weblora.ts';

const TOY = join(ROOT, 'test', 'fixtures', 'toy-llama');
const MODEL = ['--model', join(TOY, 'model'), '--base', 'f32'];
const ADAPTER = join(TOY, 'adapter-random');

/** Serves while the client is used, then presses Ctrl-C. */
async function served(args: readonly string[], use: (client: OpenAI) => Promise<void>): Promise<Ended> {
  let used: Promise<void> | undefined;
  const ended = await weblora(['serve', ...MODEL, ...args, '--port', '0', '--json'], {
    signalAfter: (stdout) => {
      const [first = '', rest] = stdout.split('\n');
      if (rest === undefined) return false;
      used ??= (async () => {
        const { url } = JSON.parse(first) as { url: string };
        await use(new OpenAI({ baseURL: url, apiKey: 'none', maxRetries: 0 })).finally(() =>
          fetch(new URL('/health', url)),
        );
      })();
      // A failure of it is told at the end.
      used.catch(() => undefined);
      return stdout.includes('"/health"');
    },
  });
  await used;
  return ended;
}

describe('weblora serve', () => {
  it('answers the openai client by the base and by each adapter as weblora generate does, and ends at Ctrl-C', async () => {
    const ask = (
      model: string,
    ): { model: string; messages: { role: 'user'; content: string }[]; max_completion_tokens: number } => ({
      model,
      messages: [{ role: 'user', content: 'hello' }],
      max_completion_tokens: 5,
    });
    const texts: Record<string, unknown> = {};
    let streamed = '';
    const ended = await served(['--adapter', `random=${ADAPTER}`, '--adapter', `again=${ADAPTER}`], async (client) => {
      const { data } = await client.models.list();
      expect(data.map(({ id }) => id)).toEqual(['model', 'random', 'again']);
      // At once: they wait for each other.
      await Promise.all(
        data.map(async ({ id }) => {
          texts[id] = (await client.chat.completions.create(ask(id))).choices[0]?.message.content;
        }),
      );
      for await (const { choices } of await client.chat.completions.create({ ...ask('random'), stream: true }))
        streamed += choices[0]?.delta.content ?? '';
      await expect(client.chat.completions.create({ ...ask('random'), max_completion_tokens: 0 })).rejects.toThrow(
        '400 max_completion_tokens: got 0, wanted a whole number from 1',
      );
    });
    expect(ended).toMatchObject({ status: 0, signal: null });
    const answered = [expect.stringMatching(/^(model|random|again)$/), 200, 'number'];
    expect(ended.records().map(({ model, status, promptTokens }) => [model, status, typeof promptTokens])).toEqual([
      [undefined, undefined, 'undefined'],
      [undefined, 200, 'undefined'],
      answered,
      answered,
      answered,
      answered,
      [undefined, 400, 'undefined'],
      [undefined, 200, 'undefined'],
    ]);
    expect(ended.stdout + ended.stderr).not.toContain('hello');
    const flags = ['--prompt', 'hello', '--max-new-tokens', '5', '--json'];
    const alone = await weblora(['generate', ...MODEL, '--adapter', ADAPTER, ...flags]);
    const tuned = alone.records()[0]?.['text'];
    expect(texts).toEqual({ model: expect.any(String) as string, random: tuned, again: tuned });
    expect(streamed).toBe(tuned);
    expect(texts['model']).not.toBe(tuned);
  });

  it('refuses a name that is given twice, and the name of the base, before it loads anything', async () => {
    const failed = async (...args: string[]): Promise<string> => {
      const { status, error } = await weblora(['serve', ...MODEL, ...args]);
      return `${status} ${error}`;
    };
    expect(await failed('--adapter', `a=${ADAPTER}`, '--adapter', `a=${ADAPTER}`)).toBe(
      "2 error[usage]: --adapter: got the name 'a' twice, wanted a name of its own for every adapter; give it as NAME=ADAPTER",
    );
    expect(await failed('--adapter', `model=${ADAPTER}`)).toMatch(/the name 'model' of the base model/);
  });
});
