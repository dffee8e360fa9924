/** Values that records hold: names, places, things, times, some of them invented, so that copying is learned and not recall. */
import { type Random } from './random.ts';
import * as w from './words.ts';

export const invented = (r: Random): string => {
  const start = r.pick([
    'Bel',
    'Mar',
    'Tor',
    'Kan',
    'Lo',
    'Ves',
    'Dra',
    'Pim',
    'Sol',
    'Hal',
    'Cre',
    'Win',
    'Zan',
    'Or',
    'Fen',
    'Gri',
  ]);
  const middle = r.pick(['a', 'o', 'i', 'en', 'ar', 'el', 'u', 'is', '']);
  return (
    start + middle + r.pick(['ton', 'dor', 'ra', 'by', 'wick', 'lo', 'mer', 'nia', 'field', 'ka', 'vin', 'sk', 'nel'])
  );
};
export const name = (r: Random): string => (r.chance(0.12) ? invented(r) : r.pick(w.names));
export const fullName = (r: Random): string => `${r.pick(w.names)} ${r.pick(w.surnames)}`;
export const town = (r: Random): string => (r.chance(0.2) ? invented(r) : r.pick(w.places));
export const thing = (r: Random): string => {
  const kind = r.next();
  if (kind < 0.35) return `${r.pick(w.colours)} ${r.pick(w.objects)}`;
  if (kind < 0.6) return `${r.pick([...w.materials, ...w.animals, ...w.rooms])} ${r.pick(w.objects)}`;
  if (kind < 0.7) return `${invented(r).toLowerCase()} ${r.pick(w.objects)}`;
  return r.pick(w.objects);
};
export const clockTime = (r: Random): string =>
  `${r.pick(w.numberWords.slice(1, 13))} ${r.pick(["o'clock", 'in the morning', 'in the evening'])}`;
export const dish = (r: Random): string =>
  r.chance(0.4) ? `${r.pick(w.vegetables)} ${r.pick(['soup', 'pie', 'stew', 'salad'])}` : r.pick(w.foods);
