import type { ChatTokenizer } from '../../../models/tokenizer/chat-tokenizer.ts';
import type { Runtime } from '../../generate/runtime.ts';
import type { EvaluateProgress } from '../evaluate.ts';
import type { LossOptions } from '../loss-options.ts';

/** The model that is evaluated: whoever was chosen last answers. */
export interface Subject {
  readonly runtime: Runtime;
  readonly tokenizer: ChatTokenizer;
  /** Tokens that prompt and answer may have together. */
  readonly context: number;
  readonly vocabSize: number;
  readonly scoring: LossOptions;
  readonly maxNewTokens?: number;
  readonly onProgress?: (progress: EvaluateProgress) => void;
  readonly signal?: AbortSignal;
}
