import { otherServers } from '../model/model-server.ts';
import { worksOffline } from '../state/offline.ts';
import { foreignRequests, refreshRequests, requests } from '../state/requests.ts';
import { plural } from '../words.ts';

export function Footer() {
  return (
    <footer class="bottom">
      <Privacy />
      <p>
        WebLoRA is free software under the Apache licence 2.0. This page has no server behind it, no cookies and no
        tracking. {worksOffline.value && 'It is stored in this browser and works without a network.'}
      </p>
    </footer>
  );
}

/** Every request this page made, as the browser records them: what one can check instead of believing. */
function Privacy() {
  const all = requests.value;
  const foreign = foreignRequests.value;
  return (
    <details
      class="privacy"
      onToggle={({ currentTarget }) => {
        if (currentTarget.open) void refreshRequests();
      }}
    >
      <summary>
        What left this device:{' '}
        {foreign.length === 0 ? 'nothing' : `${plural(foreign.length, 'request')} to other places`}
      </summary>
      <p>
        Its policy lets this page ask{' '}
        {otherServers.length === 0
          ? 'the site it came from and no other server'
          : `the site it came from and ${otherServers.join(', ')}, which you chose a model of`}
        .
      </p>
      <p>
        These are all the addresses this page asked for, from the browser’s own record. Each request fetches a file of
        the page or of a model; none carries anything of yours.
      </p>
      <table class="plain-table">
        <caption class="visually-hidden">Requests of this page</caption>
        <thead>
          <tr>
            <th scope="col">Address</th>
            <th scope="col">Where</th>
            <th scope="col">Fetched</th>
          </tr>
        </thead>
        <tbody>
          {all.map(({ url, bytes, isOwn }) => (
            <tr key={url}>
              <td>{isOwn ? shortAddress(url) : url}</td>
              <td>{isOwn ? 'this site' : <strong>another site</strong>}</td>
              <td>{bytes === 0 ? 'stored here' : `${(bytes / 1000).toFixed(1)} kB`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

const shortAddress = (url: string): string => new URL(url).pathname;
