import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { FindingKind } from '../../data/check/finding.ts';
import type { FoundGroup, FoundKind, FoundRow } from '../../../workers/data/contract.ts';
import { foundRows, undo, undoable, type ExampleSet } from '../examples/examples.ts';
import { t } from '../messages/language.ts';
import { Breakable } from '../parts/breakable.tsx';
import { Problem } from '../parts/problem.tsx';
import { accept, findings, fixFinding, isAccepted, lastFix, look, shownKinds, stopLooking } from './findings.ts';

/** Findings that stand open, the worst ones; the others are folded. */
const OPEN = 3;
/** Groups of rows of one finding, and rows of one group, that are listed at first. */
const FEW_GROUPS = 3;
const FEW_ROWS = 12;

interface FindingsProps {
  readonly set: ExampleSet;
  readonly isLocked: boolean;
}

/** What is wrong with the examples, the worst first, each with what can be done about it. */
export function FindingsPanel({ set, isLocked }: FindingsProps) {
  const texts = t().findings;
  const state = findings.value;
  if (set.facts.rowCount === 0) return null;
  if (state.kind === 'looking') {
    // Of few rows it is done before anyone could read what it does.
    if (state.share === 0) return null;
    return (
      <div class="findings">
        <label for="looking">{texts.looking}</label>
        <progress id="looking" value={state.share} max={1} />
        <div class="actions">
          <button type="button" class="plain" onClick={stopLooking}>
            {texts.stop}
          </button>
        </div>
      </div>
    );
  }
  if (state.kind === 'none') return null;
  if (state.kind === 'stopped') {
    return (
      <div class="findings">
        <p class="quiet">{texts.stopped}</p>
        <div class="actions">
          <button type="button" class="plain" onClick={() => void look()}>
            {texts.again}
          </button>
        </div>
      </div>
    );
  }
  if (state.kind === 'failed') return <Problem failure={state.failure} lost={t().examples.nothingLost} />;
  const kinds = shownKinds(state.found);
  const open = kinds.filter(({ kind }) => !isAccepted(set, kind));
  const kept = kinds.filter(({ kind }) => isAccepted(set, kind));
  const isSample = set.source !== 'own';
  const shown = isSample ? [] : open.slice(0, OPEN);
  const folded = isSample ? open : open.slice(OPEN);
  const list = (some: readonly FoundKind[]) => (
    <ul class="findings-list">
      {some.map((found) => (
        <FindingCard key={found.kind} {...{ found, set, isLocked }} />
      ))}
    </ul>
  );
  return (
    <section class="findings" aria-label={texts.title} data-checked={state.found.rows}>
      <h3>{kinds.length === 0 ? texts.nothing : texts.found(open.length)}</h3>
      <Fixed isLocked={isLocked} />
      {shown.length > 0 && list(shown)}
      {folded.length > 0 && (
        <details>
          <summary>{shown.length === 0 ? texts.show(folded.length) : texts.more(folded.length)}</summary>
          {list(folded)}
        </details>
      )}
      {kept.length > 0 && (
        <details>
          <summary>{texts.kept(kept.length)}</summary>
          {list(kept)}
        </details>
      )}
      <p class="quiet">{texts.limits}</p>
    </section>
  );
}

/** What the last press did, and back. It takes the focus that was on the button, which is gone. */
function Fixed({ isLocked }: { readonly isLocked: boolean }) {
  const fixed = lastFix.value;
  const line = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (fixed !== undefined) line.current?.focus();
  }, [fixed]);
  if (fixed === undefined || undoable.value === undefined) return null;
  const texts = t().findings;
  return (
    <div class="notice notice-row">
      <p ref={line} tabIndex={-1} role="status">
        {texts.done(texts.kinds[fixed.kind].name, fixed.rows)}
      </p>
      <button type="button" disabled={isLocked} onClick={() => void undo()}>
        {texts.undo}
      </button>
    </div>
  );
}

interface CardProps extends FindingsProps {
  readonly found: FoundKind;
}

function FindingCard({ found, set, isLocked }: CardProps) {
  const { kind, severity, rowCount, groups } = found;
  const texts = t().findings;
  const isAll = useSignal(false);
  const readable = groups.filter(({ isUnreadable }) => !isUnreadable);
  const shown = isAll.value ? readable : readable.slice(0, FEW_GROUPS);
  const isKept = isAccepted(set, kind);
  return (
    <li class={`finding is-${severity}`} data-kind={kind}>
      <p class="finding-title">
        <span class="finding-mark">{texts.severities[severity]}</span> {texts.kinds[kind].title(rowCount)}
      </p>
      <p>{texts.kinds[kind].why}</p>
      {shown.map((group, i) => (
        <Group key={`${kind} ${group.lines[0] ?? 0} ${i}`} {...{ kind, group, set, isLocked }} />
      ))}
      <div class="actions">
        {readable.length > FEW_GROUPS && (
          <button type="button" class="plain" onClick={() => (isAll.value = !isAll.value)}>
            {isAll.value ? texts.fewerGroups : texts.allGroups(found.groupCount)}
          </button>
        )}
        <Fixes {...{ found, set, isLocked }} />
        <button type="button" class="plain" onClick={() => accept(set, kind, !isKept)}>
          {isKept ? texts.listAgain : texts.leave}
        </button>
      </div>
    </li>
  );
}

/** Kinds that are found in a text, where the text itself can be covered. */
const IN_TEXT: ReadonlySet<FindingKind> = new Set([
  'secret',
  'card',
  'iban',
  'national-id',
  'email',
  'phone',
  'address',
  'name',
]);

/** What can be done about all rows of a finding with one press. */
function Fixes({ found: { kind, rowCount, groupCount }, set, isLocked }: CardProps) {
  const texts = t().findings.fixes;
  const button = (label: string, remedy: 'redact' | 'replace' | 'drop', rows = rowCount) => (
    <button
      type="button"
      disabled={isLocked}
      onClick={() => void fixFinding(kind, rows, { fix: 'mend', kind, remedy })}
    >
      {label}
    </button>
  );
  if (kind === 'contradiction' || kind === 'unusable' || kind === 'one-answer') return null;
  if (kind === 'duplicate' || kind === 'near-duplicate')
    return button(texts.keepOne, 'drop', Math.max(1, rowCount - groupCount));
  if (kind === 'leak') return button(set.source === 'own' ? texts.teachThem : texts.leaveOut(rowCount), 'drop');
  if (!IN_TEXT.has(kind)) return button(texts.leaveOut(rowCount), 'drop');
  return (
    <>
      {button(texts.cover, 'redact')}
      {button(texts.standIn, 'replace')}
      {button(texts.leaveOut(rowCount), 'drop')}
    </>
  );
}

interface GroupProps extends FindingsProps {
  readonly kind: FindingKind;
  readonly group: FoundGroup;
}

/** Row numbers that open their rows. Of rows that contradict each other the right one can be kept. */
function Group({ kind, group, set, isLocked }: GroupProps) {
  const { lines, numbers, rowCount, evalLines = [], evalNumbers = [], evalCount = 0 } = group;
  const texts = t().findings;
  const isOpen = useSignal(false);
  const rows = useSignal<readonly FoundRow[]>([]);
  const all = set.source === 'own' ? [...new Set([...lines, ...evalLines])] : lines;
  const shown = all.slice(0, FEW_ROWS);
  const toggle = async (): Promise<void> => {
    isOpen.value = !isOpen.value;
    if (!isOpen.value) return;
    const read = await foundRows(kind, shown);
    if (read.ok) rows.value = read.value;
  };
  return (
    <div class="finding-group">
      <button type="button" class="plain" aria-expanded={isOpen.value} onClick={() => void toggle()}>
        {texts.rows(numbers.slice(0, FEW_ROWS).map(String), rowCount)}
        {evalCount > 0 && texts.heldRows(evalNumbers.slice(0, FEW_ROWS).map(String), evalCount)}
      </button>
      {isOpen.value && (
        <ul class="found-rows">
          {rows.value.map((row) => (
            <li key={`${row.line}/${row.index}`}>
              <p class="quiet">{texts.row(row.index + 1)}</p>
              {row.question !== '' && <p>{row.question}</p>}
              <p>
                <Breakable text={row.answer} />
              </p>
              {row.found.length > 0 && <p class="quiet">{texts.foundHere(row.found)}</p>}
              {kind === 'contradiction' && (
                <button
                  type="button"
                  disabled={isLocked}
                  onClick={() =>
                    void fixFinding(kind, lines.length - 1, { fix: 'keep', line: row.line, insteadOf: lines })
                  }
                >
                  {texts.fixes.keepThis(row.index + 1)}
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
