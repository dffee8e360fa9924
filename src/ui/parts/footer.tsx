import { LANGUAGE_CODES, LANGUAGES, language, setLanguage, t } from '../messages/language.ts';
import { otherServers } from '../model/model-server.ts';
import { worksOffline } from '../state/offline.ts';
import { KeptHere } from './kept-here.tsx';
import { foreignRequests, refreshRequests, requests } from '../state/requests.ts';

export function Footer() {
  return (
    <footer class="bottom">
      <Privacy />
      <KeptHere />
      <p>
        {t().app.footer} {worksOffline.value && t().app.offline}
      </p>
    </footer>
  );
}

/** Each language by its own name; the one that is shown is pressed. */
export function LanguageSwitch() {
  return (
    <div class="languages" role="group" aria-label={t().app.language}>
      {LANGUAGE_CODES.map((code) => (
        <button
          key={code}
          type="button"
          class="plain"
          lang={code}
          aria-pressed={language.value === code}
          onClick={() => setLanguage(code)}
        >
          {LANGUAGES[code].name}
        </button>
      ))}
    </div>
  );
}

/** Every request this page made, as the browser records them: what one can check instead of believing. */
function Privacy() {
  const all = requests.value;
  const foreign = foreignRequests.value;
  const texts = t().privacy;
  return (
    <details
      class="privacy"
      onToggle={({ currentTarget }) => {
        if (currentTarget.open) void refreshRequests();
      }}
    >
      <summary>{foreign.length === 0 ? texts.nothingLeft : texts.left(foreign.length)}</summary>
      <p>{otherServers.length === 0 ? texts.policy : texts.widerPolicy(otherServers)}</p>
      <p>{texts.list}</p>
      <table class="plain-table">
        <caption class="visually-hidden">{texts.table}</caption>
        <thead>
          <tr>
            <th scope="col">{texts.address}</th>
            <th scope="col">{texts.where}</th>
            <th scope="col">{texts.fetched}</th>
          </tr>
        </thead>
        <tbody>
          {all.map(({ url, bytes, isOwn }) => (
            <tr key={url}>
              <td>{isOwn ? shortAddress(url) : url}</td>
              <td>{isOwn ? texts.thisSite : <strong>{texts.anotherSite}</strong>}</td>
              <td>{bytes === 0 ? texts.stored : texts.size(bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

const shortAddress = (url: string): string => new URL(url).pathname;
