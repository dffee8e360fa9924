import { useSignal } from '@preact/signals';
import type { Failure } from '../../errors.ts';
import { engine } from '../state/engine.ts';
import { takenAway } from '../state/only-here.ts';
import { noteRun, runNotes } from '../state/run-notes.ts';
import { t } from '../messages/language.ts';
import { Problem } from '../parts/problem.tsx';
import { saveFile } from '../save-file.ts';
import { isTraining } from '../train/training.ts';
import { earlierRuns, refreshRuns } from './runs.ts';

const FILE_NAME = 'versions.weblora';

/** Every finished version of this browser as one file, and back. */
export function LibraryFile() {
  const texts = t().runs.library;
  const passphrase = useSignal('');
  const done = useSignal<string | undefined>(undefined);
  const failure = useSignal<Failure | undefined>(undefined);
  const isBusy = useSignal(false);
  const given = (): string | undefined => (passphrase.value === '' ? undefined : passphrase.value);
  const run = async (work: () => Promise<void>): Promise<void> => {
    [isBusy.value, done.value, failure.value] = [true, undefined, undefined];
    await work();
    isBusy.value = false;
  };
  const save = () =>
    run(async () => {
      const notes = Object.entries(runNotes.value).map(
        ([out, { score: _score, tags = [], ...note }]) => [out, { ...note, tags: [...tags] }] as const,
      );
      const written = await engine.exportLibrary(Object.fromEntries(notes), given());
      failure.value = written.ok ? undefined : written.error;
      // Runs that the browser cleared meanwhile are told of.
      await refreshRuns();
      if (!written.ok) return;
      const { bytes, versions, leftOut } = written.value;
      saveFile(FILE_NAME, bytes, 'application/octet-stream');
      versions.forEach(takenAway);
      done.value = `${texts.saved(versions.length)}${leftOut.length > 0 ? ` ${texts.leftOut(leftOut.length)}` : ''}`;
    });
  const open = (file: File) =>
    run(async () => {
      const imported = await engine.importLibrary({ name: file.name, bytes: file }, given());
      failure.value = imported.ok ? undefined : imported.error;
      if (!imported.ok) return;
      const { added, present, notes } = imported.value;
      for (const [out, note] of Object.entries(notes)) noteRun(out, note);
      done.value = texts.added(added.length, present.length);
      await refreshRuns();
    });
  const hasVersions = earlierRuns.value.some(({ finished }) => finished);
  return (
    <details class="settings library-file">
      <summary>{texts.title}</summary>
      <div class="stack">
        <p class="quiet">{texts.text}</p>
        <div class="inline-field">
          <label for="library-passphrase">{texts.passphrase}</label>
          <input
            id="library-passphrase"
            type="password"
            autocomplete="new-password"
            aria-describedby="library-passphrase-note"
            value={passphrase.value}
            onInput={({ currentTarget }) => (passphrase.value = currentTarget.value)}
          />
        </div>
        <p id="library-passphrase-note" class="quiet">
          {texts.passphraseNote}
        </p>
        <div class="actions">
          <button type="button" disabled={isBusy.value || isTraining.value || !hasVersions} onClick={() => void save()}>
            {texts.save}
          </button>
          <label class="button">
            {texts.open}
            <input
              type="file"
              class="visually-hidden"
              disabled={isBusy.value || isTraining.value}
              onChange={({ currentTarget }) => {
                const file = currentTarget.files?.[0];
                currentTarget.value = '';
                if (file !== undefined) void open(file);
              }}
            />
          </label>
        </div>
        {failure.value !== undefined && <Problem failure={failure.value} lost={texts.unchanged} />}
        <p role="status">{done.value}</p>
      </div>
    </details>
  );
}
