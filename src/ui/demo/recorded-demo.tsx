import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { t } from '../messages/language.ts';
import { Breakable } from '../parts/breakable.tsx';
import { trainDemo } from '../state/tour.ts';
import { isSameAnswer } from '../try/same-answer.ts';
import { Plot } from '../train/plot.tsx';
import type { Recording } from './recording.ts';

/** A run that was made elsewhere, said to be so: its curve, its exam, and its answers one after the other. */
export function RecordedDemo({ recording }: { readonly recording: Recording }) {
  const at = useSignal(0);
  const texts = t().tour;
  const { losses, exam, answers, steps, seconds, device, sample } = recording;
  const lines = useMemo(
    () => [{ x: losses.map(({ step }) => step), y: losses.map(({ loss }) => loss), color: '--accent', width: 2.5 }],
    [losses],
  );
  const shown = answers[at.value % Math.max(1, answers.length)];
  const chart = t().train.chart;
  return (
    <section class="stack recorded" aria-label={texts.recording}>
      <h2>{texts.recordingOf(t().samples[sample].title)}</h2>
      <p class="notice">{texts.recordedRun(steps, seconds, device)}</p>
      <p class="result-title">{texts.recordedExam(exam.asked, exam.before, exam.after)}</p>
      <figure class="chart">
        <Plot lines={lines} summary={chart.summary(losses[0]?.loss ?? 0, losses.at(-1)?.loss ?? 0, steps)} />
        <figcaption>{chart.caption}</figcaption>
      </figure>
      {shown !== undefined && (
        <>
          <p>
            <span class="quiet">{t().result.asked}</span> {shown.question}
          </p>
          <p class="expected">
            <span class="quiet">{t().try.wanted}</span> <Breakable text={shown.wanted} />
          </p>
          <div class="panes">
            <Pane title={t().try.before} text={shown.before} isRight={isSameAnswer(shown.before, shown.wanted)} />
            <Pane title={t().try.after} text={shown.after} isRight={isSameAnswer(shown.after, shown.wanted)} />
          </div>
        </>
      )}
      <div class="actions">
        <button type="button" class="primary" onClick={() => (at.value += 1)}>
          {t().try.another}
        </button>
        <button type="button" onClick={() => void trainDemo(sample)}>
          {texts.trainHere}
        </button>
      </div>
    </section>
  );
}

function Pane({ title, text, isRight }: { readonly title: string; readonly text: string; readonly isRight: boolean }) {
  return (
    <article class="pane" aria-label={title}>
      <h3>{title}</h3>
      <div class="answer">
        <p>
          <Breakable text={text} />
        </p>
      </div>
      <p class="pane-foot">
        <span class={isRight ? 'verdict is-right' : 'verdict'}>{isRight ? t().try.right : t().try.wrong}</span>
      </p>
    </article>
  );
}
