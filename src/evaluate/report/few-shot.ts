import type { ChatMessage, ChatTokenizer } from '../../../models/tokenizer/chat-tokenizer.ts';
import { wordsOf } from '../../data/check/words.ts';
import type { Example } from '../../data/rows.ts';
import { WebLoraError } from '../../errors.ts';

/** More examples help little and make every question slow to read. */
const MOST_EXAMPLES = 16;
/** What the base model is told before the examples. */
const INSTRUCTION =
  'Answer the last question exactly as the questions before it are answered: same form, same style, same length.';
/** Tokens that an instruction takes at most, with what the template puts around it. */
const INSTRUCTION_TOKENS = 64;

interface Candidate {
  readonly example: Example;
  readonly words: ReadonlySet<string>;
}

/** Training rows that can be put before a question. */
export function fewShotCandidates(training: readonly Example[]): readonly Candidate[] {
  return training.flatMap((example) =>
    example.promptMessages === undefined || example.completionText === undefined
      ? []
      : [{ example, words: new Set(wordsOf(example.promptText ?? '')) }],
  );
}

/** Words in common, of all words of both (Jaccard). */
function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const word of a) if (b.has(word)) shared += 1;
  const all = a.size + b.size - shared;
  return all === 0 ? 0 : shared / all;
}

/** The instruction in front, after the system prompt that is there already. */
function instruct(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const [first, ...rest] = messages;
  return first?.role === 'system'
    ? [{ ...first, content: `${first.content}\n\n${INSTRUCTION}` }, ...rest]
    : [{ role: 'system', content: INSTRUCTION }, ...messages];
}

/**
 * A question to the base model with what tuning would otherwise teach: an instruction, and the training rows whose questions have
 * most words in common with it, the nearest last, as many as fit.
 * @param room tokens that the prompt may have
 * @returns undefined where the question cannot be asked with anything before it
 */
export function fewShotPrompt(
  question: Example,
  candidates: readonly Candidate[],
  tokenizer: ChatTokenizer,
  room: number,
): { readonly promptIds: readonly number[]; readonly examples: number } | undefined {
  const { promptMessages, promptIds, promptText = '' } = question;
  if (promptMessages === undefined || promptIds === undefined) return undefined;
  const words = new Set(wordsOf(promptText));
  const nearest = candidates
    .map((candidate) => ({ ...candidate, score: overlap(words, candidate.words) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, MOST_EXAMPLES);
  let left = room - promptIds.length - INSTRUCTION_TOKENS;
  const chosen = nearest.filter(({ example }) => {
    const fits = example.ids.length <= left;
    if (fits) left -= example.ids.length;
    return fits;
  });
  const isSystem = ({ role }: ChatMessage): boolean => role === 'system';
  for (let count = chosen.length; count >= 0; count -= 1) {
    const shots = chosen
      .slice(0, count)
      .reverse()
      .flatMap(({ example }): ChatMessage[] => [
        ...(example.promptMessages ?? []).filter((message) => !isSystem(message)),
        { role: 'assistant', content: example.completionText ?? '' },
      ]);
    const head = promptMessages.filter(isSystem);
    const asked = [...head, ...shots, ...promptMessages.filter((message) => !isSystem(message))];
    const ids = encodeWith(tokenizer, instruct(asked)) ?? encodeWith(tokenizer, asked);
    if (ids !== undefined && ids.length <= room) return { promptIds: ids, examples: count };
  }
  return undefined;
}

/** undefined where the chat template has no place for these messages, such as a system prompt. */
function encodeWith(tokenizer: ChatTokenizer, messages: readonly ChatMessage[]): readonly number[] | undefined {
  try {
    return tokenizer.encodePrompt(messages);
  } catch (thrown) {
    if (thrown instanceof WebLoraError && thrown.code === 'bad-tokenizer') return undefined;
    throw thrown;
  }
}
