import type { MergedExport, MergedExportFormat } from '../../../workers/engine/contract.ts';
import { model } from '../state/engine.ts';
import { isTraining } from '../train/training.ts';
import { t } from '../messages/language.ts';
import { EngineText } from '../parts/engine-text.tsx';
import { Problem } from '../parts/problem.tsx';
import { asSentence, modelTitle } from '../words.ts';
import type { CurrentAdapter } from '../try/trial.ts';
import { GGUF_BITS, ggufType, makeMerged, merge, stopMerging, type PageGgufType } from './merged.ts';
import { asShell, Code } from './code.tsx';

const TYPES = Object.keys(GGUF_BITS) as readonly PageGgufType[];

/** The whole model, with what was learned in it: its size, how far writing it is, and what came of it. */
export function MergedExportForm({
  current,
  format,
}: {
  readonly current: CurrentAdapter;
  readonly format: MergedExportFormat;
}) {
  const texts = t().takeAway.merged;
  const state = merge.value;
  const parameters = model.value.kind === 'ready' ? model.value.facts.parameterCount : 0;
  const isFile = format.layout === 'file';
  return (
    <div class="stack">
      {isFile && (
        <div class="field">
          <label for="gguf-type">{texts.size}</label>
          <select
            id="gguf-type"
            value={ggufType.value}
            disabled={state.kind === 'working'}
            onChange={({ currentTarget }) => (ggufType.value = currentTarget.value as PageGgufType)}
          >
            {TYPES.map((type) => (
              <option key={type} value={type}>
                {texts.types[type]((parameters * GGUF_BITS[type]) / 8)}
              </option>
            ))}
          </select>
        </div>
      )}
      {state.kind === 'working' ? (
        <div class="stack">
          <label for="merging">{t().model.phases[state.phase]}…</label>
          <progress id="merging" value={state.share} max={1} />
          <div class="actions">
            <button type="button" onClick={stopMerging}>
              {texts.stop}
            </button>
            <p class="quiet">{texts.stopNote}</p>
          </div>
        </div>
      ) : (
        <div class="actions">
          <button type="button" class="primary" disabled={isTraining.value} onClick={() => void makeMerged()}>
            {texts.make}
          </button>
          <p class="quiet">{isTraining.value ? texts.waits : texts.file(`${current.out}${format.extension}`)}</p>
        </div>
      )}
      {state.kind === 'failed' && <Problem failure={state.failure} lost={t().takeAway.stillStored} />}
      {state.kind === 'done' && (
        <div class="stack" role="status">
          <p>
            <strong>
              {state.isFolder ? texts.savedFolder(state.name) : texts.saved(state.name, state.result.bytes)}
            </strong>{' '}
            {texts.into[state.result.base.readFrom](
              state.result.base.name === 'embedded' ? texts.builtIn : modelTitle(state.result.base.name),
              state.result.base.types.join(', '),
            )}
          </p>
          <Losses result={state.result} rows={state.rows} canBeLarger={isFile && ggufType.value !== 'F16'} />
          {state.result.notes.map((note) => (
            <p class="quiet" key={note}>
              {t().try.note} <EngineText text={asSentence(note)} />
            </p>
          ))}
        </div>
      )}
      {isFile && (
        <Uses file={state.kind === 'done' ? state.name : `${current.out}${format.extension}`} current={current} />
      )}
    </div>
  );
}

/** What the merge costs, in the person's words. */
function Losses({
  result: { losses, notMeasured },
  rows,
  canBeLarger,
}: {
  readonly result: MergedExport;
  readonly rows: number;
  readonly canBeLarger: boolean;
}) {
  const texts = t().takeAway.merged;
  if (losses === undefined) return <p class="quiet">{notMeasured === undefined ? texts.noRows : texts.notMeasured}</p>;
  const { unmerged, merged, isWorse } = losses;
  return (
    <>
      <p>{texts.losses(rows, unmerged, merged)}</p>
      {isWorse ? (
        <p class="notice">{texts.worse((merged / unmerged - 1) * 100, canBeLarger)}</p>
      ) : (
        <p class="quiet">{texts.asGood}</p>
      )}
    </>
  );
}

/** The exact commands for the programs that open it. */
function Uses({ file, current }: { readonly file: string; readonly current: CurrentAdapter }) {
  const texts = t().takeAway;
  const { system } = current;
  const name = file.replace(/\.gguf$/, '');
  const llama = `llama-cli -m ${asShell(file)} -cnv${system === undefined ? '' : ` -sys ${asShell(system)}`}`;
  const modelfile = [`FROM ./${file}`, ...(system === undefined ? [] : [`SYSTEM """${system}"""`])];
  const ollama = [
    `cat > Modelfile <<'END'`,
    ...modelfile,
    'END',
    `ollama create ${name} -f Modelfile`,
    `ollama run ${name}`,
  ];
  return (
    <div class="stack">
      <h3>{texts.useIt}</h3>
      <p class="quiet">{texts.merged.lmStudio}</p>
      <Code title={texts.merged.llama} text={llama} />
      <Code title={texts.merged.ollama} text={ollama.join('\n')} />
    </div>
  );
}
