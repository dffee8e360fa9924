import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ModelChoice } from '../../../workers/engine/contract.ts';
import { engine, model } from '../state/engine.ts';
import { languageOfTexts, type TextLanguage } from '../../data/language-of-text.ts';
import { language, t } from '../messages/language.ts';
import { secondsAt } from '../train/cost.ts';
import type { ExampleSet } from './examples.ts';

/** Characters of question and answer that the built-in model was made for. */
const BUILT_IN_LENGTH = 1200;

/** Which language the examples are in, by the rows the page has at hand. */
export const languageOfSet = ({ facts }: ExampleSet): TextLanguage | undefined =>
  languageOfTexts(facts.first.flatMap(({ question, answer }) => [question, answer]));

/** The model that was found for a language: asked for once, as the device is measured for it. */
const found = signal<{ readonly wanted: string; readonly choice: ModelChoice | undefined } | undefined>(undefined);

/** Said before Train, and after it where that did not do: the built-in model speaks English only, and short texts; for others there is a real model. */
export function ModelAdvice({ set }: { readonly set: ExampleSet }) {
  const state = model.value;
  const isBuiltIn = state.kind === 'ready' && state.source.kind === 'embedded';
  const spoken = languageOfSet(set);
  const isForeign = spoken !== undefined && spoken !== 'en';
  const isLong = set.facts.medianLength > BUILT_IN_LENGTH;
  const isNeeded = isBuiltIn && set.source === 'own' && set.facts.rowCount > 0 && (isForeign || isLong);
  const wanted = isForeign ? spoken : 'en';
  useEffect(() => {
    if (!isNeeded || found.value?.wanted === wanted) return;
    void engine.chooseModels({ languages: [wanted] }).then((answer) => {
      if (answer.ok) found.value = { wanted, choice: firstFor(answer.value.choices, wanted) };
    });
  }, [isNeeded, wanted]);
  if (!isNeeded) return null;
  const texts = t().examples.advice;
  const choice = found.value?.wanted === wanted ? found.value.choice : undefined;
  const name = new Intl.DisplayNames(language.value, { type: 'language' }).of(wanted) ?? wanted;
  const seconds = secondsAt(choice?.training.tokensPerSecond);
  return (
    <div class="notice" role="note">
      <p>{isForeign ? texts.foreign(name) : texts.long}</p>
      {choice !== undefined && (
        <p>{texts.model(choice.name, choice.downloadBytes, choice.training.needBytes ?? 0, seconds)}</p>
      )}
      <div class="actions">
        <a class="button" href="#/model">
          {texts.choose}
        </a>
      </div>
    </div>
  );
}

/** Of choices as the engine orders them, the first chat model that fits this device, with smaller settings too, and speaks the language. */
export function firstFor(choices: readonly ModelChoice[], spoken: string): ModelChoice | undefined {
  return choices.find(
    ({ languages, chats, training, smaller }) =>
      chats && languages.includes(spoken) && (training.verdict === 'fits' || smaller?.fit.verdict === 'fits'),
  );
}
