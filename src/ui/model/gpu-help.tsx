import { gpuCase } from './gpu-case.ts';
import { t } from '../messages/language.ts';

/** Why this is slow, or not possible, and what helps. */
export function GpuHelp() {
  const found = gpuCase.value;
  if (found === undefined || found === 'ready') return null;
  const { what, why, remedies } = t().device.cases[found];
  return (
    <details class="gpu-help">
      <summary>{t().device.help(what)}</summary>
      <p>{why}</p>
      <ul>
        {remedies.map((remedy) => (
          <li key={remedy}>{remedy}</li>
        ))}
      </ul>
    </details>
  );
}
