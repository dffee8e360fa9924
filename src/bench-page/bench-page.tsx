import { ChoiceForm } from './choice-form.tsx';
import { RowsTable } from './rows-table.tsx';

/** @param query what is chosen at first: `?suite=train&suite=kernels&kernel=matmul_nt&lengths=64,512&peers` */
export function BenchPage({ query }: { readonly query: URLSearchParams }) {
  return (
    <>
      <header class="top">
        <a class="mark" href="./">
          WebLoRA
        </a>
      </header>
      <main>
        <div class="lead">
          <h1>How fast is this device?</h1>
          <p>
            Times training and generation of the built-in model on this browser’s GPU. Nothing is sent anywhere: the
            rows stay on this page until you save or copy them.
          </p>
        </div>
        <section class="place" aria-labelledby="what-title">
          <header class="place-head">
            <h2 id="what-title">What to measure</h2>
            <p>Close other tabs that draw or compute, and keep this one in front.</p>
          </header>
          <div class="place-body">
            <ChoiceForm query={query} />
          </div>
        </section>
        <section class="place bench-results" aria-labelledby="rows-title">
          <header class="place-head">
            <h2 id="rows-title">Rows</h2>
            <p>One for each case and implementation: the median, and from the 20th to the 80th percentile.</p>
          </header>
          <div class="place-body">
            <RowsTable />
          </div>
        </section>
      </main>
      <footer class="bottom">
        <p>
          The saved file has the rows that <code>weblora bench --json</code> prints, each with the adapter, the browser
          and its version, the number of threads and the commit of this build. To share it, add it to{' '}
          <code>bench/results/</code> in a pull request, or attach it to an issue.
        </p>
      </footer>
    </>
  );
}
