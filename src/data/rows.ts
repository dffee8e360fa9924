import type { ChatMessage } from '../../models/tokenizer/chat-tokenizer.ts';

/** One example of a data file, in the three forms that every accepted shape comes down to. */
export type DataRow =
  | {
      readonly kind: 'messages';
      readonly line: number;
      readonly messages: readonly ChatMessage[];
      /** JSON schemas of the functions that the model may call. */
      readonly tools?: readonly object[];
    }
  | { readonly kind: 'text'; readonly line: number; readonly text: string }
  | {
      readonly kind: 'tokens';
      readonly line: number;
      readonly inputIds: readonly number[];
      readonly labels: readonly number[];
    };

/** Why a row cannot be used. `line` counts from 1 in the file as an editor shows it. */
export interface RowProblem {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
  readonly fix?: string;
}

/** `file:line: reason; fix`, as the terminal and the page show it. */
export function describeProblem(problem: RowProblem): string {
  const head = `${problem.file}:${problem.line}: ${problem.reason}`;
  return problem.fix === undefined ? head : `${head}; ${problem.fix}`;
}

/** A label that counts for nothing, as in `transformers`. */
export const IGNORED_LABEL = -100;

/** A tokenised row, ready to be batched. Position t's logits are scored against labels[t + 1]. */
export interface Example {
  readonly ids: Uint32Array; // [T]
  readonly labels: Int32Array; // [T], IGNORED_LABEL where no loss counts
  readonly line: number;
  /** The tokens up to where the model answers; absent where a row has no question (plain text). */
  readonly promptIds?: Uint32Array;
  /** The question as a reader would want to see it. */
  readonly promptText?: string;
  /** The answer that is expected after `promptIds`. */
  readonly completionText?: string;
}
