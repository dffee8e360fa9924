import './state/model-server.ts'; // before anything else: it narrows what this document may ask
import { render } from 'preact';
import { App } from './app.tsx';
import { watchDrops } from './state/dropped-files.ts';
import { engineFacts, startEngine } from './state/engine.ts';
import { restoreExamples } from './state/examples.ts';
import { explainGpu } from './state/gpu-case.ts';
import { watchLoadOptions } from './state/load-options.ts';
import { watchLeaving } from './state/leaving.ts';
import { watchOffline } from './state/offline.ts';
import { watchOtherTabs } from './state/other-tabs.ts';
import { watchPlace } from './state/place.ts';
import { watchPlan } from './state/cost.ts';
import { watchPreview } from './state/preview.ts';
import { watchRequests } from './state/requests.ts';
import { findInterrupted } from './state/interrupted.ts';
import { refreshRuns, reopenAdapter } from './state/runs.ts';
import { takeSharedLink } from './state/shared-link.ts';

const root = document.querySelector('#app');
if (root === null) throw new Error('index.html has no #app');
watchRequests();
watchPlace();
root.replaceChildren();
render(<App />, root);
watchLeaving();
watchDrops();
watchPreview();
watchPlan();
watchLoadOptions();
if (!takeSharedLink()) void restoreExamples();
addEventListener('hashchange', takeSharedLink);
async function findRuns(): Promise<void> {
  await refreshRuns();
  await findInterrupted();
}

async function findAll(): Promise<void> {
  await findRuns();
  await reopenAdapter();
}

void startEngine().then(async () => {
  const { executor, adapter } = engineFacts.value ?? {};
  if (executor !== 'webgpu' || adapter?.isSoftware === true) void explainGpu();
  await watchOtherTabs(findRuns);
  await findAll();
});
void watchOffline();
