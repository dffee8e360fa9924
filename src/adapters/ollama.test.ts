import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../models/tokenizer/tokenizer.ts';
import { toyByteLevelFiles } from '../../models/tokenizer/toy-tokenizer.ts';
import { modelfile, ollamaFacts } from './ollama.ts';

type Turn = { readonly role: string; readonly content: string };

/** Runs a Go template as far as these use the language: text/template's `if`, `else if`, `range`, `not` and `eq`. */
function runGo(template: string, messages: readonly Turn[]): string {
  const parts = template.split(/\{\{ (.*?) \}\}/s);
  const system = messages.filter(({ role }) => role === 'system').length > 0;
  const isTrue = (condition: string, turn: Turn | undefined): boolean => {
    if (condition === 'not .System') return !system;
    const [, role] = /^eq \.Role "(\w+)"$/.exec(condition) ?? expect.fail(`unknown condition ${condition}`);
    return turn?.role === role;
  };
  /** From part `at` to the matching end. @returns where that is */
  const run = (at: number, isShown: boolean, turn: Turn | undefined, out: string[]): number => {
    let i = at;
    for (;;) {
      if (isShown) out.push(parts[i] ?? '');
      const action = parts[i + 1];
      if (action === undefined || action === 'end' || action.startsWith('else if ')) return i + 1;
      if (action === '.Content') {
        if (isShown) out.push(turn?.content ?? '');
        i += 2;
      } else if (action === 'range .Messages') {
        let end = run(i + 2, false, turn, []);
        if (isShown) for (const message of messages) end = run(i + 2, true, message, out);
        i = end + 1;
      } else {
        let next = i + 1;
        let condition = action.replace(/^if /, '');
        let isDone = false;
        for (;;) {
          const isTaken: boolean = !isDone && isTrue(condition, turn);
          isDone ||= isTaken;
          next = run(next + 1, isShown && isTaken, turn, out);
          const ended = parts[next] ?? '';
          if (ended === 'end') break;
          condition = ended.replace(/^else if /, '');
        }
        i = next + 1;
      }
    }
  };
  const out: string[] = [];
  run(0, true, undefined, out);
  return out.join('');
}

const CHATML =
  "{%- if messages[0].role != 'system' %}{{- '<|turn|>system\\nYou are helpful.<|end|>\\n' }}{%- endif %}" +
  "{%- for m in messages %}{{- '<|turn|>' + m.role + '\\n' + m.content + '<|end|>\\n' }}{%- endfor %}" +
  "{%- if add_generation_prompt %}{{- '<|turn|>assistant\\n' }}{%- endif %}";
const LLAMA3 =
  "{{- bos_token }}{%- for m in messages %}{{- '<|turn|>' + m['role'] + '\\n\\n' + m['content'] | trim + '<|end|>' }}{%- endfor %}" +
  "{%- if add_generation_prompt %}{{- '<|turn|>assistant\\n\\n' }}{%- endif %}";
const GEMMA =
  "{{ bos_token }}{%- if messages[0]['role'] == 'system' -%}{%- set first = messages[0]['content'] + '\\n\\n' -%}{%- set rest = messages[1:] -%}" +
  "{%- else -%}{%- set first = '' -%}{%- set rest = messages -%}{%- endif -%}{%- for m in rest -%}" +
  "{{ '<|turn|>' + ('model' if m.role == 'assistant' else m.role) + '\\n' + (first if loop.first else '') }}{{ m['content'] | trim }}{{ '<|end|>\\n' }}{%- endfor -%}" +
  "{%- if add_generation_prompt -%}{{ '<|turn|>model\\n' }}{%- endif -%}";
const R1 =
  "{% for m in messages %}{{ '<|turn|>' + m.role + '\\n' + m.content.split('</think>')[-1] + '<|end|>\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|turn|>assistant\\n<think>\\n' }}{% endif %}";
const MISTRAL =
  "{{ bos_token }}{% if messages[0].role == 'system' %}{% set sys = messages[0].content + '\\n\\n' %}{% set rest = messages[1:] %}{% else %}{% set sys = '' %}{% set rest = messages %}{% endif %}" +
  "{% for m in rest %}{% if m.role == 'user' %}{{ '[INST]' + (sys if loop.last else '') + m.content + '[/INST]' }}{% else %}{{ m.content + eos_token }}{% endif %}{% endfor %}";

const say = (role: string) => (content: string) => ({ role, content });
const [system, user, assistant] = [say('system'), say('user'), say('assistant')];
const CONVERSATIONS = [
  [user('When?')],
  [system('Be brief.\nAlways.'), user('When?')],
  [user('When?'), assistant('At nine.'), user('And\nwhere?'), assistant('Here.'), user('Why?')],
  [system('Be brief.'), user('When?'), assistant('At nine.'), user('Where?')],
];

describe('the Go template for Ollama', () => {
  it.each([
    ['ChatML with a system prompt of its own', CHATML],
    ['trimmed contents behind a BOS', LLAMA3],
    ['the system prompt within the first question', GEMMA],
  ])('writes what the chat template does: %s', (_, jinja) => {
    const tokenizer = loadTokenizer(toyByteLevelFiles(jinja));
    const { template = '' } = ollamaFacts(tokenizer);
    const bos = tokenizer.bosId === undefined ? '' : tokenizer.decode([tokenizer.bosId]);
    for (const messages of CONVERSATIONS) {
      const rendered = tokenizer.renderChat(messages, { addGenerationPrompt: true });
      expect(runGo(template, messages)).toBe(rendered.startsWith(bos) ? rendered.slice(bos.length) : rendered);
    }
  });

  it.each([
    ['a block that only the prompt opens', R1],
    ['the system prompt before the last message only', MISTRAL],
    ['no chat template', ''],
  ])('is left out where it cannot say the same: %s', (_, jinja) => {
    expect(ollamaFacts(loadTokenizer(toyByteLevelFiles(jinja)))).not.toHaveProperty('template');
  });
});

it('writes a Modelfile', () => {
  const { stops } = ollamaFacts(loadTokenizer(toyByteLevelFiles(LLAMA3)));
  expect(stops.length).toBeGreaterThan(0);
  expect(modelfile('mine.gguf', { template: 'T', stops: ['<|end|>', '"'] }, 'Say """hi"""')).toBe(
    'FROM ./mine.gguf\nTEMPLATE """T"""\nSYSTEM """Say \\"\\"\\"hi\\"\\"\\""""\nPARAMETER stop "<|end|>"\nPARAMETER stop "\\""\n',
  );
  expect(modelfile('mine.gguf', { stops: [] }, undefined)).toBe('FROM ./mine.gguf\n');
});
