import { gpuCase } from './gpu-case.ts';
import { GPU_HELP } from './webgpu-help.ts';

/** Why this is slow, or not possible, and what helps. */
export function GpuHelp() {
  const found = gpuCase.value;
  if (found === undefined || found === 'ready') return null;
  const { what, why, remedies } = GPU_HELP[found];
  return (
    <details class="gpu-help">
      <summary>{what}: what helps</summary>
      <p>{why}</p>
      <ul>
        {remedies.map((remedy) => (
          <li key={remedy}>{remedy}</li>
        ))}
      </ul>
    </details>
  );
}
