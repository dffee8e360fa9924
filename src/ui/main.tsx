import './model/model-server.ts'; // before anything else: it narrows what this document may ask
import { render } from 'preact';
import { App } from './app.tsx';
import { watchDrops } from './examples/dropped-files.ts';
import { watchChoices } from './state/choices.ts';
import { engineFacts, startEngine } from './state/engine.ts';
import { restoreExamples } from './examples/examples.ts';
import { watchErasure } from './state/erase.ts';
import { explainGpu } from './model/gpu-case.ts';
import { findHubToken } from './model/hub-token-state.ts';
import { watchLanguage } from './messages/language.ts';
import { watchLoadOptions } from './model/load-options.ts';
import { watchLeaving } from './state/leaving.ts';
import { watchInstall, watchOffline } from './state/offline.ts';
import { watchOtherTabs } from './state/other-tabs.ts';
import { watchPlace } from './state/place.ts';
import { watchPlan } from './train/cost.ts';
import { watchPreview } from './examples/preview.ts';
import { watchFindings } from './findings/findings.ts';
import { watchBars } from './report/bar.ts';
import { watchReport } from './report/report.ts';
import { watchRequests } from './state/requests.ts';
import { findInterrupted } from './train/interrupted.ts';
import { refreshRuns, reopenAdapter, watchStoredRuns } from './take-away/runs.ts';
import { isTraining } from './train/training.ts';
import { beginWithLastUse, watchUse } from './use/opening.ts';
import { readSharedLink } from './train/shared-link.ts';

const root = document.querySelector('#app');
if (root === null) throw new Error('index.html has no #app');
watchLanguage();
watchErasure();
watchRequests();
watchInstall();
beginWithLastUse();
watchPlace();
root.replaceChildren();
render(<App />, root);
watchLeaving();
watchDrops();
watchPreview();
watchFindings();
watchBars();
watchReport();
watchPlan();
watchLoadOptions();
watchUse();
watchStoredRuns(() => isTraining.peek());
watchChoices();
readSharedLink();
void restoreExamples();
addEventListener('hashchange', readSharedLink);
async function findRuns(): Promise<void> {
  await refreshRuns();
  await findInterrupted();
}

async function findAll(): Promise<void> {
  await findRuns();
  await reopenAdapter();
}

void findHubToken();
void startEngine().then(async () => {
  const { executor, adapter } = engineFacts.value ?? {};
  if (executor !== 'webgpu' || adapter?.isSoftware === true) void explainGpu();
  await watchOtherTabs(findRuns);
  await findAll();
});
void watchOffline();
