import { basename, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { ChatOptions } from '../../engine/core.ts';
import type { LoraAdapter } from '../../adapters/adapter.ts';
import { WebLoraError, toFailure } from '../../errors.ts';
import type { ChatSession } from '../../generate/chat.ts';
import type { GenerateReport } from '../../generate/generate.ts';
import { GENERATE_SETTINGS } from '../../generate/settings.ts';
import { readAdapter } from '../files.ts';
import { answerSettingsOf, type Flags } from '../flags.ts';
import type { Output } from '../output.ts';
import { baseNamesOf } from '../../../models/checkpoint/gguf/base-names.ts';
import type { Model } from '../../../models/families/family.ts';
import { systemPrompt, withSession } from '../session.ts';

const HELP = `/reset           forget the conversation, keep the system prompt
/retry           answer the last question again
/adapter PATH    answer with this adapter from here on; a folder's own name once it was opened
/adapter off     answer with the base model
/strength X      how much of the adapter: 0 none, 1 as trained
/exit            end (Ctrl-D too); Ctrl-C stops an answer`;

/** `weblora chat` @returns the exit status */
export async function chat(flags: Flags, output: Output): Promise<number> {
  return withSession(flags, output, async ({ model, adapter, run }) => {
    const system = systemPrompt(flags, run, output);
    const path = flags.text('adapter');
    const talk = model.chat({
      ...answerSettingsOf(flags),
      ...(system !== undefined && { system }),
      ...(adapter && { adapter }),
    });
    const adapters = new Map<string, LoraAdapter>();
    if (adapter !== undefined && path !== undefined) adapters.set(nameOf(path), adapter);
    return converse(talk, adapters, model.opened.model, output);
  });
}

async function converse(
  talk: ChatSession<ChatOptions>,
  adapters: Map<string, LoraAdapter>,
  base: Model,
  output: Output,
): Promise<number> {
  const isTerminal = process.stdin.isTTY && !output.json;
  const lines = createInterface({ input: process.stdin, ...(isTerminal && { output: process.stderr, prompt: '> ' }) });
  let answering: AbortController | undefined;
  const interrupt = (): void => {
    if (answering === undefined) lines.close();
    else answering.abort();
  };
  // A terminal in raw mode tells readline of Ctrl-C, anything else the process.
  lines.on('SIGINT', interrupt);
  process.on('SIGINT', interrupt);
  if (isTerminal) output.note('Ask something; /help says what else there is.');
  const told = new Set<string>();
  const answer = async (
    ask: (turn: Partial<ChatOptions>) => AsyncGenerator<string, GenerateReport, undefined>,
  ): Promise<void> => {
    answering = new AbortController();
    try {
      const pieces = ask({ signal: answering.signal, onThinking: (text) => output.thinking(text) });
      for (;;) {
        const piece = await pieces.next();
        if (piece.done !== true) {
          output.text(piece.value);
          continue;
        }
        output.text('\n');
        output.record(piece.value);
        for (const note of piece.value.notes ?? []) {
          if (!told.has(note)) output.warn(note);
          told.add(note);
        }
        if (piece.value.finishReason !== 'eos') output.note(`(${WHY[piece.value.finishReason]})`);
        return;
      }
    } finally {
      answering = undefined;
    }
  };
  try {
    lines.prompt();
    for await (const line of lines) {
      const text = line.trim();
      const [command = '', ...rest] = text.split(/\s+/);
      const argument = rest.join(' ');
      try {
        if (command === '/exit' || command === '/quit') break;
        else if (text === '') {
          // Nothing was asked.
        } else if (command === '/help') output.note(HELP);
        else if (command === '/reset') {
          talk.reset();
          output.note('The conversation is forgotten.');
        } else if (command === '/retry') await answer((turn) => talk.regenerate(turn));
        else if (command === '/adapter') output.note(await switchAdapter(talk, adapters, base, argument));
        else if (command === '/strength') output.note(setStrength(talk, argument));
        else if (/^\/[a-z]+$/.test(command)) {
          throw new WebLoraError('usage', command, {
            got: 'an unknown command',
            wanted: '/reset, /retry, /adapter, /strength, /help or /exit',
          });
        } else await answer((turn) => talk.send(line, turn));
      } catch (error) {
        // A question that cannot be answered does not end the conversation; a lost device does.
        const { code, message } = toFailure(error);
        if (code === 'internal' || code === 'device-lost') throw error;
        process.stderr.write(`error[${code}]: ${message}\n`);
      }
      lines.prompt();
    }
  } finally {
    process.off('SIGINT', interrupt);
    lines.close();
  }
  return 0;
}

/** Why an answer ended before its own end. */
const WHY: Readonly<Record<Exclude<GenerateReport['finishReason'], 'eos'>, string>> = {
  stop: 'a stop text came',
  length: 'cut after --max-new-tokens; ask to go on',
  context: 'the context is full; /reset begins anew, a larger --context leaves more',
  aborted: 'stopped',
};

function nameOf(path: string): string {
  return basename(resolve(path));
}

/** @returns what to tell the user */
async function switchAdapter(
  talk: ChatSession<ChatOptions>,
  adapters: Map<string, LoraAdapter>,
  base: Model,
  name: string,
): Promise<string> {
  const { adapter: now, ...others } = talk.options;
  if (name === '') {
    const current = [...adapters].find(([, adapter]) => adapter === now)?.[0] ?? 'off';
    return `adapter: ${current}; opened: ${[...adapters.keys()].join(', ') || 'none'}`;
  }
  if (name === 'off') {
    talk.options = others;
    return 'The base model answers from here on.';
  }
  const adapter = adapters.get(name) ?? (await readAdapter('/adapter', name, async () => baseNamesOf(base)));
  adapters.set(nameOf(name), adapter);
  talk.options = { ...others, adapter };
  return [`${nameOf(name)} answers from here on.`, ...(adapter.notes ?? [])].join('\n');
}

function setStrength(talk: ChatSession<ChatOptions>, text: string): string {
  const { type } = GENERATE_SETTINGS.strength;
  const strength = type.read(text);
  if (strength === undefined) {
    throw new WebLoraError('usage', '/strength', { got: text === '' ? 'nothing' : `'${text}'`, wanted: type.wanted });
  }
  talk.options = { ...talk.options, strength };
  return `The adapter counts ${strength} times from here on.`;
}
