import { Environment, Template } from '@huggingface/jinja';
import { WebLoraError } from '../../src/errors.ts';
import type { ChatMessage } from '../tokenizer/chat-tokenizer.ts';
import { PythonStrings } from './python-strings.ts';

/** A stretch of text that the model is taught to say, in UTF-16 units: [start, end). */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A chat template ready to run: a conversation in, the text the model sees out. */
export interface RenderChat {
  (messages: readonly ChatMessage[], addGenerationPrompt: boolean): string;
  /** What the template itself marks as said by the assistant; only of templates with `{% generation %}` blocks. */
  readonly generated?: (messages: readonly ChatMessage[]) => Span[];
}

export interface ChatTemplateOptions {
  /** `bos_token`, `eos_token` and their like, by the names templates read. */
  readonly specialTokens: Readonly<Record<string, string>>;
  /** The moment that `strftime_now` tells, so that a run can be repeated on another day. */
  readonly now: Date;
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** Python's strftime for the directives templates use, in English whatever the browser's language. Local time. */
function strftime(date: Date, format: string): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const month = MONTHS[date.getMonth()] ?? '';
  const day = DAYS[date.getDay()] ?? '';
  const values: Readonly<Record<string, string>> = {
    Y: String(date.getFullYear()),
    y: two(date.getFullYear() % 100),
    m: two(date.getMonth() + 1),
    d: two(date.getDate()),
    B: month,
    b: month.slice(0, 3),
    A: day,
    a: day.slice(0, 3),
    H: two(date.getHours()),
    I: two(date.getHours() % 12 || 12),
    M: two(date.getMinutes()),
    S: two(date.getSeconds()),
    p: date.getHours() < 12 ? 'AM' : 'PM',
    '%': '%',
  };
  return format.replace(/%(.)/g, (directive, letter: string) => values[letter] ?? directive);
}

/** Python's range(stop) and range(start, stop, step). */
function range(first: number, stop?: number, step = 1): number[] {
  const start = stop === undefined ? 0 : first;
  const end = stop ?? first;
  if (step === 0) throw new Error('range() arg 3 must not be zero');
  const count = Math.max(0, Math.ceil((end - start) / step));
  return Array.from({ length: count }, (_, i) => start + i * step);
}

/** What `raise_exception` throws: the template's own words about a conversation it does not take. */
class TemplateRefusal extends Error {}

/** The template engine's words in one line; running out of tokens while parsing reaches us as a TypeError. */
function messageOf(thrown: unknown, isParsing = false): string {
  if (isParsing && thrown instanceof TypeError) return 'a block that is not closed';
  return (thrown instanceof Error ? thrown.message : String(thrown)).replace(/\s+/g, ' ');
}

// Noncharacters, which no text has: https://www.unicode.org/faq/private_use.html#nonchar1
const OPENED = '\ufdd0generation\ufdd0';
const CLOSED = '\ufdd1generation\ufdd1';

/**
 * transformers' `{% generation %}` block as a Jinja call block, which is what transformers makes of it: white space is
 * controlled and variables are scoped as in any block, and where it begins and ends can be seen in the text.
 */
function withMarks(source: string): string {
  const body = source
    .replace(/\{%([-+]?)\s*generation\s*([-+]?)%\}/g, '{%$1 call weblora_generation() $2%}')
    .replace(/\{%([-+]?)\s*endgeneration\s*([-+]?)%\}/g, '{%$1 endcall $2%}');
  if (body === source) return source;
  return `{% macro weblora_generation() %}${OPENED}{{ caller() }}${CLOSED}{% endmacro %}\n${body}`;
}

/** Takes the marks out of a text and says where they were. */
function takeMarks(marked: string): { text: string; spans: Span[] } {
  const [head = '', ...rest] = marked.split(OPENED);
  let text = head;
  const spans: Span[] = [];
  for (const part of rest) {
    const [said = '', after = ''] = part.split(CLOSED);
    spans.push({ start: text.length, end: text.length + said.length });
    text += said + after;
  }
  return { text, spans };
}

/**
 * Compiles a Jinja chat template with the variables that `transformers` gives it
 * (https://huggingface.co/docs/transformers/chat_templating).
 * @throws WebLoraError 'bad-tokenizer' when it does not parse; the result throws it when the template fails or refuses
 */
export function compileChatTemplate(source: string, options: ChatTemplateOptions): RenderChat {
  let program: Template['parsed'];
  try {
    program = new Template(withMarks(source)).parsed;
  } catch (cause) {
    throw new WebLoraError('bad-tokenizer', 'chat template: does not parse', {
      got: messageOf(cause, true),
      wanted: 'a Jinja template',
      fix: "use the model's own chat_template.jinja or remove it",
      cause,
    });
  }
  const run: RenderChat = (messages, addGenerationPrompt) => {
    const environment = new Environment();
    // Not Template.render: its strftime_now reads today's date and the browser's language.
    const variables: Readonly<Record<string, unknown>> = {
      true: true,
      false: false,
      none: null,
      True: true,
      False: false,
      None: null,
      range,
      strftime_now: (format: string) => strftime(options.now, format),
      raise_exception: (reason: string) => {
        throw new TemplateRefusal(reason);
      },
      bos_token: '',
      eos_token: '',
      tools: null,
      documents: null,
      ...options.specialTokens,
      messages: messages.map(({ role, content }) => ({ role, content })),
      add_generation_prompt: addGenerationPrompt,
    };
    for (const [name, value] of Object.entries(variables)) environment.set(name, value);
    let rendered: unknown;
    try {
      rendered = new PythonStrings(environment).run(program).value;
    } catch (cause) {
      const refused = cause instanceof TemplateRefusal;
      throw new WebLoraError('bad-tokenizer', `chat template: ${refused ? 'refuses the conversation' : 'fails'}`, {
        got: messageOf(cause),
        wanted: refused ? 'roles and an order that this model knows' : 'a template that renders it',
        fix: refused
          ? 'change the roles or leave out --system'
          : "use the model's own chat_template.jinja or remove it",
        cause,
      });
    }
    if (typeof rendered !== 'string') {
      throw new WebLoraError('bad-tokenizer', 'chat template', { got: typeof rendered, wanted: 'text' });
    }
    return rendered;
  };
  if (withMarks(source) === source) return run;
  return Object.assign(
    (messages: readonly ChatMessage[], addGenerationPrompt: boolean) =>
      takeMarks(run(messages, addGenerationPrompt)).text,
    { generated: (messages: readonly ChatMessage[]) => takeMarks(run(messages, false)).spans },
  );
}
