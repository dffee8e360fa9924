import { JestAsymmetricMatchers, JestChaiExpect, JestExtend } from '@vitest/expect';
import * as chai from 'chai';

/**
 * As much of vitest as a test file needs to run inside a browser's worker, with vitest's own matchers: stands in for the
 * `vitest` import when `store-contract.ts` is bundled for it.
 */
chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);
export const expect = chai.expect;

type Body = () => unknown;
interface Scope {
  readonly before: Body[];
  readonly after: Body[];
}
export interface Outcome {
  readonly name: string;
  readonly error?: string;
}

const cases: { readonly name: string; readonly body: Body; readonly scopes: readonly Scope[] }[] = [];
const path: { readonly name: string; readonly scope: Scope }[] = [];

export function describe(name: string, body: () => void): void {
  path.push({ name, scope: { before: [], after: [] } });
  body();
  path.pop();
}

export function it(name: string, body: Body): void {
  cases.push({
    name: [...path.map((part) => part.name), name].join(' > '),
    body,
    scopes: path.map((part) => part.scope),
  });
}

export const beforeEach = (body: Body): void => void path.at(-1)?.scope.before.push(body);
export const afterEach = (body: Body): void => void path.at(-1)?.scope.after.push(body);

/** Runs what was described, one after the other. */
export async function runAll(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { name, body, scopes } of cases) {
    try {
      for (const hook of scopes.flatMap((scope) => scope.before)) await hook();
      try {
        await body();
      } finally {
        for (const hook of scopes.flatMap((scope) => scope.after)) await hook();
      }
      outcomes.push({ name });
    } catch (error) {
      outcomes.push({ name, error: error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error) });
    }
  }
  return outcomes;
}
