import { render } from 'preact';
import { explainGpu } from '../ui/model/gpu-case.ts';
import { BenchPage } from './bench-page.tsx';

const root = document.querySelector('#app');
if (root === null) throw new Error('bench.html has no #app');
root.replaceChildren();
render(<BenchPage query={new URLSearchParams(location.search)} />, root);
void explainGpu();
