import { t } from '../messages/language.ts';
import { damagedRecords } from '../state/persisted.ts';
import { readRunName } from '../train/run-name.ts';

/** What of the page's own storage came back damaged: it is named and not used, and the rest goes on. */
export function DamagedRecords() {
  if (damagedRecords.value.length === 0) return null;
  const texts = t().storage.damaged;
  return (
    <div class="banner" role="status">
      <div>
        <p>{texts.title}</p>
        <ul>
          {damagedRecords.value.map((name) => (
            <li key={name}>{wordsFor(name)}</li>
          ))}
        </ul>
        <p>{texts.todo}</p>
      </div>
    </div>
  );
}

function wordsFor(record: string): string {
  const texts = t().storage.damaged;
  const [kind = '', ...rest] = record.split(':');
  const name = rest.join(':');
  switch (kind) {
    case 'own-examples':
      return texts.examples(name);
    case 'run':
      return texts.begin(readRunName(name).title);
    case 'rows':
      return texts.rows(readRunName(name).title);
    case 'hub-token':
      return texts.token;
    case 'run-notes':
      return texts.notes;
    default:
      return texts.choices(record);
  }
}
