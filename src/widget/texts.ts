/** What the widget says, by the language of the page it stands on. */
export interface WidgetTexts {
  readonly promise: string;
  readonly start: (megabytes: string | undefined) => string;
  readonly loading: string;
  readonly percent: (percent: number) => string;
  readonly message: string;
  readonly send: string;
  readonly stop: string;
  readonly conversation: string;
  readonly noGpu: string;
  readonly failed: string;
  readonly cut: string;
  readonly full: string;
}

const en: WidgetTexts = {
  promise: 'It answers on your own device. Nothing you write is sent anywhere.',
  start: (megabytes) => (megabytes === undefined ? 'Start the chat' : `Start the chat (loads ${megabytes} MB once)`),
  loading: 'Loading…',
  percent: (percent) => `Loading, ${percent} %`,
  message: 'Your message',
  send: 'Send',
  stop: 'Stop',
  conversation: 'Conversation',
  noGpu: 'This chat needs WebGPU: open the page in a current Chrome, Edge, Safari or Firefox, over https.',
  failed: 'The chat could not go on:',
  cut: 'Cut off here.',
  full: 'This conversation is as long as it can be: reload the page to begin anew.',
};

const de: WidgetTexts = {
  promise: 'Er antwortet auf Ihrem eigenen Gerät. Was Sie schreiben, wird nirgendwohin gesendet.',
  start: (megabytes) => (megabytes === undefined ? 'Chat starten' : `Chat starten (lädt einmal ${megabytes} MB)`),
  loading: 'Lädt …',
  percent: (percent) => `Lädt, ${percent} %`,
  message: 'Ihre Nachricht',
  send: 'Senden',
  stop: 'Anhalten',
  conversation: 'Gespräch',
  noGpu:
    'Dieser Chat braucht WebGPU: Öffnen Sie die Seite in einem aktuellen Chrome, Edge, Safari oder Firefox, über https.',
  failed: 'Der Chat kam nicht weiter:',
  cut: 'Hier abgeschnitten.',
  full: 'Dieses Gespräch ist so lang, wie es sein kann: Laden Sie die Seite neu, um ein neues zu beginnen.',
};

/** @param tag BCP 47, e.g. of the nearest `lang` */
export const textsFor = (tag: string): WidgetTexts => (tag.toLowerCase().startsWith('de') ? de : en);
