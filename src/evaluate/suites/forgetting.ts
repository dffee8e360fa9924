import { countScored } from '../../data/batch.ts';
import { prepareExamples } from '../../data/prepare.ts';
import { logProbsOf } from '../log-probs.ts';
import { GENERAL_TEXTS } from './general-texts.ts';
import type { Suite } from './suite.ts';
import { suiteResult } from './suite-result.ts';

/**
 * Nats a token that a text may become more surprising: 2.7 times the perplexity. Half of the preset's updates on the built-in tickets
 * cost the built-in model 0.5, 40 updates at five times its learning rate 6.
 */
const RED_LINE = 1;

/** How much more surprising everyday sentences have become: what a model forgets that is trained too long or too hard. */
export const forgetting: Suite = {
  name: 'forgetting',
  label: 'What it forgot',
  metrics: ['forgetting.kept'],
  async run({ subject, use, hasAdapter }) {
    if (!hasAdapter) return 'there is no adapter that could have changed the model';
    const { tokenizer, context, vocabSize, scoring } = subject;
    const { examples } = prepareExamples(
      GENERAL_TEXTS.map((text, i) => ({ kind: 'text', line: i + 1, text })),
      tokenizer,
      {
        file: 'the general texts',
        seqLen: Math.min(context, scoring.maxRows),
        contextLength: context,
        vocabSize,
        lossOn: 'all',
        withQuestions: false,
      },
    );
    const lossesOf = async (who: 'base' | 'tuned'): Promise<number[]> => {
      await use(who);
      const sums = await logProbsOf(examples, scoring);
      return sums.map((sum, i) => -sum / (examples[i] === undefined ? 1 : countScored(examples[i])));
    };
    let before: number[];
    try {
      before = await lossesOf('base');
    } finally {
      await use('tuned');
    }
    const after = await lossesOf('tuned');
    const rises = after.map((loss, i) => loss - (before[i] ?? loss));
    const mean = rises.reduce((sum, rise) => sum + rise, 0) / rises.length;
    const wrong = rises
      .map((rise, i) => ({ rise, row: i + 1, prompt: GENERAL_TEXTS[i] ?? '' }))
      .filter(({ rise }) => rise > RED_LINE)
      .sort((a, b) => b.rise - a.rise);
    return suiteResult(forgetting, {
      passed: new Map([['forgetting.kept', rises.map((rise) => rise <= RED_LINE)]]),
      usual: { metric: 'forgetting.kept', atLeast: 0.5 },
      sentence:
        `Everyday sentences are ${Math.abs(mean).toFixed(2)} nats a token ${mean > 0 ? 'more' : 'less'} surprising to it than to the base model; ` +
        `${wrong.length} of ${rises.length} are over the red line of ${RED_LINE}. Fewer steps, a lower learning rate or general rows among the examples help.`,
      wrong: wrong.map(({ rise, row, prompt }) => ({
        row,
        prompt,
        expected: `at most ${RED_LINE} nats a token more than before`,
        got: `${rise.toFixed(2)} more`,
      })),
    });
  },
};
