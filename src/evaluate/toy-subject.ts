import { toyByteLevelFiles } from '../../models/tokenizer/toy-tokenizer.ts';
import { loadTokenizer } from '../../models/tokenizer/tokenizer.ts';
import type { MicroBatch } from '../data/batch.ts';
import { prepareExamples } from '../data/prepare.ts';
import type { Example } from '../data/rows.ts';
import { ToyRuntime } from '../generate/toy-runtime.ts';
import type { Subject } from './suites/subject.ts';

export const toyTokenizer = loadTokenizer(toyByteLevelFiles());
const CONTEXT = 1200;
const TURN = 2;
const ASSISTANT = toyTokenizer.encode('assistant\n', { addSpecialTokens: false });

type Who = 'base' | 'tuned';
/** The answer to a question; `prompt` is all that the model was shown. */
export type Script = (question: string, who: Who, prompt: string) => string;

/** Questions with their answers as rows in tokens, of lines 1, 2, … */
export function toyExamples(rows: readonly (readonly [question: string, answer: string])[]): readonly Example[] {
  const { examples } = prepareExamples(
    rows.map(([question, answer], i) => ({
      kind: 'messages',
      line: i + 1,
      messages: [
        { role: 'user', content: question },
        { role: 'assistant', content: answer },
      ],
    })),
    toyTokenizer,
    {
      file: 'toy.jsonl',
      seqLen: CONTEXT,
      contextLength: CONTEXT,
      vocabSize: toyTokenizer.vocabSize,
      lossOn: 'completion',
    },
  );
  return examples;
}

/**
 * A model that answers as scripted.
 * @param lossOf of a token that is scored, in nats
 */
export function toySubject(
  script: Script,
  { lossOf = () => 1, signal }: { lossOf?: (label: number, who: Who) => number; signal?: AbortSignal } = {},
): { readonly subject: Subject; readonly use: (who: Who) => Promise<void>; readonly asked: string[] } {
  let answering: Who = 'tuned';
  const asked: string[] = [];
  const answers = new Map<string, readonly number[]>();
  const answerTo = (question: string, prompt: string): readonly number[] => {
    const key = `${answering} ${prompt}`;
    const known =
      answers.get(key) ?? toyTokenizer.encode(script(question, answering, prompt), { addSpecialTokens: false });
    answers.set(key, known);
    return known;
  };
  const logitsAfter = (past: readonly number[]): Float32Array => {
    const start = past.lastIndexOf(TURN) + 1 + ASSISTANT.length;
    const prompt = toyTokenizer.decode(past.slice(0, start));
    const question = /.*<\|turn\|>user\n(.*?)<\|end\|>/s.exec(prompt)?.[1] ?? '';
    if (past.length === start) asked.push(question);
    const said = answerTo(question, prompt);
    const logits = new Float32Array(toyTokenizer.vocabSize);
    logits[said[past.length - start] ?? toyTokenizer.eosId ?? 0] = 1;
    return logits;
  };
  const { vocabSize } = toyTokenizer;
  return {
    asked,
    use: (who) => {
      answering = who;
      return Promise.resolve();
    },
    subject: {
      runtime: new ToyRuntime({ vocabSize, context: CONTEXT, slots: 2, maxRows: 64, logitsAfter }),
      tokenizer: toyTokenizer,
      context: CONTEXT,
      vocabSize,
      maxNewTokens: 64,
      scoring: {
        nllOf: (batch: MicroBatch) =>
          Promise.resolve(Float32Array.from(batch.lossLabels, (label) => lossOf(label, answering))),
        maxRows: CONTEXT,
        ...(signal && { signal }),
      },
      ...(signal && { signal }),
    },
  };
}
