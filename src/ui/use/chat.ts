import { computed, effect, signal } from '@preact/signals';
import type { ChatMessage } from '../../../workers/engine/contract.ts';
import { model } from '../state/engine.ts';
import { stream, type Answer } from '../try/answer.ts';
import { adapter, answerLength, temperature } from '../try/trial.ts';

/** A question and what was answered. */
export interface Turn {
  readonly question: string;
  readonly answer: Answer;
}

/** The conversation with the current adapter; it is kept in this tab only. */
export const turns = signal<readonly Turn[]>([]);
export const isChatting = computed(() => turns.value.at(-1)?.answer.kind === 'writing');

let asking: AbortController | undefined;
/** Each conversation has a cache of its own in the engine. */
let conversations = 0;

let talkedTo: string | undefined;
effect(() => {
  const id = model.value.kind === 'ready' ? adapter.value?.id : undefined;
  if (id === talkedTo) return;
  talkedTo = id;
  newConversation();
});

/** Says something in the conversation; an answer that failed or was never given is no part of what was said. */
export async function say(question: string): Promise<void> {
  const current = adapter.value;
  if (question.trim() === '' || current === undefined || model.value.kind !== 'ready' || isChatting.value) return;
  const before = turns.value.filter(({ answer }) => answer.kind === 'done');
  const mine = new AbortController();
  asking = mine;
  const messages: ChatMessage[] = [
    ...(current.system === undefined ? [] : [{ role: 'system' as const, content: current.system }]),
    ...before.flatMap((turn): ChatMessage[] => [
      { role: 'user', content: turn.question },
      { role: 'assistant', content: turn.answer.kind === 'done' ? turn.answer.text : '' },
    ]),
    { role: 'user', content: question },
  ];
  turns.value = [...before, { question, answer: { kind: 'writing', text: '' } }];
  await stream(
    {
      model: model.value.facts.id,
      adapter: current.id,
      input: { messages },
      maxNewTokens: answerLength.value,
      temperature: temperature.value,
      // Of the turn, so that freely worded answers to the same words differ.
      seed: before.length,
      conversation: `chat-${conversations}`,
    },
    mine.signal,
    (answer) => {
      if (asking === mine) turns.value = [...before, { question, answer }];
    },
  );
}

export function stopChatting(): void {
  asking?.abort();
}

export function newConversation(): void {
  stopChatting();
  asking = undefined;
  conversations += 1;
  turns.value = [];
}
