import { render } from 'preact';
import { App } from './app.tsx';
import { startEngine } from './state/engine.ts';
import { chooseSample } from './state/examples.ts';
import { watchLeaving } from './state/leaving.ts';
import { refreshRuns } from './state/runs.ts';

const root = document.querySelector('#app');
if (root === null) throw new Error('index.html has no #app');
root.replaceChildren();
render(<App />, root);
watchLeaving();
void startEngine().then(refreshRuns);
void chooseSample('tickets');
