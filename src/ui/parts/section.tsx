import type { ComponentChildren } from 'preact';
import { t } from '../messages/language.ts';
import { hrefOf, PLACES, type Place } from '../state/place.ts';

interface SectionProps {
  readonly id: Place;
  readonly title: string;
  readonly intro: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A place of the page: its name and purpose beside what is done there, and the way to the next one. */
export function Section({ id, title, intro, children }: SectionProps) {
  const next = PLACES[PLACES.indexOf(id) + 1];
  return (
    <section class="place" aria-labelledby="place-title">
      <header class="place-head">
        <h2 id="place-title" tabIndex={-1}>
          {title}
        </h2>
        <p>{intro}</p>
      </header>
      <div class="place-body">{children}</div>
      {next !== undefined && (
        <p class="place-next">
          <a href={hrefOf(next)}>
            {t().app.next(t().places[next])} <span aria-hidden="true">→</span>
          </a>
        </p>
      )}
    </section>
  );
}
