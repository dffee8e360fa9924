/** Facts that the user tells over several turns and asks for later. */
import { capital, type Example, type Message, type Random } from './random.ts';
import * as w from './words.ts';

/** Facts told over several turns, asked for later. */
export function memory(r: Random): Example {
  const n = r.pick(w.names);
  const facts = r
    .shuffle([
      {
        told: r.pick([`My name is ${n}.`, `I am ${n}.`, `You can call me ${n}.`]),
        reply: `${r.pick(['Hello', 'Nice to meet you', 'Hi'])}, ${n}${r.pick(['!', '.'])}`,
        ask: r.pick(['What is my name?', 'Do you know my name?', 'Who am I?']),
        answer: `Your name is ${n}.`,
      },
      ...[r.pick(w.animals)].map((v) => ({
        told: r.pick([`I have a ${v}.`, `My pet is a ${v}.`]),
        reply: r.pick([`A ${v} is a fine pet.`, `How nice to have a ${v}!`]),
        ask: r.pick(['What pet do I have?', 'Which animal is mine?']),
        answer: `You have a ${v}.`,
      })),
      ...[r.pick(w.places)].map((v) => ({
        told: r.pick([`I live in ${v}.`, `My home is ${v}.`]),
        reply: r.pick([`${v} is a nice place.`, `I have heard of ${v}.`]),
        ask: r.pick(['Where do I live?', 'Where is my home?']),
        answer: `You live in ${v}.`,
      })),
      ...[r.pick(w.colours)].map((v) => ({
        told: `My favourite colour is ${v}.`,
        reply: r.pick([`${capital(v)} is a lovely colour.`, `I like ${v} too.`]),
        ask: 'What is my favourite colour?',
        answer: `Your favourite colour is ${v}.`,
      })),
      ...[r.pick(w.jobs)].map((v) => ({
        told: `I work as a ${v}.`,
        reply: `Being a ${v} must be interesting.`,
        ask: r.pick(['What is my job?', 'What do I do?']),
        answer: `You work as a ${v}.`,
      })),
    ])
    .slice(0, r.int(1, 3));
  const messages: Message[] = facts.flatMap((f): Message[] => [
    { role: 'user', content: f.told },
    { role: 'assistant', content: f.reply },
  ]);
  for (const f of r.some(facts, r.int(1, Math.min(2, facts.length))))
    messages.push({ role: 'user', content: f.ask }, { role: 'assistant', content: f.answer });
  return { family: 'memory', messages };
}
