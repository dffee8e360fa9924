import type { ComponentChildren } from 'preact';

interface SectionProps {
  readonly id: string;
  readonly title: string;
  readonly intro: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A place of the page: its name and purpose beside what is done there. */
export function Section({ id, title, intro, children }: SectionProps) {
  return (
    <section id={id} class="place" aria-labelledby={`${id}-title`}>
      <header class="place-head">
        <h2 id={`${id}-title`} tabIndex={-1}>
          {title}
        </h2>
        <p>{intro}</p>
      </header>
      <div class="place-body">{children}</div>
    </section>
  );
}
