import type { ChatMessage } from '../../../workers/engine/contract.ts';
import { nameUnread, UnusableRow } from '../../data/fields.ts';
import { isJsonObject } from '../../json.ts';
import { readMessages, unknownRoles } from '../../data/messages.ts';
import { withSystem } from '../../data/prepare.ts';
import { WebLoraError } from '../../errors.ts';
import { readNamedFile } from '../files.ts';
import { answerSettingsOf, type Flags } from '../flags.ts';
import type { Output } from '../output.ts';
import { systemPrompt, withSession } from '../session.ts';
import { abortOnStop } from '../stop-signals.ts';

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
    messagesPath === undefined ? [{ role: 'user', content: prompt ?? '' }] : readConversation(messagesPath, output);
  const raw = flags.flag('raw');
  if (raw && prompt === undefined)
    throw new WebLoraError('usage', '--raw', {
      got: 'a conversation',
      wanted: 'a --prompt',
      fix: 'use --prompt with --raw',
    });
  return withSession(flags, output, async ({ model, adapter, run }) => {
    const stop = abortOnStop();
    const system = raw ? undefined : systemPrompt(flags, run, output);
    const input = raw && prompt !== undefined ? { text: prompt } : { messages: withSystem(messages, system) };
    const texts = 'text' in input ? [input.text] : input.messages.map(({ content }) => content);
    if (!texts.every((text) => model.opened.tokenizer().keeps(text)))
      output.warn('the prompt has text that the tokenizer does not keep as it is written');
    const { strength, ...settings } = answerSettingsOf(flags);
    const report = await model.generate(
      { input, ...settings },
      {
        ...(adapter && { adapter }),
        ...(strength !== undefined && { strength }),
        signal: stop.signal,
        onText: (text) => output.text(text),
        onThinking: (text) => output.thinking(text),
      },
    );
    stop.release();
    output.record(report);
    output.text('\n');
    for (const note of report.notes ?? []) output.warn(note);
    output.note(
      `${report.newTokens} tokens, ${report.decodeTokensPerSec.toFixed(1)} a second (${report.finishReason})`,
    );
    return report.finishReason === 'aborted' ? 130 : 0;
  });
}

/** @throws WebLoraError 'file-not-found', or 'bad-data' naming the message and its field */
function readConversation(path: string, output: Output): readonly ChatMessage[] {
  const subject = `--messages ${path}`;
  const text = readNamedFile(subject, path, 'a JSON file of messages').toString('utf8');
  const wanted = '[{"role":"user","content":"…"}]';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new WebLoraError('bad-data', subject, {
      got: 'text that is not JSON',
      wanted,
      fix: 'correct the file',
      cause,
    });
  }
  const unread = new Set<string>();
  const name = (key: string): void => void unread.add(key);
  if (isJsonObject(value)) nameUnread(value, ['messages'], name);
  let messages: readonly ChatMessage[];
  try {
    messages = readMessages(isJsonObject(value) ? value['messages'] : value, 'messages', name);
  } catch (thrown) {
    if (!(thrown instanceof UnusableRow)) throw thrown;
    throw new WebLoraError('bad-data', subject, {
      got: thrown.message,
      wanted,
      fix: 'correct the file',
      cause: thrown,
    });
  }
  for (const key of unread) output.warn(`${path}: "${key}" is not used`);
  for (const role of unknownRoles(messages))
    output.warn(`${path}: the role ${role} is none of system, user, assistant and tool: it is written as it is`);
  return messages;
}
