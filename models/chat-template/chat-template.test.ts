import { describe, expect, it } from 'vitest';
import { compileChatTemplate } from './chat-template.ts';

const now = new Date(2024, 6, 4, 15, 5, 9); // local time, a Thursday
const specialTokens = { bos_token: '<s>', eos_token: '</s>' };

function render(template: string, addGenerationPrompt = false): string {
  return compileChatTemplate(template, { specialTokens, now })([{ role: 'user', content: 'hi' }], {
    addGenerationPrompt,
  });
}

describe('variables of a chat template', () => {
  it('tells the date in English as Python does', () => {
    expect(render("{{ strftime_now('%d %b %Y|%B %A %a|%y-%m-%d %H:%M:%S|%I %p %% %Q') }}")).toBe(
      '04 Jul 2024|July Thursday Thu|24-07-04 15:05:09|03 PM % %Q',
    );
  });

  it('knows the special tokens, what is not given, and the generation prompt', () => {
    expect(render('{{ bos_token }}|{{ eos_token }}|{{ tools is none }}|{{ documents is none }}')).toBe(
      '<s>|</s>|True|True',
    );
    expect(render('{{ pad_token is defined }}|{{ enable_thinking is defined }}')).toBe('False|False');
    expect(render('{% if add_generation_prompt %}yes{% else %}no{% endif %}', true)).toBe('yes');
  });

  it('has range, loop variables and the generation tag', () => {
    expect(render('{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(7, 1, -2) %}{{ i }}{% endfor %}')).toBe(
      '012753',
    );
    expect(
      render('{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}{{ loop.last }}{% endfor %}'),
    ).toBe('hiTrue');
  });
});
