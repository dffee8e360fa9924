import type { ChatTokenizer } from '../../models/tokenizer/chat-tokenizer.ts';

/** What a Modelfile of Ollama says of a model beside its weights. */
export interface OllamaFacts {
  /** In Go's template language; absent where the chat template cannot be said in it, which leaves the file's own. */
  readonly template?: string;
  /** Texts that end an answer. */
  readonly stops: readonly string[];
}

type Turn = { readonly role: 'system' | 'user' | 'assistant'; readonly content: string };

/** What a chat template writes around each turn, where it writes turns one after the other. */
interface Pieces {
  /** In place of a system prompt, where there is none. */
  readonly withoutSystem: string;
  readonly system: readonly [before: string, after: string];
  /** Before a question. */
  readonly user: string;
  /** After a question, where the answer begins. */
  readonly answer: string;
  /** After an answer. */
  readonly after: string;
}

/** Texts that no template has. */
const [SYSTEM, FIRST, ANSWER, SECOND] = ['qSystemq', 'qFirstq', 'qAnswerq', 'qSecondq'];

/** What Ollama is told of a model with this tokenizer and chat template. */
export function ollamaFacts(tokenizer: ChatTokenizer): OllamaFacts {
  const stops = tokenizer.eosIds.map((id) => tokenizer.decode([id])).filter((text) => text !== '');
  const pieces = tokenizer.hasChatTemplate ? piecesOf(tokenizer) : undefined;
  const template = pieces && templateOf(pieces);
  return { ...(template !== undefined && { template }), stops: [...new Set(stops)] };
}

/** @param file name of the GGUF beside the Modelfile */
export function modelfile(file: string, { template, stops }: OllamaFacts, system: string | undefined): string {
  const quoted = (text: string): string => `"""${text.replaceAll('"""', '\\"\\"\\"')}"""`;
  return [
    `FROM ./${file}`,
    ...(template === undefined ? [] : [`TEMPLATE ${quoted(template)}`]),
    ...(system === undefined ? [] : [`SYSTEM ${quoted(system)}`]),
    ...stops.map((stop) => `PARAMETER stop ${JSON.stringify(stop)}`),
    '',
  ].join('\n');
}

/** Found by rendering, and held to further conversations; undefined where turns depend on each other. */
function piecesOf(tokenizer: ChatTokenizer): Pieces | undefined {
  const bos = tokenizer.bosId === undefined ? '' : tokenizer.decode([tokenizer.bosId]);
  const render = (turns: readonly Turn[]): string | undefined => {
    try {
      const text = tokenizer.renderChat(turns, { addGenerationPrompt: true });
      // Ollama puts it before the prompt itself.
      return bos !== '' && text.startsWith(bos) ? text.slice(bos.length) : text;
    } catch {
      return undefined;
    }
  };
  const system: Turn = { role: 'system', content: SYSTEM };
  const conversation: Turn[] = [
    { role: 'user', content: FIRST },
    { role: 'assistant', content: ANSWER },
    { role: 'user', content: SECOND },
  ];
  const whole = cut(render([system, ...conversation]), [SYSTEM, FIRST, ANSWER, SECOND]);
  const alone = cut(render(conversation.slice(0, 1)), [FIRST]);
  if (whole === undefined || alone === undefined) return undefined;
  const [before = '', between = '', answer = '', next = ''] = whole;
  const [start = ''] = alone;
  const user = commonEnd(commonEnd(between, next), start);
  const pieces: Pieces = {
    withoutSystem: start.slice(0, start.length - user.length),
    system: [before, between.slice(0, between.length - user.length)],
    user,
    answer,
    after: next.slice(0, next.length - user.length),
  };
  const longer: Turn[] = [
    ...conversation,
    { role: 'assistant', content: 'Yes.' },
    { role: 'user', content: 'And two\nlines?' },
  ];
  const probes = [conversation.slice(0, 1), conversation, longer];
  const isSame = [...probes, ...probes.map((turns) => [system, ...turns])].every(
    (turns) => render(turns) === joined(pieces, turns),
  );
  return isSame ? pieces : undefined;
}

/** The text around these words, each of which it has once, in this order. */
function cut(text: string | undefined, words: readonly string[]): string[] | undefined {
  if (text === undefined) return undefined;
  const parts = text.split(new RegExp(words.join('|')));
  const found = text.match(new RegExp(words.join('|'), 'g')) ?? [];
  return found.join() === words.join() ? parts : undefined;
}

function commonEnd(a: string, b: string): string {
  let length = 0;
  while (length < Math.min(a.length, b.length) && a.at(-1 - length) === b.at(-1 - length)) length++;
  return a.slice(a.length - length);
}

/** What the Go template below makes of a conversation. */
function joined({ withoutSystem, system, user, answer, after }: Pieces, turns: readonly Turn[]): string {
  const said = turns.map(({ role, content }) => {
    if (role === 'system') return system[0] + content + system[1];
    return role === 'user' ? user + content : answer + content + after;
  });
  return (turns[0]?.role === 'system' ? '' : withoutSystem) + said.join('') + answer;
}

function templateOf({ withoutSystem, system, user, answer, after }: Pieces): string | undefined {
  if ([withoutSystem, ...system, user, answer, after].some((text) => /\{\{|"""/.test(text))) return undefined;
  return [
    withoutSystem === '' ? '' : `{{ if not .System }}${withoutSystem}{{ end }}`,
    '{{ range .Messages }}',
    `{{ if eq .Role "system" }}${system[0]}{{ .Content }}${system[1]}`,
    `{{ else if eq .Role "user" }}${user}{{ .Content }}`,
    `{{ else if eq .Role "assistant" }}${answer}{{ .Content }}${after}`,
    '{{ end }}{{ end }}',
    answer,
  ].join('');
}
