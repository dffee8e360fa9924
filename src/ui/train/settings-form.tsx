import { useSignal } from '@preact/signals';
import { toFailure, type Failure } from '../../errors.ts';
import { formats, t } from '../messages/language.ts';
import { ProblemLine } from '../parts/problem.tsx';
import { saveFile } from '../save-file.ts';
import { model } from '../state/engine.ts';
import { chooseInitAdapter, initAdapter, initAdapters } from './init-adapter.ts';
import { readRunName } from './run-name.ts';
import { settingGroups, type SettingField } from './setting-fields.ts';
import {
  fieldProblem,
  hasOwnSettings,
  readSettingsFile,
  resetSettings,
  setSetting,
  settings,
  settingsFile,
  terminalLine,
  typed,
} from './settings.ts';
import { sharedLink } from './shared-link.ts';
import { Copyable } from '../parts/copyable.tsx';

/** Every setting for those who know them; each has a sentence, and none needs touching. */
export function SettingsForm({ isDisabled }: { readonly isDisabled: boolean }) {
  const current = settings.value;
  return (
    <details class="settings">
      <summary>{hasOwnSettings.value ? t().train.form.changed : t().train.form.title}</summary>
      <div class="stack">
        {settingGroups().map(({ title, fields }) => (
          <fieldset key={title} disabled={isDisabled}>
            <legend>{title}</legend>
            <div class="fields">
              {fields.map((field) => (
                <Field key={field.flag} field={field} />
              ))}
            </div>
          </fieldset>
        ))}
        {'problem' in current && (
          <div class="problem" role="alert">
            <ProblemLine failure={current.problem} />
          </div>
        )}
        <SettingsFile isDisabled={isDisabled} />
        <SharedLink />
        <TerminalLine />
      </div>
    </details>
  );
}

function Field({ field }: { readonly field: SettingField }) {
  const { flag, label, hint, kind, options, placeholder, unset } = field;
  const id = `setting-${flag}`;
  const value = typed.value[flag] ?? '';
  const recommended = model.value.kind === 'ready' ? model.value.facts.recommendedLearningRate : undefined;
  const shown = flag === 'lr' && recommended !== undefined ? t().train.form.recommended(recommended) : placeholder;
  const problem = fieldProblem(flag, flag === 'lr' ? recommended : undefined);
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {kind === 'run' ? (
        <RunSelect id={id} />
      ) : kind === 'choice' ? (
        <select
          id={id}
          value={value === '' ? unset : value}
          aria-describedby={`${id}-hint`}
          onChange={({ currentTarget }) => setSetting(flag, currentTarget.value === unset ? '' : currentTarget.value)}
        >
          {options.map(([option, name]) => (
            <option key={option} value={option}>
              {name}
            </option>
          ))}
          {value !== '' && !options.some(([option]) => option === value) && <option value={value}>{value}</option>}
        </select>
      ) : (
        <input
          id={id}
          inputMode={kind === 'number' ? 'decimal' : 'text'}
          autocomplete="off"
          value={value}
          placeholder={shown}
          aria-describedby={problem === undefined ? `${id}-hint` : `${id}-problem ${id}-hint`}
          aria-invalid={problem !== undefined}
          onInput={({ currentTarget }) => setSetting(flag, currentTarget.value)}
        />
      )}
      {problem !== undefined && (
        <strong id={`${id}-problem`} class="field-problem">
          {problem}
        </strong>
      )}
      <small id={`${id}-hint`}>{hint}</small>
    </div>
  );
}

function RunSelect({ id }: { readonly id: string }) {
  const runs = initAdapters();
  const chosen = initAdapter();
  return (
    <select
      id={id}
      value={chosen}
      aria-describedby={`${id}-hint`}
      onChange={({ currentTarget }) => void chooseInitAdapter(currentTarget.value)}
    >
      <option value="">{t().train.form.fresh}</option>
      {chosen !== '' && !runs.some(({ out }) => out === chosen) && (
        <option value={chosen}>{t().train.form.notHere(chosen)}</option>
      )}
      {runs.map(({ out }) => {
        const { title, began } = readRunName(out);
        return (
          <option key={out} value={out}>
            {title}, {began === undefined ? out : formats().dateTime(began, 'short')}
          </option>
        );
      })}
    </select>
  );
}

function SettingsFile({ isDisabled }: { readonly isDisabled: boolean }) {
  const texts = t().train.form;
  const said = useSignal('');
  const failure = useSignal<Failure | undefined>(undefined);
  const save = async (format: 'json' | 'yaml'): Promise<void> =>
    saveFile(`weblora-settings.${format}`, await settingsFile(format), `application/${format}`);
  const read = async (file: File): Promise<void> => {
    try {
      const unknown = await readSettingsFile(file);
      said.value = unknown.length === 0 ? texts.inUse(file.name) : texts.inUseBut(unknown);
      failure.value = undefined;
    } catch (thrown) {
      said.value = texts.notChanged;
      failure.value = toFailure(thrown);
    }
  };
  return (
    <div class="actions">
      <button type="button" onClick={() => void save('json')}>
        {texts.save}
      </button>
      <button type="button" class="plain" onClick={() => void save('yaml')}>
        {texts.saveYaml}
      </button>
      <label class={isDisabled ? 'button is-disabled' : 'button'}>
        {texts.load}
        <input
          type="file"
          class="visually-hidden"
          accept=".json,.yaml,.yml"
          disabled={isDisabled}
          onChange={({ currentTarget }) => {
            const [file] = currentTarget.files ?? [];
            if (file !== undefined) void read(file);
            currentTarget.value = '';
          }}
        />
      </label>
      {hasOwnSettings.value && (
        <button type="button" class="plain" disabled={isDisabled} onClick={resetSettings}>
          {texts.defaults}
        </button>
      )}
      <div class="quiet" role="status">
        {failure.value !== undefined && <ProblemLine failure={failure.value} />} {said.value}
      </div>
    </div>
  );
}

/** A link carries what was chosen, never what was written. */
function SharedLink() {
  return (
    <Copied
      title={t().train.form.link}
      label={t().train.form.linkLabel}
      text={sharedLink.value}
      note={t().train.form.linkNote}
    />
  );
}

function TerminalLine() {
  return <Copied title={t().train.form.terminal} label={t().train.form.terminalLabel} text={terminalLine.value} />;
}

function Copied(props: {
  readonly title: string;
  readonly label: string;
  readonly text: string;
  readonly note?: string;
}) {
  const { title, label, text, note } = props;
  return (
    <div class="field">
      <h3>{title}</h3>
      {note !== undefined && <p class="quiet">{note}</p>}
      <Copyable title={title} label={label} text={text} />
    </div>
  );
}
