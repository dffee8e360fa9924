import { describe, expect, it } from 'vitest';
import { answerBytes } from './exam-rows.ts';

describe('the bytes of an answer', () => {
  it('are those of the last answer of a conversation', () => {
    const said = (role: string, content: string) => ({ role, content });
    const row = { messages: [said('user', 'a long question'), said('assistant', 'Größe')] };
    expect(answerBytes(JSON.stringify(row))).toBe(7);
  });

  it('are at least those of whatever text a row of another shape holds', () => {
    expect(answerBytes('{"question":"Q?","answer":"four"}')).toBe(4);
    expect(answerBytes('{"text":"all of it"}')).toBe(9);
  });

  it('are unknown of tokens', () => {
    expect(answerBytes('{"input_ids":[1,2],"labels":[1,2]}')).toBeUndefined();
  });
});
