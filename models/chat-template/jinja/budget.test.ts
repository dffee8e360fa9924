import { describe, expect, it } from 'vitest';
import { renderTemplate } from './interpreter.ts';
import { parseTemplate } from './parser.ts';
import { toValue } from './values.ts';

const render = (source: string, variables: Readonly<Record<string, unknown>> = {}): string =>
  renderTemplate(parseTemplate(source), {
    variables: new Map(Object.entries(variables).map(([name, value]) => [name, toValue(value)] as const)),
  });

const LOOPS = /stopped after millions of steps/;
const TOO_LONG = /stopped at a text of more than \d+ characters/;

describe('a template that does not end, or nearly so', () => {
  it.each([
    ['a huge range', '{% for i in range(1000000000) %}x{% endfor %}', /Range too big/],
    ['nested loops', '{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}', LOOPS],
    [
      'a macro that calls itself twice',
      '{% macro f(n) %}{% if n > 1 %}{{ f(n - 1) }}{{ f(n - 2) }}{% endif %}{% endmacro %}{{ f(90) }}',
      LOOPS,
    ],
    [
      'a text that doubles',
      '{% set ns = namespace(t="ab") %}{% for i in range(60) %}{% set ns.t = ns.t + ns.t %}{% endfor %}{{ ns.t }}',
      TOO_LONG,
    ],
    [
      'a text that doubles through a filter block',
      '{% set ns = namespace(t="ab") %}{% for i in range(60) %}{% set ns.t %}{{ ns.t }}{{ ns.t }}{% endset %}{% endfor %}',
      TOO_LONG,
    ],
    [
      'a list that doubles',
      '{% set ns = namespace(t=[1]) %}{% for i in range(60) %}{% set ns.t = ns.t + ns.t %}{% endfor %}',
      LOOPS,
    ],
    ['a repeated text', '{{ "ab" * 1000000000 }}', TOO_LONG],
    ['a repeated list', '{{ [1, 2] * 1000000000 }}', LOOPS],
    ['a wide field', '{{ "%1000000000d" % 1 }}', TOO_LONG],
    ['a wide format', '{{ "{:>1000000000}".format(1) }}', TOO_LONG],
    ['a wide centre', '{{ "a".center(1000000000) }}', TOO_LONG],
    ['zeros before', '{{ "a".zfill(1000000000) }}', TOO_LONG],
    ['an indent', '{{ "a\nb" | indent(1000000000) }}', TOO_LONG],
    [
      'a replacement that grows',
      '{% set ns = namespace(t="aaaa") %}{% for i in range(40) %}{% set ns.t = ns.t | replace("a", "aa") %}{% endfor %}',
      /stopped/,
    ],
    [
      'a join that grows',
      '{% set ns = namespace(t="aaaa") %}{% for i in range(40) %}{% set ns.t = ns.t.join([ns.t, ns.t]) %}{% endfor %}',
      TOO_LONG,
    ],
    ['slices without end', '{{ [1] | slice(1000000000) | list }}', LOOPS],
    ['a macro without end', '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}', /stack|steps/],
  ])('is stopped and says so: %s', (_, source, says) => {
    expect(() => render(source)).toThrow(says);
  });

  it('has enough for a long conversation', () => {
    const messages = Array.from({ length: 200 }, (_, i) => ({
      role: i % 2 ? 'assistant' : 'user',
      content: 'word '.repeat(400),
    }));
    const source =
      '{% for m in messages %}{% for n in messages %}{% if loop.last and m.role == "user" %}{% endif %}{% endfor %}' +
      '<|{{ m.role }}|>{{ m.content | trim }}\n{% endfor %}';
    expect(render(source, { messages }).length).toBeGreaterThan(200 * 1999);
  });

  it('trims blanks in time that grows with their number', () => {
    const blanks = ' '.repeat(200_000);
    expect(render('{{ a.strip() }}|{{ a.rstrip() }}|{{ a | trim }}', { a: `${blanks}x${blanks}y` })).toHaveLength(
      200_002 * 2 + 400_002 + 2,
    );
  });
});
