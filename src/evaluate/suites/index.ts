import { METRIC_NAMES } from '../metrics/index.ts';
import { forgetting } from './forgetting.ts';
import { hallucination } from './hallucination.ts';
import { memorisation } from './memorisation.ts';
import { outputRules } from './output-rules.ts';
import { robustness } from './robustness.ts';
import { safety } from './safety.ts';
import { OWN_SUITE } from './own-suite.ts';
import type { Suite } from './suite.ts';

/** Every bundled suite, in the order of a report. */
export const SUITES: readonly Suite[] = [robustness, forgetting, memorisation, hallucination, safety, outputRules];

/** Every name that a bar may have. */
export const BAR_METRICS: readonly string[] = [
  ...METRIC_NAMES,
  ...SUITES.flatMap(({ metrics }) => metrics),
  ...METRIC_NAMES.map((name) => `${OWN_SUITE}.${name}`),
];
