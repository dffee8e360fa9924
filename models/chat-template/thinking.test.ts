import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../tokenizer/tokenizer.ts';
import { toyByteLevelFiles } from '../tokenizer/toy-tokenizer.ts';
import { makeThinkingFilter, splitThinking } from './thinking.ts';

const turn = "{{ '<|turn|>' + m.role + '\\n' }}";
const prompt = "{% if add_generation_prompt %}{{ '<|turn|>assistant\\n' }}{% endif %}";
const template = (before: string, end = prompt): string =>
  `{% for m in messages %}${turn}{% if m.role == 'assistant' and loop.last %}{{ '${before}' }}{% endif %}{{ m.content + '<|end|>' }}{% endfor %}${end}`;
const splitBy = (source: string, said: string) => loadTokenizer(toyByteLevelFiles(source)).splitAnswer(said);

describe('an answer without the thinking before it', () => {
  it.each([
    ['<think>\\n\\n</think>\\n\\n', '<think>\n\n</think>\n\n4711', { thinking: '', text: '4711' }],
    [
      '<think>\\n\\n</think>\\n\\n',
      '<think>\nIt is written there.\n</think>\n\n4711',
      { thinking: 'It is written there.', text: '4711' },
    ],
    ['<think>\\n\\n</think>\\n\\n', '4711', { thinking: undefined, text: '4711' }],
    ['<think>\\n\\n</think>\\n\\n', '<think>\nnever ends', { thinking: 'never ends', text: '' }],
    ['[THINK][/THINK]', '[THINK]why[/THINK]4711', { thinking: 'why', text: '4711' }],
    ['<notes></notes>\\n', '<notes></notes>\n4711', { thinking: '', text: '4711' }],
    ['', '<think>kept</think>4711', { thinking: undefined, text: '<think>kept</think>4711' }],
    ['Sure: ', 'Sure: 4711', { thinking: undefined, text: 'Sure: 4711' }],
  ])('of a template that writes %j: %j', (before, said, wanted) => {
    expect(splitBy(template(before), said)).toEqual(wanted);
  });

  it('is found behind a block that the prompt opens, or is all of it', () => {
    const opened = template(
      '',
      "{% if add_generation_prompt %}{{ '<|turn|>assistant\\n<think>\\n' }}{% endif %}{# </think> #}",
    );
    expect(splitBy(opened, 'So.\n</think>\n\nyes')).toEqual({ thinking: 'So.', text: 'yes' });
    expect(splitBy(opened, 'yes')).toEqual({ thinking: undefined, text: 'yes' });
  });

  it('is the same however it comes in pieces', () => {
    const said = '\n<think>\nTwo < three </th </think>\n\n  yes <think> no';
    for (const isOpened of [false, true]) {
      const marks = { open: '<think>', close: '</think>', isOpened };
      const whole = splitThinking(marks, said);
      expect(whole.text).toBe('yes <think> no');
      for (let size = 1; size <= said.length; size++) {
        const filter = makeThinkingFilter(marks);
        let thinking = '';
        let text = '';
        for (let at = 0; at < said.length; at += size) {
          const piece = filter.push(said.slice(at, at + size));
          thinking += piece.thinking ?? '';
          text += piece.text;
        }
        const rest = filter.end();
        expect({ thinking: (thinking + (rest.thinking ?? '')).trim(), text: text + rest.text }).toEqual(whole);
      }
    }
  });
});
