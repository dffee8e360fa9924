import { expose } from 'comlink';
import { afterEach, describe, expect, it } from 'vitest';
import { DataClient } from './client.ts';
import { makeDataApi } from './data.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const closers: (() => void)[] = [];

/** Both sides of the border over a real channel, where only plain data passes. */
function connect(): DataClient {
  const { port1, port2 } = new MessageChannel();
  expose(makeDataApi(), port1);
  const client = new DataClient(port2, () => {
    port1.close();
    port2.close();
  });
  closers.push(() => {
    client.dispose();
  });
  return client;
}

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

describe('the data worker', () => {
  it('gives rows, problems and notes', async () => {
    const file = { name: 'a.csv', bytes: utf8('Frage;Antwort\nf;a\ng;\n') };
    const result = await connect().readRows(file, { columns: { question: 'Frage', answer: 'Antwort' } });
    expect(result).toMatchInlineSnapshot(`
      {
        "ok": true,
        "value": {
          "notes": [
            "a.csv: read as semicolon-separated UTF-8",
          ],
          "problems": [
            {
              "file": "a.csv",
              "fix": "fill it in or remove the row",
              "line": 3,
              "reason": "empty answer (answer)",
            },
          ],
          "rows": [
            {
              "kind": "messages",
              "line": 2,
              "messages": [
                {
                  "content": "f",
                  "role": "user",
                },
                {
                  "content": "a",
                  "role": "assistant",
                },
              ],
            },
          ],
        },
      }
    `);
    expect(file.bytes.byteLength).toBeGreaterThan(0);
  });

  it('gives failures as values with their code', async () => {
    expect(await connect().readRows({ name: 'a.xlsx', bytes: utf8('PK') })).toMatchInlineSnapshot(`
      {
        "error": {
          "code": "unsupported",
          "message": "a.xlsx: got an Excel file, wanted JSONL, a JSON array, CSV or TSV; save the sheet as CSV",
        },
        "ok": false,
      }
    `);
  });

  it('answers after it was closed', async () => {
    const client = connect();
    client.dispose();
    const result = await client.readRows({ name: 'a.jsonl', bytes: utf8('{"text":"a"}') });
    expect(result).toEqual({ ok: false, error: { code: 'aborted', message: 'reading data was stopped' } });
  });

  it('cannot be changed from outside', () => {
    expect(Object.isFrozen(makeDataApi())).toBe(true);
  });
});
