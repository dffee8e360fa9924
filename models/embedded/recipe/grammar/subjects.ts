/** Subjects and the many ways to bring one up: what a text is about has to be found whatever the sentence around it. */
import { capital, type Random } from './random.ts';
import { invented } from './values.ts';
import * as w from './words.ts';

const split = (text: string): string[] => text.trim().split(/\s*[|]\s*/);

const states = split(
  'lost|broken|missing|open|empty|locked|old|new|second|spare|wet|burnt|stolen|rented|hidden|painted|frozen|loose|noisy|torn|bent|dusty|rusty|folded',
);
const places = split(
  'lift|stairs|pool|roof garden|play room|locker|lost property|side entrance|bicycle shed|waiting room|reading corner|first aid kit|fire door|boiler|drain|ceiling|floor tiles|heating|water tank|lighting|notice board|car wash|meeting room|stage|sauna|boat house|laundry|canteen|vending machine|toilet|terrace|fountain|post box|meadow|archive|workshop|loading bay|switchboard|copy machine|projector',
);
const matters = split(
  'membership|guided walk|wedding|birthday party|season ticket|insurance|guarantee|language course|summer camp|choir|newsletter|deposit|invoice copy|late fee|refill|repair|visit of the mayor|night shift|holiday|sick leave|uniform|password|voucher|loan|translation|interview|exam|certificate|power cut|traffic jam|flat tyre|sprained ankle|headache|sore throat|fever|allergy|spare part|discount|subscription|cancelled flight|delayed train|missing suitcase|seat by the window|vegetarian meal|extra blanket|wake-up call|early arrival|late departure|quiet table|high chair|picnic|piano lesson|swimming badge|school trip|lost tooth|new pupil|parents evening|sports day|fire drill',
);

/** A noun phrase without its article. */
export function subject(r: Random): string {
  const kind = r.next();
  if (kind < 0.3) return r.pick(places);
  if (kind < 0.55) return r.pick(matters);
  if (kind < 0.85) return `${r.pick(states)} ${r.pick(kind < 0.78 ? w.objects : w.vehicles)}`;
  if (kind < 0.95) return `${r.pick([...w.colours, ...w.materials])} ${r.pick([...w.objects, ...w.rooms])}`;
  return `${invented(r).toLowerCase()} ${r.pick(w.objects)}`;
}

export function subjects(r: Random, count: number): string[] {
  const found = new Set<string>();
  // No two subjects of one text share a word, so that each can be told from the others by any of its words.
  const words = new Set<string>();
  while (found.size < count) {
    const s = subject(r);
    const own = s.split(' ');
    if (own.some((x) => words.has(x))) continue;
    own.forEach((x) => words.add(x));
    found.add(s);
  }
  return [...found];
}

/** Ways to ask about a subject, `#` being where it goes. */
export const questionFrames = split(
  `What do you know about the #?|Could you explain the #?|Is anything known about the #?|Who looks after the #?|What happens with the #?|Any news on the #?|How does it work with the #?|More on the #, please|Something about the #, please|What is the rule for the #?|Whom do I ask about the #?|What should I do about the #?|What was it again with the #?|I forgot what you said on the #|My question is on the #|Let us talk of the #|What is there to say on the #?|Do tell, what of the #?|Now the #, how is that?|And the #?|# ?|The #?|Could somebody tell us of the #?|My mother asks about the #|Give me the facts on the #|Are there rules for the #?|Can you help me with the #?|How about the #?|I wonder about the #|I am curious about the #|Please inform me on the #|Once more on the #, please|Quick question: the #?|It is because of the #|This concerns the #|I am writing because of the #|We have a question on the #|Do you remember the #?|What did you decide on the #?|Say something on the #|Where do we stand with the #?|Sorry to bother you, it is the # again|Good morning, I am calling for the #|Regarding the #|On the subject of the #|Is it possible to know more about the #?|What can you say on the #?|Talk to me about the #|I heard there is a #|They told me to ask for the #|Nobody could tell me of the #|You wrote about the #. What was it?|What is meant by the #?|I have been thinking of the #|We saw the # and want to know more|Does anybody know about the #?|Hello, the # please|Thanks, and the #?|One more thing, the #|Before I go: the #?`,
);
/** Ways to mention one. */
export const reportFrames = split(
  `There is a #|We have a # here|I found a # this morning|Somebody reported a #|Again a #|It was a #, I think|They called because of a #|Note: #|Please write down a #|The cause was a #|Mostly it is a #|My neighbour has a #|In the hall there was a #|Yesterday a #, nothing else|This time it is the #|Have you seen the #?|All of it began with a #|A # was seen|Look, a #!|Only the #, as always|The letter speaks of a #|I must tell you of a #|She came because of the #|He complained of a #|Another day, another #|It seems to be a #|One #, on the second floor|Our guests noticed a #|Could be a #|To me it looks like a #|Careful, there is a # ahead|The boy told us of a #|I came for the #|It is the # that I mean|Of course it was the #|We were late because of the #|Nothing but a #|First the rain and now a #|After lunch there was a #|The # has been on my mind`,
);

function vary(text: string, r: Random): string {
  const kind = r.next();
  if (kind < 0.12) return text.toLowerCase();
  if (kind < 0.3) return text.replace(/[?.!]$/, '');
  return /[?.!]$/.test(text) ? text : `${text}${r.pick(['.', '.', '!', '?', ''])}`;
}

/** A question on the subject, in one of many wordings. */
export function question(s: string, r: Random): string {
  return vary(capital(r.pick(questionFrames).replace('#', s)), r);
}

/** A remark that mentions the subject. */
export function report(s: string, r: Random): string {
  const text = r.pick(reportFrames);
  return vary(capital(text.replace(/\ba #/, /^[aeiou]/.test(s) ? `an ${s}` : `a ${s}`).replace('#', s)), r);
}

const replies = split(
  `It is in the {room}.|You find it next to the {room}.|Ask {name} in the {room}.|Only on {day}.|From {day} to {day2}.|It costs {n} coins.|That is free for {people}.|{people} pay {n} coins.|{name} takes care of it.|Please bring a {thing}.|You need a {thing} for that.|It is closed in {month}.|Not before {hour}.|It starts at {hour}.|Write to {name} {surname}.|We have {n} of them.|Yes, but only for {people}.|No, not in {season}.|It was made in {year}.|It comes from {city}.|Turn left at the {room}.|Knock at the {colour} door.|The {colour} {thing} is for that.|It takes {n} days.|Wait until {day}.|Every {day} at {hour}.|Leave it in the {room}.|There is one in {city} too.|{name} has the key.|We ask for {n} days of notice.|Sit down and wait for {name}.|Use the {thing} in the {room}.|It is the {colour} one.|It belongs to {people}.|Call {digits}.|Press button {n}.`,
);

/** An answer that could be given to any question. */
export function reply(r: Random): string {
  const people = ['children', 'members', 'visitors', 'teachers', 'families', 'soldiers', 'groups', 'pupils', 'nurses'];
  const values: Readonly<Record<string, () => string>> = {
    room: () => r.pick(w.rooms),
    name: () => (r.chance(0.2) ? invented(r) : r.pick(w.names)),
    surname: () => r.pick(w.surnames),
    day: () => r.pick(w.days),
    day2: () => r.pick(w.days),
    n: () => (r.chance(0.5) ? r.pick(w.numberWords.slice(2)) : String(r.int(2, 90))),
    people: () => r.pick(people),
    thing: () => r.pick(w.objects),
    month: () => r.pick(w.months),
    hour: () => r.pick(w.numberWords.slice(1, 13)),
    season: () => r.pick(w.seasons),
    year: () => String(r.int(1800, 1980)),
    city: () => (r.chance(0.2) ? invented(r) : r.pick(w.places)),
    colour: () => r.pick(w.colours),
    digits: () => Array.from({ length: 3 }, () => r.int(0, 9)).join(' '),
  };
  return capital(r.pick(replies).replace(/\{(\w+)\}/g, (_all, slot: string) => values[slot]?.() ?? slot));
}
