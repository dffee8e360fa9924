/**
 * Real chat templates against published renderings and Jinja itself, and the loss masks derived from them, by hand:
 * `npx tsx scripts/check/chat-templates.ts DATA [VECTORS.json]`. DATA and its results: docs/checks.md. VECTORS.json comes
 * from reference_vectors.py. Ends with status 1 when anything differs.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileChatTemplate, type RenderChat, type Span } from '../../models/chat-template/chat-template.ts';
import { assistantSpans } from '../../models/chat-template/mask.ts';
import type { ChatMessage } from '../../models/tokenizer/chat-tokenizer.ts';
import { loadTokenizer } from '../../models/tokenizer/tokenizer.ts';
import { toyByteLevelFiles } from '../../models/tokenizer/toy-tokenizer.ts';
import { WebLoraError } from '../../src/errors.ts';

interface PublishedCase {
  readonly name: string;
  readonly template: string;
  readonly expected_legacy: string;
  readonly expected_jinja: string;
  readonly bos_token: string;
  readonly eos_token: string;
  readonly hf_jinja2_renders_identically: boolean;
}

interface Vector {
  readonly conversation: string;
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly object[];
  readonly addGenerationPrompt: boolean;
  readonly rendered?: string;
  readonly refused?: string;
  readonly failed?: string;
  /** What its generation blocks said. */
  readonly generated?: readonly string[];
}

const [data, vectorsPath] = process.argv.slice(2);
if (data === undefined) {
  process.stderr.write('usage: tsx scripts/check/chat-templates.ts DATA [VECTORS.json]\n');
  process.exit(2);
}
let failures = 0;
const totals: Record<string, number> = {};
function report(title: string, wrong: readonly string[], note = ''): void {
  failures += wrong.length;
  process.stdout.write(`${wrong.length === 0 ? 'ok    ' : 'WRONG '} ${title}${note === '' ? '' : `: ${note}`}\n`);
  for (const each of wrong.slice(0, 3)) process.stdout.write(`  ${each}\n`);
}

/** What is thrown as an answer, so that refusing counts as one. */
function attempt(render: () => string): { text?: string; error?: string } {
  try {
    return { text: render() };
  } catch (thrown) {
    if (thrown instanceof WebLoraError) return { error: thrown.message };
    throw thrown;
  }
}

const NOW = new Date(2026, 10, 21, 9, 5, 3);
const published = JSON.parse(readFileSync(join(data, 'golden', 'chat_templates_llamacpp.json'), 'utf8')) as {
  conversation: ChatMessage[];
  add_generation_prompt: boolean;
  cases: PublishedCase[];
};
for (const { name, template, bos_token, eos_token, ...expected } of published.cases) {
  // llama.cpp renders the others otherwise than Jinja: it puts a system prompt where the template has no place for one.
  if (!expected.hf_jinja2_renders_identically) continue;
  const wanted = expected.expected_jinja === '' ? expected.expected_legacy : expected.expected_jinja;
  const got = attempt(() =>
    compileChatTemplate(template, { specialTokens: { bos_token, eos_token }, now: NOW })(published.conversation, {
      addGenerationPrompt: published.add_generation_prompt,
    }),
  );
  const same = got.text === wanted;
  report(
    `published rendering, ${name}`,
    same ? [] : [`wanted ${JSON.stringify(wanted)}`, `got    ${JSON.stringify(got.text ?? got.error)}`],
  );
}

/** Special tokens as a tokenizer would list them: what stands in angle or square brackets. */
const specialsOf = (source: string): string[] => [
  ...new Set([...(source.match(/<[^<>\s{}'"]{1,40}>|\[\/?[A-Z_]{2,20}\]/g) ?? []), '<s>', '</s>']),
];

if (vectorsPath !== undefined) {
  const { templates } = JSON.parse(readFileSync(vectorsPath, 'utf8')) as {
    templates: Record<string, { source: string; vectors: Vector[] }>;
  };
  for (const [name, { source, vectors }] of Object.entries(templates)) {
    const render = compileChatTemplate(source, { specialTokens: { bos_token: '<s>', eos_token: '</s>' }, now: NOW });
    const wrong: string[] = [];
    let masked = 0;
    for (const vector of vectors) {
      const { messages, addGenerationPrompt, rendered, conversation, tools } = vector;
      const got = attempt(() => render(messages, { addGenerationPrompt, ...(tools && { tools }) }));
      const isSame = got.text === rendered;
      if (!isSame)
        wrong.push(
          `${conversation}: wanted ${JSON.stringify(rendered ?? vector.refused)}\n         got ${JSON.stringify(got.text ?? got.error)}`,
        );
      if (got.text === undefined || addGenerationPrompt || conversation.startsWith('tools')) continue;
      masked += 1;
      wrong.push(...maskFaults(render, source, vector, got.text));
    }
    report(`Jinja and masks, ${name}`, wrong, `${masked} conversations masked`);
    reportAsked(name, source, vectors);
  }
}

/** Without the thinking before it, which many templates take out of the text. */
function answerOf(content: string): string {
  return (content.split('</think>').at(-1) ?? '').trim();
}

/** Whether what is trained is what is asked, token for token, or the person is told where it is not. */
function reportAsked(name: string, source: string, vectors: readonly Vector[]): void {
  const files = toyByteLevelFiles(source);
  const json = JSON.parse(files.tokenizerJson) as { added_tokens: { id: number; content: string }[] };
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  for (const content of specialsOf(source)) {
    if (json.added_tokens.some((token) => token.content === content)) continue;
    json.added_tokens.push({ ...flags, id: 1000 + json.added_tokens.length, content });
  }
  const tokenizer = loadTokenizer({ ...files, tokenizerJson: JSON.stringify(json) }, { now: NOW });
  const wrong: string[] = [];
  let [same, told, refused] = [0, 0, 0];
  for (const { conversation, messages, addGenerationPrompt, tools } of vectors) {
    if (addGenerationPrompt || messages.at(-1)?.role !== 'assistant') continue;
    const context = tools === undefined ? {} : { tools };
    const asked = attempt(() => JSON.stringify(tokenizer.encodePrompt(messages.slice(0, -1), context)));
    const trained = attempt(() => JSON.stringify(tokenizer.encodeConversation(messages, context)));
    if (asked.text === undefined || trained.text === undefined) {
      refused += 1;
      continue;
    }
    const prompt = JSON.parse(asked.text) as number[];
    const { ids, notes } = JSON.parse(trained.text) as { ids: number[]; notes: string[] };
    const isSame = prompt.every((id, i) => ids[i] === id);
    if (isSame) same += 1;
    else if (notes.length > 0) told += 1;
    else wrong.push(`${conversation}: the row does not begin with its prompt`);
  }
  report(`trained as asked, ${name}`, wrong, `${same} the same, ${told} told, ${refused} refused`);
  for (const [key, count] of Object.entries({ same, told, refused })) totals[key] = (totals[key] ?? 0) + count;
}

/** What is wrong with the turns found in a rendered conversation. */
function maskFaults(
  render: RenderChat,
  source: string,
  { messages, conversation, generated }: Vector,
  whole: string,
): string[] {
  const found = attempt(() =>
    JSON.stringify(assistantSpans({ render, specialTexts: specialsOf(source) }, messages, whole)),
  );
  // A template that leaves an answer out has no turn to score, and saying so is right.
  const answers = messages.filter(({ role }) => role === 'assistant');
  const isLost = messages.some(
    ({ content }) => whole.split(content.trim()).length <= messages.filter((other) => other.content === content).length,
  );
  if (found.text === undefined) return isLost ? [] : [`${conversation}: ${found.error ?? ''}`];
  const said = (JSON.parse(found.text) as Span[]).map(({ start, end }) => whole.slice(start, end));
  if (generated !== undefined && said.join('|') !== generated.join('|'))
    return [`${conversation}: scores ${JSON.stringify(said)}, transformers ${JSON.stringify(generated)}`];
  const faults = answers.flatMap(({ content }, i) =>
    said[i]?.includes(answerOf(content)) === true
      ? []
      : [`${conversation}: turn ${i + 1} scores ${JSON.stringify(said[i])}`],
  );
  if (conversation === 'repeated') return faults;
  const others = messages.filter(
    ({ role, content }) => role !== 'assistant' && said.some((turn) => turn.includes(content.trim())),
  );
  return [
    ...faults,
    ...others.map(({ role, content }) => `${conversation}: scores ${JSON.stringify(content)} of ${role}`),
  ];
}

process.stdout.write(`trained as asked: ${JSON.stringify(totals)}\n`);
process.stdout.write(failures === 0 ? 'all equal\n' : `${failures} differ\n`);
process.exit(failures === 0 ? 0 : 1);
