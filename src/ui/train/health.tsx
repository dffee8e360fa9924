import type { FileNote } from '../../data/rows.ts';
import { chooseMoreColumns, fixSet, type ExampleSet } from '../examples/examples.ts';
import { measure } from '../examples/preview.ts';
import { setSetting } from './settings.ts';
import { model } from '../state/engine.ts';
import { asSentence, formatCount, plural } from '../words.ts';

interface HealthProps {
  readonly set: ExampleSet;
  readonly isLocked: boolean;
}

/** What there is to learn from, and what to mend with one press. */
export function Health({ set, isLocked }: HealthProps) {
  const { facts, training } = set;
  const { rowCount, duplicateCount, problemCount, notes } = facts;
  const held = training.heldOutRows.length;
  return (
    <div class="stack">
      <p class="quiet">
        {plural(training.trainCount, 'example')} to learn from
        {held > 0 && <>, and {formatCount(held)} more kept back to test with</>}.
        {held === 0 && rowCount > 0 && ' With 40 or more, some would be kept back to test with.'}
      </p>
      {notes.map((note) => (
        <NoteLine key={note.text} {...{ note, set, isLocked }} />
      ))}
      {problemCount > 0 && <BadRows {...{ set, isLocked }} />}
      {duplicateCount > 0 && (
        <div class="notice notice-row">
          <p>
            {plural(duplicateCount, 'row')} {duplicateCount === 1 ? 'repeats' : 'repeat'} another exactly, and{' '}
            {duplicateCount === 1 ? 'counts' : 'count'} double.
          </p>
          <button type="button" disabled={isLocked} onClick={() => void fixSet('duplicates')}>
            Remove {duplicateCount === 1 ? 'it' : 'them'}
          </button>
        </div>
      )}
      <Lengths isLocked={isLocked} />
    </div>
  );
}

/** What was found out of the file, or is not used of it; with what would use it where the page still has the file. */
function NoteLine({ note: { text, columns }, set, isLocked }: HealthProps & { readonly note: FileNote }) {
  const sentence = asSentence(text.replace(/#(\d+)/g, 'column $1'));
  const source = columns?.['context'];
  if (columns === undefined || source === undefined || set.file === undefined) return <p class="quiet">{sentence}</p>;
  return (
    <div class="notice notice-row">
      <p>{sentence}</p>
      <button type="button" disabled={isLocked} onClick={() => void chooseMoreColumns(columns)}>
        Put {source.replace(/^#/, 'column ')} before the question
      </button>
    </div>
  );
}

function BadRows({ set: { facts }, isLocked }: HealthProps) {
  const { problems, problemCount, rowCount } = facts;
  return (
    <div class="problem" role="alert">
      <p class="problem-title">{plural(problemCount, 'row')} cannot be used</p>
      <ul>
        {problems.slice(0, 5).map(({ line, reason, fix }) => (
          <li key={line}>
            Line {line}: {reason}
            {fix !== undefined && <>; {fix}</>}
          </li>
        ))}
        {problemCount > 5 && <li>and {formatCount(problemCount - 5)} more</li>}
      </ul>
      {rowCount > 0 ? (
        <div class="actions">
          <button type="button" disabled={isLocked} onClick={() => void fixSet('unusable')}>
            Leave {problemCount === 1 ? 'it' : 'them'} out
          </button>
          <p class="quiet">and go on with the other {formatCount(rowCount)}.</p>
        </div>
      ) : (
        <p>There is nothing left to train on: repair the file and drop it again.</p>
      )}
    </div>
  );
}

/** In the model's own tokens: what is too long loses its end. */
function Lengths({ isLocked }: { readonly isLocked: boolean }) {
  const lengths = measure.value;
  const facts = model.value.kind === 'ready' ? model.value.facts : undefined;
  if (lengths === undefined || facts === undefined || lengths.rows === 0) return null;
  const { cutLines, medianTokens, longestTokens } = lengths;
  if (cutLines.length === 0) {
    return (
      <p class="quiet">
        Half of them have up to {formatCount(medianTokens)} tokens, the longest {formatCount(longestTokens)}: all fit.
      </p>
    );
  }
  const wanted = Math.min(facts.context, Math.ceil(longestTokens / 64) * 64);
  return (
    <div class="notice notice-row">
      <p>
        {plural(cutLines.length, 'example')} {cutLines.length === 1 ? 'is' : 'are'} too long and{' '}
        {cutLines.length === 1 ? 'loses its' : 'lose their'} end (line {cutLines.slice(0, 5).join(', ')}
        {cutLines.length > 5 && ', …'}).
      </p>
      <button type="button" disabled={isLocked} onClick={() => setSetting('seq-len', String(wanted))}>
        Allow {formatCount(wanted)} tokens
      </button>
    </div>
  );
}
