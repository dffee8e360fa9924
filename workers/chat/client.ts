import type { InferenceCalls } from '../../src/engine/inference-engine.ts';
import { connectWorker, type EngineClient } from '../engine/connection.ts';

/** The engine that only talks, as a page calls it. */
export type ChatEngine = Pick<EngineClient, keyof InferenceCalls | 'died'>;

/** Starts it in a worker of its own. */
export const startChatEngine = (): ChatEngine =>
  connectWorker(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'web-lora chat' }));
