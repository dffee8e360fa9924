import type { MergedExportFormat } from '../../../workers/engine/contract.ts';
import { model } from '../state/engine.ts';
import {
  chosenFormat,
  chosenMerged,
  download,
  downloadFailure,
  exportFacts,
  isAnswering,
  isFolder,
  isSigned,
  pickedFormat,
} from './take-away.ts';
import { adapter, type CurrentAdapter } from '../try/trial.ts';
import { t } from '../messages/language.ts';
import { EngineText } from '../parts/engine-text.tsx';
import { Rich } from '../parts/rich.tsx';
import { Problem } from '../parts/problem.tsx';
import { filesOfPicker } from '../examples/dropped-files.ts';
import { isTraining } from '../train/training.ts';
import { openAdapterFiles, openFailure } from './open-adapter.ts';
import { asShell, Code } from './code.tsx';
import { MergedExportForm } from './merged-export.tsx';
import { SiteExport } from './site-export.tsx';
import { LibraryFile } from './library-file.tsx';
import { OnlyInTab } from '../parts/only-in-tab.tsx';
import { isHere } from './runs.ts';
import { RunsTable } from './runs-table.tsx';
import { hrefOfUse } from '../state/place.ts';
import { Section } from '../parts/section.tsx';
import { Term } from '../parts/term.tsx';

export function TakeAwayPlace() {
  const texts = t().takeAway;
  const current = adapter.value;
  return (
    <Section id="take-away" title={t().places['take-away']} intro={texts.intro}>
      {current === undefined ? (
        <p class="notice">
          <Rich
            text={texts.nothingYet}
            parts={{
              train: (inner) => <a href="#/train">{inner}</a>,
              term: (inner) => <Term name="adapter">{inner}</Term>,
            }}
          />
        </p>
      ) : (
        <>
          <OnlyInTab />
          <div class="actions">
            <a class="button" href={hrefOfUse(current.out)}>
              {texts.chat}
            </a>
            <p class="quiet">{texts.chatNote}</p>
          </div>
          <Formats />
          {chosenMerged.value === undefined ? (
            <>
              <div class="actions">
                <button
                  type="button"
                  class="primary"
                  disabled={chosenFormat.value === undefined || isAnswering.value}
                  onClick={() => void download()}
                >
                  {texts.download}
                </button>
                <p class="quiet">
                  {texts.file(
                    `${current.out}${chosenFormat.value?.extension ?? ''}`,
                    current.title,
                    current.isUnfinished === true,
                  )}
                </p>
                <p class="quiet" role="status">
                  {isAnswering.value
                    ? texts.answering
                    : chosenFormat.value !== undefined && isFolder(chosenFormat.value) && texts.golden}
                </p>
              </div>
              {chosenFormat.value?.extension === '.zip' && (
                <label class="check">
                  <input
                    type="checkbox"
                    checked={isSigned.value}
                    onChange={({ currentTarget }) => (isSigned.value = currentTarget.checked)}
                  />
                  {texts.sign}
                </label>
              )}
              <Uses current={current} />
            </>
          ) : (
            <MergedExportForm current={current} format={chosenMerged.value} />
          )}
          <SiteExport />
          <ModelCard />
        </>
      )}
      {downloadFailure.value !== undefined && (
        <Problem
          failure={downloadFailure.value}
          lost={current !== undefined && isHere(current.out) ? texts.stillStored : texts.stillOpen}
        />
      )}
      {openFailure.value !== undefined && <Problem failure={openFailure.value} lost={texts.nothingChanged} />}
      <div class="actions">
        <label class="button">
          {texts.openSaved}
          <input
            type="file"
            class="visually-hidden"
            accept=".zip,.gguf"
            disabled={isTraining.value}
            onChange={({ currentTarget }) => {
              void openAdapterFiles(filesOfPicker(currentTarget.files));
              currentTarget.value = '';
            }}
          />
        </label>
      </div>
      <RunsTable />
      <LibraryFile />
    </Section>
  );
}

/** One file first: more programs open that. */
const wholeModels = (): readonly MergedExportFormat[] =>
  [...(exportFacts.value?.merged ?? [])].sort((a, b) => Number(a.layout === 'folder') - Number(b.layout === 'folder'));

/** Every format there is; one that cannot hold this adapter says why. */
function Formats() {
  const formats = exportFacts.value?.formats ?? [];
  return (
    <fieldset class="choices">
      <legend class="visually-hidden">{t().takeAway.format}</legend>
      {formats.map(({ name, objection }) => (
        <label key={name} class="choice">
          <input
            type="radio"
            name="format"
            value={name}
            checked={chosenFormat.value?.name === name}
            disabled={objection !== undefined}
            onChange={() => (pickedFormat.value = name)}
          />
          <span class="choice-title">{t().takeAway.formats[name].label}</span>
          <span class="choice-text">
            {objection === undefined ? (
              t().takeAway.formats[name].text
            ) : (
              <>
                {t().takeAway.objection} <EngineText text={`${objection}.`} />
              </>
            )}
          </span>
        </label>
      ))}
      {wholeModels().map(({ name }) => (
        <label key={name} class="choice">
          <input
            type="radio"
            name="format"
            value={name}
            checked={chosenMerged.value?.name === name}
            onChange={() => (pickedFormat.value = name)}
          />
          <span class="choice-title">{t().takeAway.formats[name].label}</span>
          <span class="choice-text">{t().takeAway.formats[name].text}</span>
        </label>
      ))}
    </fieldset>
  );
}

const asPython = (text: string): string => JSON.stringify(text);

/** The exact commands to use what was downloaded. */
function Uses({ current }: { readonly current: CurrentAdapter }) {
  const texts = t().takeAway;
  const { out, system } = current;
  const source = model.value.kind === 'ready' ? model.value.source : undefined;
  const name = model.value.kind === 'ready' ? model.value.facts.name : '';
  const isBuiltIn = source?.kind === 'embedded';
  // transformers takes a repository by its name alone.
  const base = isBuiltIn ? 'models/embedded/model' : source?.kind === 'hub' ? source.hub : name;
  const format = chosenFormat.value;
  const terminal = [
    `weblora generate --model ${isBuiltIn ? 'embedded' : asShell(name)} --adapter ${out}${format?.extension ?? ''} \\`,
    `  ${system === undefined ? '' : `--system ${asShell(system)} `}--prompt ${asShell(texts.yourQuestion)}`,
  ].join('\n');
  const messages = [
    ...(system === undefined ? [] : [`    {"role": "system", "content": ${asPython(system)}},`]),
    `    {"role": "user", "content": ${asPython(texts.yourQuestion)}},`,
  ];
  const python = [
    '# pip install transformers peft',
    `# unzip ${out}.zip -d ${out}`,
    'from peft import PeftModel',
    'from transformers import AutoModelForCausalLM, AutoTokenizer',
    '',
    `base = ${asPython(base)}`,
    'tokenizer = AutoTokenizer.from_pretrained(base)',
    `model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), ${asPython(out)})`,
    'messages = [',
    ...messages,
    ']',
    'inputs = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)',
    'answer = model.generate(**inputs, max_new_tokens=128, do_sample=False)',
    'print(tokenizer.decode(answer[0, inputs["input_ids"].shape[1]:], skip_special_tokens=True))',
  ].join('\n');
  return (
    <div class="stack">
      <h3>{texts.useIt}</h3>
      <Code title={texts.terminal} text={terminal} />
      {format?.name === 'peft' && <Code title={texts.python} text={python} />}
      {isBuiltIn && (
        <p class="quiet">
          <Rich text={texts.folder} />
        </p>
      )}
    </div>
  );
}

function ModelCard() {
  const texts = t().takeAway;
  const card = exportFacts.value?.modelCard;
  return (
    <details class="settings">
      <summary>{texts.card}</summary>
      {card === undefined && <p class="quiet">{texts.reading}</p>}
      {card === '' && <p class="quiet">{texts.noCard}</p>}
      {card !== undefined && card !== '' && (
        <pre class="code card" tabIndex={0} aria-label={texts.card}>
          {card}
        </pre>
      )}
    </details>
  );
}
