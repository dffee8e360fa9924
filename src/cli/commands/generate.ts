import { existsSync, readFileSync } from 'node:fs';
import type { ChatMessage } from '../../../workers/engine/contract.ts';
import { withSystem } from '../../data/prepare.ts';
import { WebLoraError } from '../../errors.ts';
import { samplingOf, type Flags } from '../flags.ts';
import type { Output } from '../output.ts';
import { systemPrompt, withSession } from '../session.ts';

/** `weblora generate` @returns the exit status */
export async function generate(flags: Flags, output: Output): Promise<number> {
  const prompt = flags.text('prompt');
  const messagesPath = flags.text('messages');
  if ((prompt === undefined) === (messagesPath === undefined)) {
    throw new WebLoraError('usage', '--prompt and --messages', {
      got: prompt === undefined ? 'neither' : 'both',
      wanted: 'one of them',
      fix: 'give the question with --prompt TEXT or a conversation with --messages FILE.json',
    });
  }
  const messages: readonly ChatMessage[] =
    messagesPath === undefined ? [{ role: 'user', content: prompt ?? '' }] : readMessages(messagesPath);
  const raw = flags.flag('raw');
  if (raw && prompt === undefined)
    throw new WebLoraError('usage', '--raw', {
      got: 'a conversation',
      wanted: 'a --prompt',
      fix: 'use --prompt with --raw',
    });
  return withSession(flags, output, async ({ model, adapter, run }) => {
    const abort = new AbortController();
    const onInterrupt = (): void => abort.abort();
    process.once('SIGINT', onInterrupt);
    const system = raw ? undefined : systemPrompt(flags, run, output);
    const strength = flags.number('strength');
    const input = raw && prompt !== undefined ? { text: prompt } : { messages: withSystem(messages, system) };
    const texts = 'text' in input ? [input.text] : input.messages.map(({ content }) => content);
    if (!texts.every((text) => model.opened.tokenizer().keeps(text)))
      output.warn('the prompt has text that the tokenizer does not keep as it is written');
    const report = await model.generate(
      { input, ...samplingOf(flags) },
      {
        ...(adapter && { adapter }),
        ...(strength !== undefined && { strength }),
        signal: abort.signal,
        onText: (text) => output.text(text),
        onThinking: (text) => output.thinking(text),
      },
    );
    process.off('SIGINT', onInterrupt);
    output.record(report);
    output.text('\n');
    output.note(
      `${report.newTokens} tokens, ${report.decodeTokensPerSec.toFixed(1)} a second (${report.finishReason})`,
    );
    return report.finishReason === 'aborted' ? 130 : 0;
  });
}

function readMessages(path: string): ChatMessage[] {
  if (!existsSync(path))
    throw new WebLoraError('file-not-found', `--messages ${path}`, {
      got: 'no such file',
      wanted: 'a JSON file of messages',
      fix: 'check the path',
    });
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new WebLoraError('bad-data', `--messages ${path}`, {
      got: 'text that is not JSON',
      wanted: '[{"role":"user","content":"…"}]',
      fix: 'correct the file',
      cause,
    });
  }
  const list = Array.isArray(value)
    ? value
    : typeof value === 'object' && value !== null && Array.isArray((value as { messages?: unknown }).messages)
      ? (value as { messages: unknown[] }).messages
      : undefined;
  const ok = list?.every((message): message is ChatMessage => {
    const { role, content } = (message ?? {}) as Partial<ChatMessage>;
    return (role === 'system' || role === 'user' || role === 'assistant') && typeof content === 'string';
  });
  if (list === undefined || list.length === 0 || ok !== true) {
    throw new WebLoraError('bad-data', `--messages ${path}`, {
      got: 'something else',
      wanted: 'a list of {"role": "system" or "user" or "assistant", "content": "…"}',
      fix: 'correct the file',
    });
  }
  return list;
}
