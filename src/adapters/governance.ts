/** What of a card's facts it tells, as `ModelCardFacts` has them. */
interface GovernanceFacts {
  readonly base: { readonly licence?: string };
  readonly licence?: string;
  readonly dataSource?: string;
  readonly dataLicence?: string;
  readonly systemPrompt?: string;
  readonly data: readonly { readonly role: string; readonly rows: number; readonly skippedRows: number }[];
  readonly results: readonly { readonly measure: string }[];
  readonly curve?: readonly unknown[];
  readonly elapsedSeconds?: number;
  readonly device: string;
}

/** A row of the table: what is written down of it, and what nobody did. */
interface Topic {
  readonly part: string;
  readonly recorded: readonly string[];
  readonly notDone: readonly string[];
}

const stated = (what: string, value: string | undefined): string => `${what}: ${value ?? 'not stated'}`;

function topicsOf(facts: GovernanceFacts): Topic[] {
  const { base, licence, dataSource, dataLicence, systemPrompt, data, results, curve = [] } = facts;
  const heldOut = data.find(({ role }) => role === 'evaluation');
  const hasHeldOut = results.some(({ measure }) => measure.startsWith('held-out'));
  const leftOut = data.reduce((sum, { skippedRows }) => sum + skippedRows, 0);
  return [
    {
      part: 'Govern (A.2 policies, A.3 roles, A.10 third parties)',
      recorded: [
        stated('licence of the adapter', licence),
        stated('of the base', base.licence),
        stated('of the data', dataLicence),
      ],
      notDone: ['who is responsible, and who may approve a use, is not recorded'],
    },
    {
      part: 'Map (A.5 impacts, A.7 data, A.9 use)',
      recorded: [
        stated('source of the data', dataSource),
        'names and sha256 of the data files',
        ...(leftOut > 0 ? [`${leftOut} rows that could not be used were left out`] : []),
        systemPrompt === undefined ? 'no system prompt' : 'the system prompt that it needs',
      ],
      notDone: [
        'intended use, people affected and harms were not assessed',
        'consent of people in the data is not recorded',
      ],
    },
    {
      part: 'Measure (A.6 verification and validation)',
      recorded: [
        hasHeldOut
          ? `loss on rows that were held out${heldOut === undefined ? '' : ` (${heldOut.rows} rows of another file)`}`
          : 'the training loss alone: no row was held out',
        ...(curve.length > 0 ? ['the curve of the run'] : []),
      ],
      notDone: [
        'bias, refusals, robustness, memorised rows and invented facts: `weblora eval --report` measures some of these, and its report is a file of its own',
        ...(hasHeldOut ? [] : ['how it does on new questions']),
      ],
    },
    {
      part: 'Manage (A.6 operation, A.8 information for others)',
      recorded: ['settings, seed, versions and device, so that the run can be repeated', 'this card'],
      notDone: ['what happens after release is not watched', 'no plan for incidents or withdrawal is recorded'],
    },
  ];
}

/**
 * What was written down of a run, by the functions of NIST's AI Risk Management Framework (AI 100-1, 2023) and the topics of Annex A
 * of ISO/IEC 42001:2023, with what was not done beside it.
 */
export function governanceSection(
  facts: GovernanceFacts,
  table: (head: string[], rows: string[][]) => string[],
): string[] {
  const { device, elapsedSeconds } = facts;
  const time = elapsedSeconds === undefined ? 'Time was not recorded' : `Training took ${Math.round(elapsedSeconds)} s`;
  return [
    '## Governance',
    '',
    'By the functions of the NIST AI Risk Management Framework, with the topics of Annex A of ISO/IEC 42001 in brackets. A record of what',
    'is known and what is not, neither an assessment nor a certificate.',
    '',
    ...table(
      ['function', 'recorded', 'not done'],
      topicsOf(facts).map(({ part, recorded, notDone }) => [part, recorded.join('; '), notDone.join('; ')]),
    ),
    '',
    `${time} on ${device.replaceAll(/\s+/g, ' ').trim()}; energy was not measured.`,
    '',
  ];
}
