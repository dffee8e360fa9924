import type { RenderChat } from './chat-template.ts';
import { WebLoraError } from '../../src/errors.ts';

/** What a model says before its answer, and the answer. */
export interface SplitAnswer {
  /** Undefined where there is no such block; '' for an empty one, as templates add themselves. */
  readonly thinking: string | undefined;
  readonly text: string;
}

/** How a chat template sets thinking apart from an answer. */
export interface ThinkingMarks {
  readonly open: string;
  readonly close: string;
  /** Whether the prompt of generation ends with the opening mark already. */
  readonly isOpened: boolean;
}

/** The marks of published templates. */
const KNOWN: readonly (readonly [open: string, close: string])[] = [
  ['<think>', '</think>'],
  ['<thinking>', '</thinking>'],
  ['<seed:think>', '</seed:think>'],
  ['[THINK]', '[/THINK]'],
  ['<|START_THINKING|>', '<|END_THINKING|>'],
  ['\u25c1think\u25b7', '\u25c1/think\u25b7'],
  ['<|inner_prefix|>', '<|inner_suffix|>'],
  ['<reasoning>', '</reasoning>'],
];

const ANSWER = 'qxzAnswerqxz';
const BLOCK = /^((?:<[^<>\s]+>|\[[^[\]\s]+\]))\s*((?:<[^<>\s]+>|\[[^[\]\s]+\]))$/;

function rendered(render: () => string): string {
  try {
    return render();
  } catch (thrown) {
    if (thrown instanceof WebLoraError) return '';
    throw thrown;
  }
}

/** The marks that a template uses, told by the empty block that it adds to an answer, else by its source. */
export function findThinkingMarks(source: string, render: RenderChat): ThinkingMarks | undefined {
  const question = { role: 'user', content: 'a' };
  const prompt = rendered(() => render([question], { addGenerationPrompt: true }));
  const whole = rendered(() => render([question, { role: 'assistant', content: ANSWER }]));
  const before = whole.slice(0, Math.max(0, whole.indexOf(ANSWER)));
  const added = before.startsWith(prompt) ? BLOCK.exec(before.slice(prompt.length).trim()) : null;
  const pair =
    added !== null
      ? ([added[1] ?? '', added[2] ?? ''] as const)
      : KNOWN.find(([open, close]) => source.includes(close) && source.includes(open));
  if (pair === undefined) return undefined;
  const [open, close] = pair;
  return { open, close, isOpened: prompt.trimEnd().endsWith(open) };
}

/** Takes thinking apart from the answer as both are written. */
export interface ThinkingFilter {
  push(text: string): SplitAnswer;
  /** What was held back, at the end of the answer; `isWhole`: it is all that was said, and nothing before was thinking. */
  end(): SplitAnswer & { readonly isWhole: boolean };
}

/** How much of the end of `text` may be the beginning of `mark`. */
function partOf(mark: string, text: string): number {
  for (let length = Math.min(mark.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(mark.slice(0, length))) return length;
  }
  return 0;
}

/** A filter for one answer. Without marks everything is the answer. */
export function makeThinkingFilter(marks: ThinkingMarks | undefined): ThinkingFilter {
  if (marks === undefined) {
    return {
      push: (text) => ({ thinking: undefined, text }),
      end: () => ({ thinking: undefined, text: '', isWhole: false }),
    };
  }
  const { open, close, isOpened } = marks;
  let state: 'start' | 'thinking' | 'gap' | 'answer' = isOpened ? 'thinking' : 'start';
  let held = '';
  let all = '';
  const step = (): SplitAnswer => {
    let thinking: string | undefined;
    if (state === 'start') {
      const start = held.trimStart();
      if (start.startsWith(open)) {
        state = 'thinking';
        held = start.slice(open.length);
        thinking = '';
      } else if (open.startsWith(start)) return { thinking, text: '' };
      else state = 'answer';
    }
    if (state === 'thinking') {
      const at = held.indexOf(close);
      const until = at < 0 ? held.length - partOf(close, held) : at;
      thinking = (thinking ?? '') + held.slice(0, until);
      held = held.slice(at < 0 ? until : until + close.length);
      if (at < 0) return { thinking, text: '' };
      state = 'gap';
    }
    if (state === 'gap') {
      held = held.trimStart();
      if (held === '') return { thinking, text: '' };
      state = 'answer';
    }
    const text = held;
    held = '';
    return { thinking, text };
  };
  return {
    push(text) {
      all += text;
      held += text;
      return step();
    },
    end() {
      // A model that was tuned on answers alone never closes what the prompt opened: all of it is the answer.
      if (state === 'thinking' && isOpened) return { thinking: undefined, text: all, isWhole: true };
      const rest = held;
      held = '';
      if (state === 'thinking') return { thinking: rest, text: '', isWhole: false };
      return { thinking: undefined, text: state === 'gap' ? '' : rest, isWhole: false };
    },
  };
}

/** A finished answer, taken apart. */
export function splitThinking(marks: ThinkingMarks | undefined, said: string): SplitAnswer {
  const filter = makeThinkingFilter(marks);
  const first = filter.push(said);
  const last = filter.end();
  if (last.isWhole) return { thinking: undefined, text: said };
  const parts = [first.thinking, last.thinking].filter((part) => part !== undefined);
  return { thinking: parts.length === 0 ? undefined : parts.join('').trim(), text: first.text + last.text };
}
