import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { model } from '../state/engine.ts';
import {
  accumulate,
  learningRate,
  length,
  lengthAmount,
  rank,
  seed,
  settings,
  systemPrompt,
  type Length,
} from '../state/settings.ts';

/** A few settings for those who know them; every one has a sentence, and none needs touching. */
export function SettingsForm({ isDisabled }: { readonly isDisabled: boolean }) {
  const recommended = model.value.kind === 'ready' ? model.value.facts.recommendedLearningRate : undefined;
  const current = settings.value;
  return (
    <details class="settings">
      <summary>Settings</summary>
      <fieldset disabled={isDisabled} class="fields">
        <legend class="visually-hidden">Settings of the training</legend>
        <Field
          id="length"
          label="How long"
          hint="Automatic takes enough steps to teach. One step is one small correction of the model."
        >
          <span class="pair">
            <select
              id="length"
              value={length.value}
              aria-describedby="length-hint"
              onChange={({ currentTarget }) => (length.value = currentTarget.value as Length)}
            >
              <option value="automatic">Automatic</option>
              <option value="epochs">Rounds through the examples</option>
              <option value="steps">Steps</option>
            </select>
            {length.value !== 'automatic' && (
              <TextInput
                id="length-amount"
                value={lengthAmount}
                label={`Number of ${length.value}`}
                placeholder={length.value === 'steps' ? '100' : '3'}
              />
            )}
          </span>
        </Field>
        <Field
          id="learning-rate"
          label="Learning rate"
          hint="The size of each correction. Too high and answers fall apart; too low and little changes."
        >
          <TextInput
            id="learning-rate"
            value={learningRate}
            placeholder={recommended === undefined ? 'recommended' : `${recommended} (recommended)`}
          />
        </Field>
        <Field id="rank" label="Rank" hint="How much new material fits in. More is slower and wants more examples.">
          <select
            id="rank"
            value={rank.value}
            aria-describedby="rank-hint"
            onChange={({ currentTarget }) => (rank.value = currentTarget.value)}
          >
            {['4', '8', '16', '32', '64'].map((size) => (
              <option key={size} value={size}>
                {size}
              </option>
            ))}
          </select>
        </Field>
        <Field
          id="accumulate"
          label="Examples per step"
          hint="How many examples are looked at before each correction. More is steadier and slower."
        >
          <TextInput id="accumulate" value={accumulate} placeholder="4" />
        </Field>
        <Field id="seed" label="Seed" hint="Where chance starts: the same number gives the same result again.">
          <TextInput id="seed" value={seed} placeholder="0" />
        </Field>
        <Field
          id="system"
          label="System prompt"
          hint="An instruction put before every question, in training and when you try the result."
        >
          <textarea
            id="system"
            rows={2}
            value={systemPrompt.value}
            aria-describedby="system-hint"
            onInput={({ currentTarget }) => (systemPrompt.value = currentTarget.value)}
          />
        </Field>
      </fieldset>
      {'problem' in current && (
        <p class="problem" role="alert">
          {current.problem}.
        </p>
      )}
    </details>
  );
}

interface FieldProps {
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  readonly children: ComponentChildren;
}

function Field({ id, label, hint, children }: FieldProps) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      <small id={`${id}-hint`}>{hint}</small>
    </div>
  );
}

interface TextInputProps {
  readonly id: string;
  readonly value: Signal<string>;
  readonly placeholder: string;
  /** Where no visible label names it. */
  readonly label?: string;
}

function TextInput({ id, value, placeholder, label }: TextInputProps) {
  return (
    <input
      id={id}
      inputMode="decimal"
      autocomplete="off"
      value={value.value}
      placeholder={placeholder}
      {...(label === undefined ? { 'aria-describedby': `${id}-hint` } : { 'aria-label': label })}
      onInput={({ currentTarget }) => (value.value = currentTarget.value)}
    />
  );
}
