import { expect, it } from 'vitest';
import { licenceOfCard } from './licence.ts';

it.each<[string, string | undefined]>([
  ['---\nlanguage: en\nlicense: apache-2.0\n---\n# A model', 'apache-2.0'],
  ['---\r\nlicense: "mit" # as ever\r\n---\r\n', 'mit'],
  ['---\nlicense: other\nlicense_name: gemma\nlicense_link: LICENSE\n---\n', 'gemma'],
  ['---\nlicense: other\n---\n', 'other'],
  ['---\nlicense:\n- mit\n---\n', undefined],
  ['---\ntags: [x]\n---\nlicense: mit\n', undefined],
  ['# A model\n\nlicense: mit\n', undefined],
  ['---\nlicense: mit\n', undefined],
  ['', undefined],
])('reads the licence of a model card: %j', (card, licence) => {
  expect(licenceOfCard(card)).toBe(licence);
});
