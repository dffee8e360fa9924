import { computed, signal } from '@preact/signals';
import { chooseSample, chosenSource } from '../examples/examples.ts';
import { hrefOf } from '../state/place.ts';
import { t } from '../messages/language.ts';
import { isSampleKey, type SampleKey } from '../examples/samples.ts';
import { pageSetting } from './setting-fields.ts';
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

/** What the address this page was opened with brought along, in words; empty for a plain address. */
export const brought = signal('');

/**
 * Takes over what a shared link names and leaves a plain address behind, so that a reload keeps what was changed since.
 * A system prompt stays as it is; what the page does not know is left out and said.
 *
 * @returns whether it chose the examples
 */
export function takeSharedLink(): boolean {
  const [, query] = location.hash.split('?');
  if (query === undefined) return false;
  const texts = t().train.link;
  const shared: string[] = [];
  const unknown: string[] = [];
  const settings: Record<string, string> = {};
  let length: Preset | undefined;
  let sample: SampleKey | undefined;
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === 'sample' && isSampleKey(value)) {
      sample = value;
      shared.push(texts.sample(t().samples[value].title));
    } else if (name === 'length' && isPreset(value)) length = value;
    else if (isShared(name)) settings[name] = value;
    else unknown.push(name);
  }
  const flags = Object.entries(settings);
  if (length !== undefined || flags.length > 0) {
    const { system } = typed.peek();
    typed.value = { ...settings, ...(system !== undefined && { system }) };
    preset.value = length ?? 'balanced';
    shared.push(
      ...(length === undefined ? [] : [texts.length[length]]),
      ...flags.map(([flag, text]) => `${flag} ${text}`),
    );
  }
  brought.value = [
    shared.length === 0 ? texts.nothing : texts.brought(shared),
    ...(unknown.length === 0 || shared.length === 0 ? [] : [texts.unknown(unknown)]),
  ].join(' ');
  history.replaceState(null, '', location.hash.slice(0, location.hash.indexOf('?')));
  if (sample !== undefined) void chooseSample(sample);
  return sample !== undefined;
}
