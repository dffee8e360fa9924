import type { CallAnswer, CallArguments, CallEvent, CallName, CALLS } from '../../src/engine/calls.ts';
import type * as calls from '../../src/engine/calls.ts';
import type { Failure } from '../../src/errors.ts';

export type * from '../../src/engine/calls.ts';

/**
 * The border between a page and the engine, derived from the engine's calls: plain data only. Failures are values with a
 * code. Events of a call arrive over the MessagePort given to it, batched to at most ten messages a second, each message an
 * array of events in order, after the last progress 'end'; posting anything on it from the page's side aborts the call.
 */
export interface EngineApi {
  call<Name extends CallName>(
    name: Name,
    args: CallArguments<Name>,
    port?: MessagePort,
  ): Promise<Result<CallAnswer<Name>>>;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Failure };

/** `seq` starts at 0 and counts without a gap, so that a reader can see a loss. */
export type Numbered<Event> = { readonly seq: number } & Event;

export type TrainEvent = Numbered<calls.TrainEvent>;
export type ProgressEvent = Numbered<calls.ProgressEvent>;

export interface ProgressOptions {
  readonly onProgress?: (event: ProgressEvent) => void;
  readonly signal?: AbortSignal;
}

/** A call that goes on: its events end after `done` or `failed`. */
export interface Started<Id, Event> {
  readonly id: Id;
  readonly events: AsyncIterable<Numbered<Event>>;
}

/** A call as the page makes it. */
type ClientCall<Name extends CallName> = (typeof CALLS)[Name] extends { readonly events: infer Events }
  ? Events extends 'progress'
    ? (...args: [...CallArguments<Name>, options?: ProgressOptions]) => Promise<Result<CallAnswer<Name>>>
    : (
        ...args: [...CallArguments<Name>, signal?: AbortSignal]
      ) => Promise<Result<Started<CallAnswer<Name>, CallEvent<Name>>>>
  : (...args: CallArguments<Name>) => Promise<Result<CallAnswer<Name>>>;

/** The engine's calls as the page makes them: failures are values, and a dead engine is one. */
export type ClientCalls = { readonly [Name in CallName]: ClientCall<Name> };
