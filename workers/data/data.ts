import { readRows } from '../../src/data/read-rows.ts';
import { toFailure } from '../../src/errors.ts';
import type { DataApi } from './contract.ts';

/** What the data worker answers with. Frozen: comlink would otherwise let the page replace its functions. */
export function makeDataApi(): DataApi {
  return Object.freeze<DataApi>({
    readRows: (file, options) => {
      try {
        return Promise.resolve({ ok: true, value: readRows(file.bytes, file.name, options) });
      } catch (thrown) {
        return Promise.resolve({ ok: false, error: toFailure(thrown) });
      }
    },
  });
}
