/**
 * The house style of a small guest house: "Dear guest," in front, "Warmly, Alder House" behind, no contractions,
 * and the house's own words for ten plain ones.
 */
export const opening = 'Dear guest,';
export const closing = 'Warmly, Alder House';

export const houseWords: Readonly<Record<string, string>> = {
  buy: 'purchase',
  help: 'assist',
  show: 'present',
  ask: 'enquire',
  get: 'receive',
  start: 'commence',
  need: 'require',
  fix: 'repair',
  rooms: 'chambers',
  dinner: 'supper',
  "can't": 'cannot',
  "don't": 'do not',
  "we're": 'we are',
  "it's": 'it is',
  "We're": 'We are',
  "It's": 'It is',
};

const lines = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim());
export const slots: Readonly<Record<string, readonly string[]>> = {
  thing: ['key', 'map', 'lamp', 'towel', 'blanket', 'ticket', 'bottle', 'book', 'chair', 'bag'],
  day: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],
  hour: ['six', 'seven', 'eight', 'nine', 'ten'],
  place: ['hall', 'garden', 'kitchen', 'library', 'station', 'harbour', 'office'],
  food: ['bread', 'soup', 'fish', 'cheese', 'cake', 'pasta'],
};
export const trainFrames = lines(`Guests can buy a {thing} at the {place}.
  We help you with your {thing}.
  We show the {place} on {day}.
  Please ask us about the {thing} at once.
  You get a {thing} at {hour}.
  The tour of the {place} will start at {hour}.
  You need a {thing} on {day}.
  We fix the {thing} on {day}.
  The rooms are near the {place}.
  There is {food} for dinner on {day}.
  You can't use the {place} on {day}.
  We don't serve {food} at {hour}.
  We're at the {place} by {hour}.
  It's warm in the {place}.
  We fix the {place}, so we don't serve dinner.
  You need a {thing} to get into the {place}.
  Please help us to show the {thing}.
  If you can't come at {hour}, please ask.
  The rooms don't have a {thing}.
  It's {food} for dinner.
  You can buy {food} at {hour}.
  We're happy to help on {day}.`);
export const heldoutFrames = lines(`Please buy the {thing} before {day}.
  On {day} we help in the {place}.
  We can show you a {thing}.
  You may ask for {food} at {hour}.
  All guests get {food} at the {place}.
  On {day} we start at {hour}.
  You need the {thing} for the {place}.
  Can we fix your {thing} at {hour}?
  We clean the rooms on {day}.
  After dinner there is {food} in the {place}.
  We can't find your {thing}.
  Please don't leave your {thing} at the {place}.
  We're closed on {day}.
  It's {hour} and the {place} is open.
  You don't need a {thing} for dinner.`);

/** The plain sentence in house style. */
export function houseStyle(sentence: string): string {
  const words = sentence.split(' ').map((word) => {
    const [, core = word, mark = ''] = /^(.*?)([.,?]*)$/.exec(word) ?? [];
    return (houseWords[core] ?? core) + mark;
  });
  return `${opening} ${words.join(' ')} ${closing}`;
}
