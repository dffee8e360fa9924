import { computed, signal } from '@preact/signals';
import { chooseSample, chosenSource } from '../examples/examples.ts';
import { hrefOf } from '../state/place.ts';
import { t } from '../messages/language.ts';
import { isSampleKey, type SampleKey } from '../examples/samples.ts';
import { labelOf, pageSetting } from './setting-fields.ts';
import type { Preset } from '../../data/run-size.ts';
import { isPreset, preset, typed } from './settings.ts';

/** What somebody writes or made is theirs: a system prompt, other texts and an adapter stay here, as examples and questions do. */
const isShared = (flag: string): boolean => {
  const setting = pageSetting(flag);
  return setting !== undefined && setting.type.kind !== 'text';
};

/** The address that opens this page with the same sample, length and settings. It never carries data. */
export const sharedLink = computed(() => {
  const parameters = new URLSearchParams();
  if (isSampleKey(chosenSource.value)) parameters.set('sample', chosenSource.value);
  if (preset.value !== 'balanced') parameters.set('length', preset.value);
  for (const [flag, text] of Object.entries(typed.value)) if (isShared(flag)) parameters.set(flag, text.trim());
  const link = new URL(hrefOf('train'), location.href);
  if (parameters.size > 0) link.hash += `?${parameters.toString()}`;
  return link.href;
});

/** What a link would set; nothing of it is set before the person says so. */
interface Offer {
  readonly sample?: SampleKey;
  readonly length?: Preset;
  readonly settings: Readonly<Record<string, string>>;
  /** Names in it that this page does not know. */
  readonly unknown: readonly string[];
}

/** What the address this page was opened with offers, until it is taken or left. */
export const offer = signal<Offer | undefined>(undefined);

/** What was done with it, in words; empty for a plain address. */
export const brought = signal('');

/** No value of a setting is longer: what is, would only be in the way of reading the rest. */
const LONGEST_VALUE = 100;

/** An offer in words, one piece each. */
export function offerWords({ sample, length, settings }: Offer): string[] {
  const texts = t().train.link;
  return [
    ...(sample === undefined ? [] : [texts.sample(t().samples[sample].title)]),
    ...(length === undefined ? [] : [texts.length[length]]),
    ...Object.entries(settings).map(([flag, text]) => `${labelOf(flag)}: ${text}`),
  ];
}

/** Reads what a shared link would set. What the page does not know is left out and said. */
export function readSharedLink(): void {
  const [, query] = location.hash.split('?');
  if (query === undefined) return;
  const unknown: string[] = [];
  const settings: Record<string, string> = {};
  let length: Preset | undefined;
  let sample: SampleKey | undefined;
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === 'sample' && isSampleKey(value)) sample = value;
    else if (name === 'length' && isPreset(value)) length = value;
    else if (isShared(name) && value.length <= LONGEST_VALUE) settings[name] = value;
    else unknown.push(name.slice(0, LONGEST_VALUE));
  }
  const read = { ...(sample && { sample }), ...(length && { length }), settings, unknown };
  const isEmpty = offerWords(read).length === 0;
  offer.value = isEmpty ? undefined : read;
  brought.value = isEmpty ? t().train.link.nothing : '';
  if (isEmpty) forgetQuery();
}

/** Sets what the link offers. A system prompt stays as it is. */
export function takeOffer(): void {
  const taken = offer.value;
  if (taken === undefined) return;
  const { sample, length, settings, unknown } = taken;
  brought.value = [
    t().train.link.brought(offerWords(taken)),
    ...(unknown.length === 0 ? [] : [t().train.link.unknown(unknown)]),
  ].join(' ');
  if (length !== undefined || Object.keys(settings).length > 0) {
    const { system } = typed.peek();
    typed.value = { ...settings, ...(system !== undefined && { system }) };
    preset.value = length ?? 'balanced';
  }
  if (sample !== undefined) void chooseSample(sample);
  leaveOffer();
}

/** Leaves everything as it is. */
export function leaveOffer(): void {
  offer.value = undefined;
  forgetQuery();
}

/** A plain address, so that a reload keeps what was changed since. */
function forgetQuery(): void {
  const [path = ''] = location.hash.split('?');
  if (location.hash.includes('?')) history.replaceState(null, '', path);
}
