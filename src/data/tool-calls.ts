import type { ToolCall } from '../../models/tokenizer/chat-tokenizer.ts';
import { inexactNumber, isNothing, kindOf, nameUnread, UnusableRow, type Fields, type Unread } from './fields.ts';
import { isJsonObject } from '../json.ts';

/** JSON that is written as a text: how OpenAI's format has arguments, and what tables and Arrow files make of objects. */
function parsed(value: unknown, name: string): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    throw new UnusableRow(`${name} is text that is not JSON`, 'write it as JSON');
  }
}

/**
 * The functions that a row's model may call: a list of JSON schemas, or that list as a text of JSON.
 * @throws UnusableRow
 */
export function readTools(value: unknown, name: string): object[] | undefined {
  if (isNothing(value)) return undefined;
  const tools = parsed(value, name);
  if (!Array.isArray(tools)) throw new UnusableRow(`${name} is ${kindOf(tools)}, wanted a list of JSON schemas`);
  if (tools.length === 0) return undefined;
  if (inexactNumber(tools) !== undefined) {
    throw new UnusableRow(`${name} holds a number of too many digits to be read exactly`, 'write it in quotes');
  }
  return tools.map((tool: unknown, i): object => {
    if (!isJsonObject(tool)) throw new UnusableRow(`${name}[${i}] is ${kindOf(tool)}, wanted a JSON schema`);
    // The older form names the function alone, https://platform.openai.com/docs/api-reference/chat (functions).
    return isJsonObject(tool['function']) || typeof tool['name'] !== 'string'
      ? tool
      : { type: 'function', function: tool };
  });
}

function readFunction(value: unknown, name: string, unread: Unread, path: string): ToolCall['function'] {
  if (!isJsonObject(value)) throw new UnusableRow(`${name} is ${kindOf(value)}, wanted {name, arguments}`);
  if (typeof value['name'] !== 'string' || value['name'] === '') {
    throw new UnusableRow(`${name} has no name`, 'write the name of the function that is called');
  }
  nameUnread(value, ['name', 'arguments'], unread, path);
  const given = value['arguments'];
  const args = given === '' || given === undefined || given === null ? {} : parsed(given, `${name}.arguments`);
  if (!isJsonObject(args)) throw new UnusableRow(`${name}.arguments is ${kindOf(args)}, wanted an object`);
  if (inexactNumber(args) !== undefined) {
    throw new UnusableRow(
      `${name}.arguments holds a number of too many digits to be read exactly`,
      'write it in quotes',
    );
  }
  return { name: value['name'], arguments: args };
}

const CALL_KEYS = ['id', 'type', 'function', 'index'];

/**
 * The calls of one message: `[{function: {name, arguments}}]` or `[{name, arguments}]`, arguments as an object or as
 * a text of JSON.
 * @throws UnusableRow
 */
export function readToolCalls(value: unknown, name: string, unread: Unread, path: string): ToolCall[] {
  const calls = parsed(value, name);
  const list = Array.isArray(calls) ? (calls as unknown[]) : [calls];
  return list.map((call, i): ToolCall => {
    const where = `${name}[${i}]`;
    if (!isJsonObject(call)) throw new UnusableRow(`${where} is ${kindOf(call)}, wanted {function: {name, arguments}}`);
    if (!('function' in call)) return { type: 'function', function: readFunction(call, where, unread, `${path}[].`) };
    nameUnread(call, CALL_KEYS, unread, `${path}[].`);
    return {
      ...identity(call),
      function: readFunction(call['function'], `${where}.function`, unread, `${path}[].function.`),
    };
  });
}

function identity({ id, type }: Fields): Pick<ToolCall, 'id' | 'type'> {
  return { ...(typeof id === 'string' && id !== '' && { id }), type: typeof type === 'string' ? type : 'function' };
}
