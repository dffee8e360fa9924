import { toFailure, type Failure } from '../errors.ts';
import { openChat, readSiteChat, type OpenChat } from './load-chat.ts';
import type { SiteChat } from './site-chat.ts';
import { textsFor, type WidgetTexts } from './texts.ts';

const STYLE = `
:host { display: block; max-width: 42rem; font: inherit; color: inherit; }
* { box-sizing: border-box; font: inherit; }
section { display: grid; gap: .75rem; padding: 1rem; border: 1px solid #8b8f92; border-radius: 10px; }
h2, p, ol { margin: 0; padding: 0; }
h2 { font-size: 1.15em; font-weight: 650; }
ol { display: grid; gap: .75rem; list-style: none; }
li { white-space: pre-wrap; overflow-wrap: anywhere; }
li.you { justify-self: end; max-width: 85%; padding: .4rem .8rem; border-radius: 10px; background: #0b6b5c; color: #fff; }
form { display: grid; grid-template-columns: 1fr auto; gap: .5rem; }
input, button { min-height: 2.75rem; padding: .4rem .8rem; border: 1px solid #8b8f92; border-radius: 8px; background: transparent; color: inherit; }
input { width: 100%; min-width: 0; }
button { cursor: pointer; }
.small { font-size: .875em; }
[hidden] { display: none; }
`;

type Message = Parameters<OpenChat['answer']>[0][number];

/**
 * A chat with a tuned model on any page: `<weblora-chat></weblora-chat>`. `src` is the folder with `chat.json`; without it,
 * the script's own. `untitled` leaves the title to the page. Nothing is fetched but `chat.json` until somebody starts it.
 */
class WebLoraChat extends HTMLElement {
  #messages: Message[] = [];
  #chat: OpenChat | undefined;
  #stop: AbortController | undefined;

  connectedCallback(): void {
    if (this.shadowRoot !== null) return;
    const root = this.attachShadow({ mode: 'open' });
    // Not a style element: a site's policy may forbid those.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const texts = textsFor(this.closest<HTMLElement>('[lang]')?.lang ?? document.documentElement.lang);
    const at = new URL(this.getAttribute('src') ?? './', this.hasAttribute('src') ? document.baseURI : import.meta.url);
    void this.#show(root, new URL(at.pathname.endsWith('/') ? at.href : `${at.href}/`), texts);
  }

  async #show(root: ShadowRoot, at: URL, texts: WidgetTexts): Promise<void> {
    const section = make('section');
    const status = make('p', 'small');
    status.setAttribute('role', 'status');
    root.append(section);
    section.append(status);
    try {
      const site = await readSiteChat(at);
      const title = make('h2', undefined, site.title);
      const promise = make('p', 'small', texts.promise);
      const megabytes = site.base.kind === 'folder' ? String(Math.ceil(site.base.bytes / 1e6)) : undefined;
      const start = make('button', undefined, texts.start(megabytes));
      start.type = 'button';
      section.setAttribute('aria-label', site.title);
      section.prepend(...(this.hasAttribute('untitled') ? [] : [title]), promise, start);
      start.addEventListener('click', () => {
        start.hidden = true;
        void this.#start({ section, status, texts }, at, site).catch((thrown: unknown) => {
          start.hidden = false;
          status.textContent = words(toFailure(thrown), texts);
        });
      });
    } catch (thrown) {
      status.textContent = words(toFailure(thrown), texts);
    }
  }

  async #start({ section, status, texts }: Parts, at: URL, site: SiteChat): Promise<void> {
    status.textContent = texts.loading;
    this.#chat = await openChat(at, site, (share) => {
      status.textContent = texts.percent(Math.floor(100 * share));
    });
    status.textContent = '';
    this.#messages = site.system === undefined ? [] : [{ role: 'system', content: site.system }];
    const list = make('ol');
    list.setAttribute('aria-label', texts.conversation);
    list.setAttribute('aria-live', 'polite');
    const form = make('form');
    const input = make('input');
    input.placeholder = texts.message;
    input.setAttribute('aria-label', texts.message);
    const button = make('button', undefined, texts.send);
    form.append(input, button);
    section.insertBefore(list, status);
    section.insertBefore(form, status);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#stop !== undefined) {
        this.#stop.abort();
        return;
      }
      const said = input.value.trim();
      if (said === '') return;
      input.value = '';
      button.textContent = texts.stop;
      void this.#say(said, list, status, texts).finally(() => {
        this.#stop = undefined;
        button.textContent = texts.send;
      });
    });
    input.focus();
  }

  async #say(said: string, list: HTMLOListElement, status: HTMLElement, texts: WidgetTexts): Promise<void> {
    const stop = new AbortController();
    this.#stop = stop;
    status.textContent = '';
    const asked: readonly Message[] = [...this.#messages, { role: 'user', content: said }];
    const answer = make('li');
    list.append(make('li', 'you', said), answer);
    list.setAttribute('aria-busy', 'true');
    try {
      for await (const event of (await this.#chat?.answer(asked, stop.signal)) ?? []) {
        if (event.kind === 'text') answer.append(event.text);
        else if (event.kind === 'failed') status.textContent = words(event.error, texts);
        else {
          const { text, finishReason } = event.report;
          answer.textContent = text;
          this.#messages = [...asked, { role: 'assistant', content: text }];
          if (finishReason === 'length') status.textContent = texts.cut;
          if (finishReason === 'context') status.textContent = texts.full;
        }
      }
    } catch (thrown) {
      status.textContent = words(toFailure(thrown), texts);
    } finally {
      list.setAttribute('aria-busy', 'false');
    }
  }
}

interface Parts {
  readonly section: HTMLElement;
  readonly status: HTMLElement;
  readonly texts: WidgetTexts;
}

function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className?: string,
  text?: string,
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (className !== undefined) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function words({ code, message }: Failure, texts: WidgetTexts): string {
  if (code === 'no-webgpu') return texts.noGpu;
  if (code === 'context') return texts.full;
  return `${texts.failed} ${message}`;
}

customElements.define('weblora-chat', WebLoraChat);
