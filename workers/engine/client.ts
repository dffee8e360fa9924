import { connectWorker, type EngineClient } from './connection.ts';

export { connectEngine, type EngineClient } from './connection.ts';

/** Starts the engine in a worker of its own. @param worker one that runs `worker.ts` */
export function startEngine(
  worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'web-lora engine' }),
): EngineClient {
  return connectWorker(worker);
}
