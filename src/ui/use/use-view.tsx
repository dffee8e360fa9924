import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../messages/language.ts';
import { ModelStatus } from '../model/model-status.tsx';
import { Breakable } from '../parts/breakable.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { Problem, ProblemLine } from '../parts/problem.tsx';
import { Rich } from '../parts/rich.tsx';
import { model } from '../state/engine.ts';
import { install, installPrompt, worksOffline } from '../state/offline.ts';
import { runNotes } from '../state/run-notes.ts';
import { readRunName } from '../train/run-name.ts';
import { isTraining, run } from '../train/training.ts';
import { AnswerSettings } from '../try/answer-settings.tsx';
import { adapter, type CurrentAdapter } from '../try/trial.ts';
import { modelTitle } from '../words.ts';
import { isChatting, newConversation, say, stopChatting, turns, type Turn } from './chat.ts';
import { opening } from './opening.ts';

/** A tuned model in daily use: a chat and nothing else, with an address of its own. */
export function UseView({ out }: { readonly out: string }) {
  const texts = t().use;
  const current = adapter.value?.out === out && model.value.kind === 'ready' ? adapter.value : undefined;
  return (
    <section class="use" aria-labelledby="place-title">
      <header class="use-head">
        <div>
          <h2 id="place-title" tabIndex={-1}>
            {(runNotes.value[out]?.title || current?.title) ?? readRunName(out).title}
          </h2>
          <p class="quiet">
            {texts.intro} {worksOffline.value && texts.offline}
          </p>
        </div>
        <div class="actions">
          {installPrompt.value !== undefined && (
            <button type="button" onClick={() => void install()}>
              {texts.install}
            </button>
          )}
          {turns.value.length > 0 && (
            <button type="button" onClick={newConversation}>
              {texts.begin}
            </button>
          )}
        </div>
      </header>
      {current === undefined ? <Opening /> : <Chat current={current} />}
    </section>
  );
}

/** Until the adapter and its model are open, and where they cannot be. */
function Opening() {
  const texts = t().use;
  const state = opening.value;
  if (model.value.kind !== 'ready') return <ModelStatus />;
  if (state.kind === 'failed') return <Problem failure={state.failure} lost={t().runs.stayStored} />;
  if (state.kind === 'opening') return <p class="quiet">{texts.opening}</p>;
  return (
    <p class="notice" role="alert">
      <Rich
        text={state.kind === 'missing' ? texts.missing : texts.ownModel(modelTitle(state.model))}
        parts={{
          take: (inner) => <a href="#/take-away">{inner}</a>,
          model: (inner) => <a href="#/model">{inner}</a>,
        }}
      />
    </p>
  );
}

/** Pixels from the end of the page within which a person follows the answer. */
const FOLLOWS = 160;

function Chat({ current }: { readonly current: CurrentAdapter }) {
  const texts = t().use;
  const text = useSignal('');
  const end = useRef<HTMLDivElement>(null);
  const isBusy = isTraining.value && run.value?.phase !== 'paused';
  const all = turns.value;
  useEffect(() => {
    // Whoever scrolled up to read is left there.
    const { scrollHeight } = document.documentElement;
    if (all.length > 0 && scrollY + innerHeight > scrollHeight - FOLLOWS) end.current?.scrollIntoView({ block: 'end' });
  }, [all]);
  const send = (event: Event): void => {
    event.preventDefault();
    if (isChatting.value || isBusy || text.value.trim() === '') return;
    const said = text.value;
    text.value = '';
    void say(said).then(() => end.current?.scrollIntoView({ block: 'end' }));
    requestAnimationFrame(() => end.current?.scrollIntoView({ block: 'end' }));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) send(event);
  };
  return (
    <>
      {current.system !== undefined && (
        <details class="quiet">
          <summary>{t().examples.system}</summary>
          <p>{current.system}</p>
        </details>
      )}
      {all.length === 0 && <p class="quiet">{texts.empty}</p>}
      <ol class="turns" aria-label={texts.conversation}>
        {all.map((turn, i) => (
          <Said key={i} turn={turn} />
        ))}
      </ol>
      <form class="composer" onSubmit={send}>
        <label for="message" class="visually-hidden">
          {texts.message}
        </label>
        <textarea
          id="message"
          rows={2}
          value={text.value}
          placeholder={texts.placeholder}
          onKeyDown={onKeyDown}
          onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        />
        {isChatting.value ? (
          <button type="button" onClick={stopChatting}>
            {t().try.stop}
          </button>
        ) : (
          <button type="submit" class="primary" disabled={isBusy || text.value.trim() === ''}>
            {texts.send}
          </button>
        )}
      </form>
      {isBusy && <p class="quiet">{t().try.waits}</p>}
      <details class="settings">
        <summary>{texts.settings}</summary>
        <div class="fields">
          <AnswerSettings />
        </div>
      </details>
      <div class="turns-end" ref={end} />
    </>
  );
}

function Said({ turn: { question, answer } }: { readonly turn: Turn }) {
  const texts = t().use;
  return (
    <li>
      <p class="said">
        <span class="visually-hidden">{texts.you}</span> <span class="said-text">{question}</span>
      </p>
      <div class="answer" aria-live="polite" aria-busy={answer.kind === 'writing'}>
        <span class="visually-hidden">{texts.model}</span>
        {answer.kind === 'writing' && (
          <p>
            <Breakable text={answer.text} />
            <span class="caret" aria-hidden="true" />
          </p>
        )}
        {answer.kind === 'done' && (
          <p>
            {answer.text === '' ? <span class="quiet">{t().try.emptyAnswer}</span> : <Breakable text={answer.text} />}
          </p>
        )}
        {answer.kind === 'failed' && (
          <div role="alert">
            <strong>{t().problem.titles[answer.failure.code]}.</strong> <ProblemLine failure={answer.failure} />{' '}
            {answer.failure.code === 'context' ? texts.full : t().try.askAgain}
          </div>
        )}
      </div>
      {answer.kind === 'done' && (
        <div class="turn-foot">
          {answer.report.finishReason === 'length' && <p class="quiet">{t().try.cutOff(answer.report.newTokens)}</p>}
          {answer.report.finishReason === 'context' && <p class="quiet">{texts.full}</p>}
          {answer.report.finishReason === 'aborted' && <p class="quiet">{texts.stopped}</p>}
          {answer.text !== '' && <CopyButton text={answer.text} label={t().copy.of(answer.text.slice(0, 40))} />}
        </div>
      )}
    </li>
  );
}
