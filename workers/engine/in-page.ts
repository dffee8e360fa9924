import { startWorker } from '../start-worker.ts';
import { startEngine, type EngineClient } from './client.ts';
import script from './worker.ts?worker&url';

/** The engine in a worker that is bound by the policy of the page. */
export const startEngineInPage = (): EngineClient => startEngine(startWorker(script, 'web-lora engine'));
