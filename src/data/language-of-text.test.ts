import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { languageOfTexts } from './language-of-text.ts';

it.each([
  ['en', ['When do you open?', 'We open at nine in the morning.', 'Can I return it?', 'Yes, within 30 days.']],
  [
    'de',
    ['Wann öffnen Sie?', 'Wir öffnen um neun Uhr.', 'Kann ich die Wolle zurückgeben?', 'Ja, innerhalb von 30 Tagen.'],
  ],
  ['de', ['Wie lange dauert der Versand?', 'Zwei bis drei Tage.', 'Haben Sie Filzwolle?', 'Ja, in zwölf Farben.']],
  [
    'fr',
    ['Quand ouvrez-vous ?', 'Nous ouvrons à neuf heures.', 'Où est le magasin ?', 'Il est dans la rue de la gare.'],
  ],
  ['es', ['¿Cuándo abren?', 'Abrimos a las nueve de la mañana.', '¿Dónde está la tienda?', 'En la calle mayor.']],
  ['it', ['Quando aprite?', 'Apriamo alle nove del mattino.', 'Dove è il negozio?', 'È nella via della stazione.']],
  [
    'pt',
    ['Quando abrem?', 'Abrimos às nove da manhã.', 'Onde está a loja?', 'Não, a loja é na rua do sol, você pode ver.'],
  ],
  ['nl', ['Wanneer gaat u open?', 'Wij gaan om negen uur open.', 'Waar is de winkel?', 'Op de hoek van het plein.']],
  ['pl', ['Kiedy jest otwarte?', 'Otwieramy o dziewiątej.', 'Gdzie jest sklep?', 'Nasz sklep jest na rogu ulicy.']],
  ['ru', ['Когда вы открываетесь?', 'Мы открываемся в девять.', 'Где магазин?', 'На углу улицы.']],
  ['zh', ['你们几点开门？', '我们早上九点开门。']],
  ['ja', ['何時に開きますか？', '朝九時に開きます。']],
  ['ko', ['언제 문을 여나요?', '아침 아홉 시에 엽니다.']],
  ['ar', ['متى تفتحون؟', 'نفتح في التاسعة صباحا.']],
  [undefined, ['A17', 'B04', 'C99', '12.50']],
  [undefined, ['x']],
] as const)('finds %s', (language, texts) => {
  expect(languageOfTexts(texts)).toBe(language);
});

it.each(['tickets', 'shop', 'style'])('finds English in the sample %s', (sample) => {
  const file = join(import.meta.dirname, '../../models/embedded/examples', sample, 'train.jsonl');
  const rows = readFileSync(file, 'utf8').trim().split('\n').slice(0, 8);
  const texts = rows.flatMap((line) => Object.values(JSON.parse(line) as Record<string, string>));
  expect(languageOfTexts(texts)).toBe('en');
});
