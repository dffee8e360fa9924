import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, weblora } from './weblora.ts';

const TOY = join(ROOT, 'test', 'fixtures', 'toy-llama');
const FLAGS = ['--model', join(TOY, 'model'), '--base', 'f32', '--max-new-tokens', '5', '--json'];
const ADAPTER = join(TOY, 'adapter-random');

describe('weblora chat', () => {
  it('answers turn by turn, reads only what is new, and lets adapters and their strength change between turns', async () => {
    const ended = await weblora(['chat', ...FLAGS], {
      input: [
        'hello',
        'and again',
        '/retry',
        `/adapter ${ADAPTER}`,
        '/retry',
        '/strength 0',
        '/retry',
        '/strength 1',
        '/adapter off',
        '/retry',
        '/reset',
        'hello',
        '',
      ].join('\n'),
    });
    expect(ended.stderr).not.toMatch(/error\[/);
    expect(ended.status).toBe(0);
    const [first, second, retried, tuned, none, plain, anew] = ended.records();
    expect(first).toMatchObject({ reusedTokens: 0 });
    expect(second?.['reusedTokens']).toBeGreaterThan(0);
    expect(retried).toMatchObject({ text: second?.['text'], tokens: second?.['tokens'] });
    expect(tuned).toMatchObject({ reusedTokens: 0 });
    expect(tuned?.['tokens']).not.toEqual(second?.['tokens']);
    expect(none?.['tokens']).toEqual(second?.['tokens']);
    expect(plain?.['tokens']).toEqual(second?.['tokens']);
    expect(anew?.['tokens']).toEqual(first?.['tokens']);
  });

  it('says what cannot be done and goes on', async () => {
    const ended = await weblora(['chat', ...FLAGS], {
      input: ['/retry', '/what', '/strength loud', '/adapter /nowhere', 'hello', '/exit', 'not asked'].join('\n'),
    });
    const errors = ended.stderr.split('\n').filter((line) => line.startsWith('error['));
    expect(errors.map((line) => line.split(':')[0])).toEqual([
      'error[bad-data]',
      'error[usage]',
      'error[usage]',
      'error[file-not-found]',
    ]);
    expect(ended.records()).toHaveLength(1);
    expect(ended.status).toBe(0);
  });

  it('stops an answer at the first Ctrl-C and goes on', async () => {
    const model = mkdtempSync(join(tmpdir(), 'weblora-chat-'));
    try {
      cpSync(join(TOY, 'model'), model, { recursive: true });
      const config = JSON.parse(readFileSync(join(model, 'config.json'), 'utf8')) as object;
      // An answer of thousands of tokens is far from its end when its first one is read here.
      writeFileSync(join(model, 'config.json'), JSON.stringify({ ...config, max_position_embeddings: 8192 }));
      const length = ['--context', '8192', '--max-new-tokens', '8000'];
      const ended = await weblora(['chat', '--model', model, '--base', 'f32', ...length], {
        input: 'hello\n/what\n/exit\n',
        signalAfter: (stdout) => stdout.length > 0,
      });
      expect(ended.stderr).toMatch(/\(stopped\)[^]*error\[usage\]/);
      expect(ended.status).toBe(0);
    } finally {
      rmSync(model, { recursive: true });
    }
  });
});
