import { WebLoraError } from '../../src/errors.ts';
import { phrase, setting } from '../../src/phrase.ts';
import type { ChatContext, ChatMessage } from './messages.ts';
import { TemplateRefusal } from './jinja/errors.ts';
import { renderTemplate } from './jinja/interpreter.ts';
import type { Statement } from './jinja/nodes.ts';
import { parseTemplate } from './jinja/parser.ts';
import { strftime } from './jinja/strftime.ts';
import { Callable, str, toValue } from './jinja/values.ts';
import type { Args, Value } from './jinja/values.ts';

/** A stretch of text that the model is taught to say, in UTF-16 units: [start, end). */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A chat template ready to run: a conversation in, the text the model sees out. */
export interface RenderChat {
  (messages: readonly ChatMessage[], settings?: RenderSettings): string;
  /** What the template itself marks as said by the assistant; only of templates with `{% generation %}` blocks. */
  readonly generated?: (messages: readonly ChatMessage[], context?: ChatContext) => Span[];
}

export interface RenderSettings extends ChatContext {
  /** Up to where the assistant answers (default false). */
  readonly addGenerationPrompt?: boolean;
}

export interface ChatTemplateOptions {
  /** `bos_token`, `eos_token` and their like, by the names templates read. */
  readonly specialTokens: Readonly<Record<string, string>>;
  /** The moment that `strftime_now` tells, so that a run can be repeated on another day. */
  readonly now: Date;
}

// Noncharacters, which no text has: https://www.unicode.org/faq/private_use.html#nonchar1
const OPENED = '\ufdd0generation\ufdd0';
const CLOSED = '\ufdd1generation\ufdd1';

/** Where the marks in a text are, in the text without them. */
function spansBetweenMarks(marked: string): Span[] {
  const [head = '', ...rest] = marked.split(OPENED);
  let { length } = head;
  const spans: Span[] = [];
  for (const part of rest) {
    const [said = '', after = ''] = part.split(CLOSED);
    spans.push({ start: length, end: length + said.length });
    length += said.length + after.length;
  }
  return spans;
}

/** What a template is given of a message: no field that only this program reads, none that is not there. */
function fieldsOf({ scored: _, ...fields }: ChatMessage): object {
  return fields;
}

function hasGeneration(body: readonly Statement[]): boolean {
  return body.some((node) => {
    if (node.type === 'generation') return true;
    if (node.type === 'if') return [...node.branches.map((each) => each.body), node.otherwise].some(hasGeneration);
    if (node.type === 'macro' || node.type === 'call-block') return hasGeneration(node.macro.body);
    if (node.type === 'for') return hasGeneration(node.body) || hasGeneration(node.otherwise);
    return 'body' in node && hasGeneration(node.body);
  });
}

/** The template's engine's words in one line. */
function messageOf(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).replace(/\s+/g, ' ');
}

/**
 * Compiles a Jinja chat template with the variables that `transformers` gives it
 * (https://huggingface.co/docs/transformers/chat_templating).
 * @throws WebLoraError 'bad-tokenizer' when it does not parse; the result throws it when the template fails or refuses
 */
export function compileChatTemplate(source: string, options: ChatTemplateOptions): RenderChat {
  let program: readonly Statement[];
  try {
    program = parseTemplate(source);
  } catch (cause) {
    throw new WebLoraError('bad-tokenizer', 'chat template: does not parse', {
      got: messageOf(cause),
      wanted: 'a Jinja template',
      fix: "use the model's own chat_template.jinja or remove it",
      cause,
    });
  }
  const call = (name: string, run: (text: string) => Value): Callable =>
    new Callable(name, ({ positional, named }: Args) => run(str(positional[0] ?? [...named.values()][0] ?? '')));
  const constants: Readonly<Record<string, unknown>> = {
    strftime_now: call('strftime_now', (format) => strftime(options.now, format)),
    raise_exception: call('raise_exception', (reason) => {
      throw new TemplateRefusal(reason);
    }),
    bos_token: '',
    eos_token: '',
    documents: null,
    ...options.specialTokens,
  };
  const run = (
    messages: readonly ChatMessage[],
    { addGenerationPrompt = false, tools }: RenderSettings,
    generationMarks?: readonly [string, string],
  ): string => {
    const given = {
      ...constants,
      tools: tools ?? null,
      messages: messages.map(fieldsOf),
      add_generation_prompt: addGenerationPrompt,
    };
    const variables = new Map(Object.entries(given).map(([name, value]) => [name, toValue(value)] as const));
    try {
      return renderTemplate(program, { variables, ...(generationMarks && { generationMarks }) });
    } catch (cause) {
      const refused = cause instanceof TemplateRefusal;
      throw new WebLoraError('bad-tokenizer', `chat template: ${refused ? 'refuses the conversation' : 'fails'}`, {
        got: messageOf(cause),
        wanted: refused ? 'roles and an order that this model knows' : 'a template that renders it',
        fix: refused
          ? phrase`change the roles or leave out ${setting('system')}`
          : "use the model's own chat_template.jinja or remove it",
        cause,
      });
    }
  };
  const render = (messages: readonly ChatMessage[], settings: RenderSettings = {}): string => run(messages, settings);
  if (!hasGeneration(program)) return render;
  return Object.assign(render, {
    generated: (messages: readonly ChatMessage[], context: ChatContext = {}) =>
      spansBetweenMarks(run(messages, context, [OPENED, CLOSED])),
  });
}
