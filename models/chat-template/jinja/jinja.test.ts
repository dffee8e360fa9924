import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TemplateRefusal, TemplateRuntimeError, TemplateSyntaxError } from './errors.ts';
import { renderTemplate } from './interpreter.ts';
import { parseTemplate } from './parser.ts';
import { strftime } from './strftime.ts';
import { Callable, str, toValue } from './values.ts';
import type { Value } from './values.ts';

interface Vector {
  readonly template: string;
  readonly rendered?: string;
  /** Of the generation blocks, in UTF-16 units. */
  readonly spans?: readonly (readonly [number, number])[];
  readonly error?: true;
}

// Made by scripts/fixtures/jinja.py with Jinja2 itself, set up as in transformers.
const { data, now, moments, vectors } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures', 'jinja.json'), 'utf8'),
) as {
  data: Record<string, unknown>;
  now: string;
  moments: { now: string; format: string; shown: string }[];
  vectors: Vector[];
};

function render(template: string, marks?: readonly [string, string]): string {
  const call = (name: string, run: (text: string) => Value): [string, Value] => [
    name,
    new Callable(name, ({ positional, named }) => run(str(positional[0] ?? [...named.values()][0] ?? ''))),
  ];
  const variables = new Map<string, Value>([
    ...Object.entries(data).map(([name, value]): [string, Value] => [name, toValue(value)]),
    call('strftime_now', (format) => strftime(new Date(now), format)),
    call('raise_exception', (reason) => {
      throw new TemplateRefusal(reason);
    }),
  ]);
  return renderTemplate(parseTemplate(template), { variables, ...(marks && { generationMarks: marks }) });
}

it.each(moments)('strftime_now writes $now as Python does', (moment) => {
  expect(strftime(new Date(moment.now), moment.format)).toBe(moment.shown);
});

describe('templates render as in Jinja2', () => {
  it.each(vectors.filter(({ error }) => error !== true))('$template', ({ template, rendered, spans = [] }) => {
    expect(render(template)).toBe(rendered);
    const marked = render(template, ['\ufdd0', '\ufdd1']);
    expect(marked.replace(/[\ufdd0\ufdd1]/g, '')).toBe(rendered);
    const said = [...marked.matchAll(/\ufdd0([^\ufdd1]*)\ufdd1/g)].map(([, text]) => text);
    expect(said).toEqual(spans.map(([start, end]) => rendered?.slice(start, end)));
  });

  it.each(vectors.filter(({ error }) => error === true))('$template raises', ({ template }) => {
    let thrown: unknown;
    try {
      thrown = `rendered ${JSON.stringify(render(template))}`;
    } catch (error) {
      thrown = error;
    }
    const isTold = [TemplateRuntimeError, TemplateSyntaxError, TemplateRefusal].some((kind) => thrown instanceof kind);
    expect(isTold ? 'raises' : thrown).toBe('raises');
  });
});
