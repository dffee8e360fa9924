import { model } from '../state/engine.ts';
import { chosenFormat, download, downloadFailure, exportFacts, pickedFormat } from './take-away.ts';
import { adapter, type CurrentAdapter } from '../try/trial.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { Problem } from '../parts/problem.tsx';
import { RunsTable } from './runs-table.tsx';
import { Section } from '../parts/section.tsx';
import { Term } from '../parts/term.tsx';

export function TakeAwayPlace() {
  const current = adapter.value;
  return (
    <Section
      id="take-away"
      title="Take away"
      intro="What the model learned is a small file, an adapter. It is yours, and other tools can read it."
    >
      {current === undefined ? (
        <p class="notice">
          After <a href="#/train">training</a>, the <Term name="adapter">adapter</Term> can be downloaded here. Earlier
          ones open below.
        </p>
      ) : (
        <>
          <Formats />
          <div class="actions">
            <button
              type="button"
              class="primary"
              disabled={chosenFormat.value === undefined}
              onClick={() => void download()}
            >
              Download adapter
            </button>
            <p class="quiet">
              {current.out}
              {chosenFormat.value?.extension}, tuned on {current.title}
              {current.isUnfinished === true && ', as far as it got'}
            </p>
          </div>
          <Uses current={current} />
          <ModelCard />
        </>
      )}
      {downloadFailure.value !== undefined && (
        <Problem
          failure={downloadFailure.value}
          lost="Nothing was lost: the adapter is still stored in this browser."
        />
      )}
      <RunsTable />
    </Section>
  );
}

/** Every format there is; one that cannot hold this adapter says why. */
function Formats() {
  const formats = exportFacts.value?.formats ?? [];
  return (
    <fieldset class="choices">
      <legend class="visually-hidden">Format</legend>
      {formats.map(({ name, label, opens, files, objection }) => (
        <label key={name} class="choice">
          <input
            type="radio"
            name="format"
            value={name}
            checked={chosenFormat.value?.name === name}
            disabled={objection !== undefined}
            onChange={() => (pickedFormat.value = name)}
          />
          <span class="choice-title">{label}</span>
          <span class="choice-text">
            {objection === undefined ? `For ${opens}: ${files}.` : `Not for this adapter: ${objection}.`}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

const asPython = (text: string): string => JSON.stringify(text);
const asShell = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The exact commands to use what was downloaded. */
function Uses({ current }: { readonly current: CurrentAdapter }) {
  const { out, system } = current;
  const source = model.value.kind === 'ready' ? model.value.source : undefined;
  const name = model.value.kind === 'ready' ? model.value.facts.name : '';
  const isBuiltIn = source?.kind === 'embedded';
  // transformers takes a repository by its name alone.
  const base = isBuiltIn ? 'models/embedded/model' : source?.kind === 'hub' ? source.hub : name;
  const format = chosenFormat.value;
  const terminal = [
    `weblora generate --model ${isBuiltIn ? 'embedded' : asShell(name)} --adapter ${out}${format?.extension ?? ''} \\`,
    `  ${system === undefined ? '' : `--system ${asShell(system)} `}--prompt 'Your question'`,
  ].join('\n');
  const messages = [
    ...(system === undefined ? [] : [`    {"role": "system", "content": ${asPython(system)}},`]),
    '    {"role": "user", "content": "Your question"},',
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
      <h3>Use it</h3>
      <Code title="In a terminal, with WebLoRA" text={terminal} />
      {format?.name === 'peft' && <Code title="In Python, with PEFT" text={python} />}
      {isBuiltIn && (
        <p class="quiet">
          <code>{base}</code> is the built-in model’s folder in WebLoRA’s repository.
        </p>
      )}
    </div>
  );
}

function Code({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <details class="settings">
      <summary>{title}</summary>
      <div class="stack">
        <pre class="code" tabIndex={0} aria-label={title}>
          {text}
        </pre>
        <div class="actions">
          <CopyButton text={text} label={`Copy: ${title}`} />
        </div>
      </div>
    </details>
  );
}

function ModelCard() {
  const card = exportFacts.value?.modelCard;
  return (
    <details class="settings">
      <summary>Model card</summary>
      {card === undefined && <p class="quiet">Reading…</p>}
      {card === '' && <p class="quiet">A run that is not finished has no model card yet.</p>}
      {card !== undefined && card !== '' && (
        <pre class="code card" tabIndex={0} aria-label="Model card">
          {card}
        </pre>
      )}
    </details>
  );
}
