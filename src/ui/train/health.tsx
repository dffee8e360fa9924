import type { FileNote } from '../../data/rows.ts';
import { chooseMoreColumns, fixSet, setKeepsBack, type ExampleSet } from '../examples/examples.ts';
import { measure } from '../examples/preview.ts';
import { setSetting } from './settings.ts';
import { model } from '../state/engine.ts';
import { t } from '../messages/language.ts';
import { EngineNote, EngineText } from '../parts/engine-text.tsx';

/** As the data's worker has it: of fewer rows none can be kept back. */
const MIN_ROWS_TO_ASK = 15;

/** Fewer are learned by heart: no question is asked in two ways. */
const FEW_ROWS = 10;

interface HealthProps {
  readonly set: ExampleSet;
  readonly isLocked: boolean;
}

/** What there is to learn from, and what to mend with one press. */
export function Health({ set, isLocked }: HealthProps) {
  const texts = t().examples.health;
  const { facts, training } = set;
  const { rowCount, problemCount, notes } = facts;
  const held = training.heldOutRows.length;
  return (
    <div class="stack">
      <p class="quiet">{texts.learnFrom(training.trainCount, held)}</p>
      {set.source === 'own' && rowCount > 0 && rowCount < FEW_ROWS && <p class="notice">{texts.few}</p>}
      {set.source === 'own' && rowCount >= MIN_ROWS_TO_ASK && (
        <label class="check">
          <input
            type="checkbox"
            checked={held > 0}
            disabled={isLocked}
            onChange={({ currentTarget }) => void setKeepsBack(currentTarget.checked)}
          />
          {texts.keepBack}
        </label>
      )}
      {set.source === 'own' && held > 0 && (
        <details class="settings">
          <summary>{texts.keptBack(held)}</summary>
          <ul>
            {training.heldOutRows.map(({ index, question, answer }) => (
              <li key={index}>{question === '' ? answer : question}</li>
            ))}
          </ul>
        </details>
      )}
      {notes.map((note) => (
        <NoteLine key={note.text} {...{ note, set, isLocked }} />
      ))}
      {problemCount > 0 && <BadRows {...{ set, isLocked }} />}
      <Lengths isLocked={isLocked} />
    </div>
  );
}

const columnName = (source: string): string =>
  source.startsWith('#') ? t().examples.health.column(source.slice(1)) : source;

/** What was found out of the file, or is not used of it; with what would use it where the page still has the file. */
function NoteLine({ note: { text, columns }, set, isLocked }: HealthProps & { readonly note: FileNote }) {
  const source = columns?.['context'];
  if (columns === undefined || source === undefined || set.file === undefined)
    return (
      <p class="quiet">
        <EngineNote text={text} />
      </p>
    );
  return (
    <div class="notice notice-row">
      <p>
        <EngineNote text={text} />
      </p>
      <button type="button" disabled={isLocked} onClick={() => void chooseMoreColumns(columns)}>
        {t().examples.health.putBefore(columnName(source))}
      </button>
    </div>
  );
}

function BadRows({ set: { facts }, isLocked }: HealthProps) {
  const texts = t().examples.health;
  const { problems, problemCount, rowCount } = facts;
  return (
    <div class="problem" role="alert">
      <p class="problem-title">{texts.badRows(problemCount)}</p>
      <ul>
        {problems.slice(0, 5).map(({ line, reason, fix }) => (
          <li key={line}>
            {texts.line(line)} <EngineText text={fix === undefined ? reason : `${reason}; ${fix}`} />
          </li>
        ))}
        {problemCount > 5 && <li>{texts.more(problemCount - 5)}</li>}
      </ul>
      {rowCount > 0 ? (
        <div class="actions">
          <button type="button" disabled={isLocked} onClick={() => void fixSet({ fix: 'unusable' })}>
            {texts.leaveOut(problemCount)}
          </button>
          <p class="quiet">{texts.goOn(rowCount)}</p>
        </div>
      ) : (
        <p>{texts.nothingLeft}</p>
      )}
    </div>
  );
}

/** In the model's own tokens: what is too long loses its end. */
function Lengths({ isLocked }: { readonly isLocked: boolean }) {
  const lengths = measure.value;
  const facts = model.value.kind === 'ready' ? model.value.facts : undefined;
  if (lengths === undefined || facts === undefined || lengths.rows === 0) return null;
  const { cutLines, cutNumbers, medianTokens, longestTokens } = lengths;
  const texts = t().examples.health;
  if (cutLines.length === 0) return <p class="quiet">{texts.allFit(medianTokens, longestTokens)}</p>;
  const wanted = Math.min(facts.context, Math.ceil(longestTokens / 64) * 64);
  return (
    <div class="notice notice-row">
      <p>{texts.cut(cutNumbers.slice(0, 5).map(String), cutLines.length)}</p>
      <button type="button" disabled={isLocked} onClick={() => setSetting('seq-len', String(wanted))}>
        {texts.allow(wanted)}
      </button>
    </div>
  );
}
