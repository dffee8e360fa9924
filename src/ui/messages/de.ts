import type { Messages } from './en.ts';
import { formatsOf } from './formats.ts';

const f = formatsOf('de');
const { bytes, count, decimal, duration, large, pick, plural } = f;

const examples = (n: number): string => plural(n, { one: 'Beispiel', other: 'Beispiele' });
const rows = (n: number): string => plural(n, { one: 'Zeile', other: 'Zeilen' });
const steps = (n: number): string => plural(n, { one: 'Schritt', other: 'Schritte' });
const answers = (n: number): string => plural(n, { one: 'Antwort', other: 'Antworten' });
const comparisons = (n: number): string => plural(n, { one: 'Vergleich', other: 'Vergleiche' });
const percent = (share: number): string => `${count(100 * share)} %`;

/** Jeder Text der Seite auf Deutsch; siehe en.ts. */
export const de: Messages = {
  app: {
    skip: 'Zum Inhalt springen',
    places: 'Bereiche',
    title: 'WebLoRA: einem Sprachmodell mit eigenen Beispielen etwas beibringen',
    lead: 'Bringen Sie einem Sprachmodell mit eigenen Beispielen etwas bei',
    promise: 'Es lernt in diesem Fenster. Nichts wird irgendwohin gesendet.',
    language: 'Sprache',
    next: (place) => `Weiter: ${place}`,
    footer:
      'WebLoRA ist freie Software unter der Apache-Lizenz 2.0. Hinter dieser Seite steht kein Server; sie verwendet keine Cookies und verfolgt niemanden.',
    offline: 'Sie ist in diesem Browser gespeichert und funktioniert auch ohne Netz.',
  },
  places: {
    model: 'Modell',
    examples: 'Beispiele',
    train: 'Trainieren',
    try: 'Ausprobieren',
    'take-away': 'Mitnehmen',
  },
  tabTitle: {
    waiting: 'Wartet',
    done: 'Fertig',
    finished: 'Das Training ist fertig.',
    failed: 'Das Training wurde wegen eines Fehlers beendet.',
  },
  update: {
    ready: 'Eine neuere Version dieser Seite ist da.',
    later: 'Nach dem Training',
    reload: 'Neu laden',
  },
  copy: {
    copy: 'Kopieren',
    copied: 'Kopiert',
    of: (what) => `Kopieren: ${what}`,
    refused: 'Der Browser hat das Kopieren nicht erlaubt. Bitte markieren Sie den Text und kopieren Sie ihn selbst.',
  },
  privacy: {
    nothingLeft: 'Was dieses Gerät verlassen hat: nichts',
    left: (n) =>
      `Was dieses Gerät verlassen hat: ${plural(n, { one: 'Anfrage', other: 'Anfragen' })} an andere Stellen`,
    policy: 'Diese Seite darf nur den Server anfragen, von dem sie stammt, und keinen anderen.',
    widerPolicy: (servers) =>
      `Diese Seite darf nur den Server anfragen, von dem sie stammt, und ${f.list(servers)}, von wo Sie ein Modell gewählt haben.`,
    list: 'Das sind alle Adressen, die diese Seite angefragt hat, nach der Aufzeichnung des Browsers. Jede Anfrage holt eine Datei der Seite oder eines Modells; keine enthält etwas von Ihnen.',
    table: 'Anfragen dieser Seite',
    address: 'Adresse',
    where: 'Wohin',
    fetched: 'Geholt',
    thisSite: 'diese Website',
    anotherSite: 'eine andere Website',
    stored: 'hier gespeichert',
    size: (value) => `${decimal(value / 1000, 1)} kB`,
  },
  kept: {
    title: 'Was auf diesem Gerät gespeichert ist',
    used: (used) => `Diese Seite belegt ${bytes(used)} im Speicher dieses Browsers.`,
    onlyHere: 'Es liegt nur in diesem Browser; niemand hat eine Kopie.',
    promised: 'Der Browser hat versprochen, es zu behalten, bis Sie es löschen.',
    erase: 'Alles hier löschen',
    busy: 'Hier oder in einem anderen Fenster läuft ein Training: Beenden Sie es zuerst.',
    ask: 'Das alles aus diesem Browser löschen?',
    runs: (n) =>
      `${plural(n, { one: 'Durchlauf', other: 'Durchläufe' })}, mit Adaptern, Zwischenständen, Namen und Notizen`,
    models: (n, size) =>
      `${plural(n, { one: 'heruntergeladenes Modell', other: 'heruntergeladene Modelle' })}${n > 0 ? `, ${bytes(size)}` : ''}`,
    examples: (n) =>
      `${plural(n, { one: 'eigene Sammlung von Beispielen', other: 'eigene Sammlungen von Beispielen' })}, mit behaltenen Antworten und Vergleichen`,
    settings: 'alle Einstellungen und der Schlüssel, mit dem dieser Browser Adapter unterschreibt',
    token: 'das Zugriffstoken von Hugging Face',
    page: 'die gespeicherte Kopie dieser Seite, die ohne Netz funktioniert',
    final: 'Das lässt sich nicht rückgängig machen. Dateien, die Sie heruntergeladen haben, bleiben, wo sie sind.',
    eraseForGood: 'Endgültig löschen',
    keep: 'Alles behalten',
  },
  erased: {
    titles: {
      erasing: 'Alles wird gelöscht …',
      erased: 'Alles ist gelöscht',
      left: 'Nicht alles ließ sich löschen',
      elsewhere: 'In einem anderen Fenster wurde alles gelöscht',
    },
    verified:
      'Die Seite hat danach noch einmal nachgesehen: Kein Durchlauf, kein Adapter, kein Modell, kein Beispiel, keine Einstellung und keine Kopie der Seite ist in diesem Browser übrig.',
    elsewhere: 'Was dieses Fenster gezeigt hat, ist auch weg.',
    parts: {
      files: 'Durchläufe, Adapter und Modelle',
      database: 'Beispiele',
      settings: 'Einstellungen',
      page: 'die Kopie der Seite',
    },
    left: (parts) =>
      `Noch da: ${f.list(parts)}. Schließen Sie die anderen Fenster dieser Seite, und versuchen Sie es noch einmal, oder löschen Sie die Daten dieser Website in den Einstellungen des Browsers.`,
    tryAgain: 'Noch einmal versuchen',
    beginAnew: 'Von vorn beginnen',
  },
  storage: {
    none: 'Dieser Browser, oder dieses private Fenster, gibt der Seite keinen eigenen Speicher. Alles funktioniert, aber was Sie hier trainieren oder herunterladen, ist mit diesem Fenster verloren: Laden Sie den Adapter herunter, bevor Sie es schließen oder neu laden.',
    noExamples:
      'Dieser Browser speichert für diese Seite nichts, wie in einem privaten Fenster: Nach dem Neuladen sind Ihre Beispiele weg.',
    privateWindow:
      'Ein privates Fenster behält Durchläufe nur, solange es benutzt wird: Laden Sie herunter, was Sie behalten wollen.',
    mayBeCleared:
      'Ist die Festplatte voll, darf dieser Browser löschen, was hier gespeichert ist. Laden Sie herunter, was Ihnen wichtig ist.',
    askToKeep: 'Den Browser bitten, es zu behalten',
    notPromised:
      'Der Browser hat nichts versprochen: Ist die Festplatte voll, darf er löschen, was hier gespeichert ist. Manche Browser versprechen es, sobald die Seite installiert ist oder ein Lesezeichen hat. Laden Sie herunter, was Ihnen wichtig ist.',
    read: 'In Ordnung',
    damaged: {
      title:
        'Etwas, das dieser Browser für die Seite aufbewahrt, hat sich von selbst verändert. Es ist beschädigt und wird nicht benutzt:',
      examples: (name) => `Ihre Beispiele „${name}“`,
      begin: (title) => `womit das Training „${title}“ begonnen wurde; es lässt sich nicht fortsetzen`,
      rows: (title) => `die Beispiele zum Training „${title}“; was es gelernt hat, ist nicht betroffen`,
      notes: 'Titel, Notizen und Stichwörter von Trainings',
      token: 'das Zugriffstoken von Hugging Face; es wurde gelöscht und wird erfragt, wenn ein Modell es braucht',
      choices: (name) => `was Sie auf dieser Seite als „${name}“ gewählt oder gesammelt haben`,
      todo: 'Alles andere ist, wie es war. Wenn Sie die Beispiele als Datei haben, öffnen Sie diese noch einmal.',
    },
  },
  problem: {
    todo: 'Was Sie tun können:',
    detail: 'Technische Einzelheit (englisch)',
    runGone: {
      title: (run) => `Die Dateien von „${run}“ sind nicht mehr in diesem Browser`,
      why: 'Der Browser hat sie gelöscht, wie es ein privates Fenster nach einigen Minuten ohne Benutzung tut, oder sie wurden in einem anderen Tab gelöscht.',
      todo: 'Wenn Sie diesen Adapter heruntergeladen haben, öffnen Sie die Datei unter Mitnehmen; sonst trainieren Sie noch einmal.',
    },
    titles: {
      usage: 'Diese Kombination funktioniert nicht',
      config: 'Eine der Einstellungen ist nicht möglich',
      'file-not-found': 'Eine Datei wurde nicht gefunden',
      'bad-file': 'Eine Datei ist beschädigt',
      'bad-model': 'Diese Dateien ergeben kein Modell, das hier läuft',
      'bad-tokenizer': 'Der Tokenizer des Modells ist nicht brauchbar',
      'bad-data': 'Einige Beispiele sind nicht brauchbar',
      'bad-adapter': 'Dieser Adapter ist nicht brauchbar',
      unsupported: 'Das kann WebLoRA noch nicht',
      context: 'Dieser Text ist zu lang für das Modell',
      'no-webgpu': 'Dieser Browser gibt keinen Zugriff auf einen Grafikchip',
      'out-of-memory': 'Der Grafikspeicher reicht nicht',
      'device-lost': 'Der Grafikchip antwortet nicht mehr',
      'non-finite': 'Das Training wurde instabil und deshalb beendet',
      exists: 'Hier liegt schon ein fertiges Ergebnis',
      locked: 'Ein anderes Fenster arbeitet an diesem Durchlauf',
      'bad-checkpoint': 'Der gespeicherte Stand dieses Durchlaufs ist beschädigt',
      storage: 'Der Speicher des Browsers ließ sich nicht benutzen',
      network: 'Der Download ist nicht durchgekommen',
      access: 'Für dieses Modell brauchen Sie zuerst eine Erlaubnis',
      aborted: 'Abgebrochen',
      internal: 'In WebLoRA ist etwas schiefgegangen',
    },
    advice: {
      usage: 'Prüfen Sie Ihre Eingabe.',
      config: 'Korrigieren Sie die Einstellung, oder setzen Sie unter „Alle Einstellungen“ alles zurück.',
      'file-not-found': 'Laden Sie die Seite neu, und prüfen Sie, ob ihr Server noch läuft.',
      'bad-file': 'Laden oder speichern Sie die Datei noch einmal.',
      'bad-model': 'Wählen Sie ein anderes Modell.',
      'bad-tokenizer': 'Wählen Sie ein anderes Modell.',
      'bad-data': 'Verbessern Sie die genannten Zeilen, oder lassen Sie sie weg.',
      'bad-adapter': 'Wählen Sie einen anderen Adapter, oder trainieren Sie einen neuen.',
      unsupported: 'Wählen Sie einen anderen Weg oder ein anderes Modell.',
      context: 'Kürzen Sie den Text.',
      'no-webgpu': 'Verwenden Sie einen aktuellen Browser mit eingeschalteter Grafikbeschleunigung.',
      'out-of-memory': 'Schließen Sie andere Fenster, oder wählen Sie unter „Alle Einstellungen“ kleinere Zahlen.',
      'device-lost':
        'Versuchen Sie es noch einmal: Die Seite fordert den Grafikchip neu an, und ein Durchlauf geht ab dem letzten gespeicherten Schritt weiter.',
      'non-finite': 'Wählen Sie eine kleinere Lernrate, und trainieren Sie noch einmal.',
      exists: 'Löschen Sie den früheren Durchlauf, oder beginnen Sie einen neuen.',
      locked: 'Warten Sie, bis das andere Fenster fertig ist, oder schließen Sie es.',
      'bad-checkpoint': 'Beginnen Sie den Durchlauf von vorn.',
      storage: 'Schaffen Sie Platz auf diesem Gerät, oder verlassen Sie das private Fenster.',
      network: 'Prüfen Sie die Verbindung, und versuchen Sie es noch einmal.',
      access: 'Melden Sie sich auf der Seite des Modells an, und geben Sie ein Zugriffstoken ein.',
      aborted: 'Beginnen Sie noch einmal, wenn Sie möchten.',
      internal: 'Laden Sie die Seite neu. Wenn es wieder geschieht, melden Sie es bitte.',
    },
    noStorageForModels:
      'Dieser Browser speichert für diese Seite nichts; deshalb kann kein Modell heruntergeladen werden.',
  },
  engine: {
    separators: { comma: 'Komma', semicolon: 'Semikolon', tab: 'Tabulator' },
    column: (n) => `Spalte ${n}`,
    readTable: (separator, encoding) => `Gelesen als Tabelle mit ${separator} zwischen den Spalten (${encoding})`,
    readSpreadsheet: 'Gelesen als Tabelle einer Tabellenkalkulation',
    readAs: (form) => `Gelesen als ${form}`,
    took: (question, answer) => `${question} wurde als Frage genommen und ${answer} als Antwort`,
    tookWithoutHeader: (question, answer) =>
      `Die Spalten haben keine Namen: ${question} wurde als Frage genommen und ${answer} als Antwort`,
    unused: (column, n) => `${column} (in ${rows(n)}) wird nicht verwendet`,
    unusedPassage: (column, n) => `${column} (in ${rows(n)}) wird nicht verwendet; man kann es vor die Frage setzen`,
    emptyQuestion: 'Die Frage ist leer: Ergänzen Sie sie, oder lassen Sie die Zeile weg',
    emptyAnswer: 'Die Antwort ist leer: Ergänzen Sie sie, oder lassen Sie die Zeile weg',
    otherWidth: (has, wanted, separator) =>
      `${count(has)} Spalten, wo die Tabelle ${count(wanted)} hat: Setzen Sie Felder, in denen ein ${separator} steht, in Anführungszeichen`,
    brokenQuote: 'Ein Anführungszeichen ist nicht geschlossen oder steht mitten im Feld: Schreiben Sie es doppelt ("")',
    damagedText: 'Einige Buchstaben sind beschädigt: Speichern Sie die Datei noch einmal als UTF-8',
    otherSheets: (sheet, others) =>
      `Gelesen wurde das Blatt "${sheet}", nicht ${others}: Speichern Sie jedes als eigene Datei`,
    mergedCells: (n) =>
      `${plural(n, { one: 'verbundene Zelle gilt', other: 'verbundene Zellen gelten' })} als das, was in der obersten steht`,
    cut: (n, most, lines) =>
      `${rows(n)} mit mehr als ${count(most)} Token ${pick(n, { one: 'verliert', other: 'verlieren' })} das Ende (Zeile ${lines} der Datei)`,
    cutOff: (most, cut) => `Länger als ${count(most)} Token: Die letzten ${count(cut)} werden abgeschnitten`,
    leftOut: (n) => `${rows(n)} weggelassen`,
    runSize: (n, rounds, each, all) =>
      `${steps(n)} mit je ${count(each)} ${pick(each, { one: 'Text', other: 'Texten' })}, ${rounds === 0 ? '' : `${plural(rounds, { one: 'Durchgang', other: 'Durchgänge' })} durch `}${plural(all, { one: 'Text', other: 'Texte' })}${rounds === 0 ? ' insgesamt' : ''}`,
    fewSteps: (n) =>
      `${steps(n)} sind vielleicht zu ${pick(n, { one: 'wenig', other: 'wenige' })} zum Lernen: Ergänzen Sie Zeilen, oder erlauben Sie mehr Schritte oder Durchgänge`,
  },
  terms: {
    what: (name) => `Was bedeutet ${name}?`,
    adapter: {
      name: 'Adapter',
      meaning:
        'Das Gelernte: eine kleine Datei mit Zahlen, die über das Modell gelegt wird. Das Modell selbst bleibt, wie es ist.',
    },
    token: {
      name: 'Token',
      meaning:
        'Ein Wortstück. Modelle lesen und schreiben Text in solchen Stücken; ein kurzes Wort ist eines, ein langes mehrere.',
    },
    loss: {
      name: 'Loss',
      meaning:
        'Wie überrascht das Modell von den gewünschten Antworten ist. Der Wert sinkt, während es lernt; 0 hieße: keine Überraschung.',
    },
    'gradient norm': {
      name: 'Gradientennorm',
      meaning: 'Wie stark dieser Schritt am Adapter zieht. Plötzliche Sprünge deuten auf eine zu hohe Lernrate hin.',
    },
    'learning rate': {
      name: 'Lernrate',
      meaning: 'Die Größe jeder Korrektur. Sie steigt am Anfang und sinkt gegen Ende.',
    },
    'system prompt': {
      name: 'Systemanweisung',
      meaning:
        'Eine Anweisung vor jeder Frage, zum Beispiel: „Sie antworten für ein Wollgeschäft, kurz und freundlich“.',
    },
    'held-out loss': {
      name: 'Loss der zurückgehaltenen Beispiele',
      meaning:
        'Der Loss auf Beispielen, die beim Training zurückgehalten wurden: Er zeigt, ob das Modell verstanden oder nur auswendig gelernt hat.',
    },
  },
  tour: {
    demos: 'Vorführungen',
    demo: 'Vorführung',
    offer: 'Vorführungen:',
    name: (title) => `Vorführung: ${title}.`,
    preparing: 'Der Grafikchip wird vorbereitet.',
    training:
      '1 von 2: Das Modell übt an den Beispielen. Je tiefer die Linie, desto näher kommen seine Antworten den gewünschten.',
    comparing:
      '2 von 2: eine Frage, die es noch nie gesehen hat, zweimal gestellt: dem Modell von vorher und dem Modell, das geübt hat.',
    compared: 'Das war es: dieselbe Frage, vorher und nachher.',
    ended: 'Diese Vorführung ist zu Ende.',
    recorded: 'Eine Aufzeichnung: Dieses Gerät würde minutenlang trainieren.',
    recording: 'Aufgezeichnete Vorführung',
    recordingOf: (title) => `Eine Aufzeichnung: ${title}`,
    recordedRun: (n, seconds, device) =>
      `Das ist kein Durchlauf Ihres Geräts. Trainiert wurden ${steps(n)} in ${duration(seconds)} auf ${device}; jede Antwort steht hier, wie sie war.`,
    recordedExam: (asked, before, after) =>
      `Von ${count(asked)} Fragen, die es nie gesehen hat: vorher ${count(before)} richtig, nachher ${count(after)}`,
    trainHere: 'Auf diesem Gerät trainieren',
    slow: (seconds) => `Dieses Gerät ist dafür langsam: noch etwa ${duration(seconds)}, oder weniger.`,
    next: 'Nächste Vorführung',
    startOver: 'Von vorn',
  },
  samples: {
    tickets: {
      title: 'Kundenanfragen',
      teaches: 'Nachrichten einordnen (auf Englisch).',
    },
    shop: { title: 'Ein kleiner Laden', teaches: 'Fragen an ein Wollgeschäft beantworten (Englisch).' },
    style: { title: 'Hausstil', teaches: 'Schreiben wie eine Pension (auf Englisch).' },
  },
  device: {
    noGpu: 'Der Prozessor dieses Computers, ohne Grafikchip: Alles funktioniert, aber langsam',
    nameless: 'Ein Grafikchip ohne Namen',
    software: (name) => `${name}: in Software nachgebildet. Alles funktioniert, aber langsam`,
    gpu: (name) => `${name}, über WebGPU`,
    help: (what) => `${what}: Was hilft`,
    cases: {
      'plain-http': {
        what: 'Diese Adresse ist nicht gesichert',
        why: 'Browser geben Seiten den Grafikchip nur über https oder auf localhost.',
        remedies: [
          'Öffnen Sie dieselbe Adresse mit https:// davor.',
          'Auf dem eigenen Computer verwenden Sie http://localhost.',
        ],
      },
      frame: {
        what: 'Eine andere Seite zeigt diese in einem Rahmen',
        why: 'Die äußere Seite hat die Erlaubnis für den Grafikchip nicht weitergegeben.',
        remedies: ['Öffnen Sie diese Seite in einem eigenen Fenster.'],
      },
      'old-browser': {
        what: 'Dieser Browser kennt WebGPU noch nicht',
        why: 'Mit WebGPU rechnet eine Seite auf dem Grafikchip. Es kam mit Chrome und Edge 113, Safari 26 und Firefox 141.',
        remedies: [
          'Aktualisieren Sie den Browser, oder verwenden Sie Chrome, Edge, Safari oder Firefox, jeweils aktuell.',
        ],
      },
      'linux-flag': {
        what: 'WebGPU ist in diesem Browser unter Linux abgeschaltet',
        why: 'Chrome unter Linux bietet es nur für einige Grafiktreiber an.',
        remedies: [
          'Öffnen Sie chrome://flags/#enable-unsafe-webgpu, wählen Sie „Enabled“, und starten Sie den Browser neu.',
          'Wenn das nicht hilft, schalten Sie auch Vulkan ein: chrome://flags/#enable-vulkan.',
        ],
      },
      policy: {
        what: 'WebGPU ist hier abgeschaltet',
        why: 'Der Browser kennt es, gibt es Seiten aber nicht: wegen einer Einstellung, einer Erweiterung oder einer Vorgabe Ihrer Organisation.',
        remedies: [
          'In Chrome und Edge sehen Sie unter chrome://policy und chrome://gpu nach, in Firefox unter dom.webgpu.enabled in about:config.',
          'Versuchen Sie es ohne Erweiterungen, oder fragen Sie, wer diesen Computer betreut.',
        ],
      },
      'acceleration-off': {
        what: 'Die Grafikbeschleunigung ist aus',
        why: 'Der Browser zeichnet ohne den Grafikchip; deshalb können auch Seiten nicht darauf rechnen.',
        remedies: [
          'In Chrome und Edge: Einstellungen, System, „Grafikbeschleunigung verwenden, falls verfügbar“ einschalten, neu starten.',
          'In einer virtuellen Maschine oder über Fernzugriff: Verwenden Sie den Computer selbst.',
        ],
      },
      'blocked-driver': {
        what: 'Der Treiber des Grafikchips ist gesperrt',
        why: 'Der Browser kennt Fehler in dieser Version und verwendet sie deshalb nicht.',
        remedies: [
          'Aktualisieren Sie den Treiber: über Windows Update, die Seite des Herstellers oder eine Systemaktualisierung.',
          'chrome://gpu nennt unter „Problems“ den Grund.',
        ],
      },
      software: {
        what: 'Kein echter Grafikchip',
        why: 'Alles funktioniert und ergibt dasselbe, aber um ein Vielfaches langsamer.',
        remedies: [
          'Schalten Sie in den Einstellungen des Browsers die Grafikbeschleunigung ein, oder verwenden Sie einen Computer mit Grafikchip.',
        ],
      },
    },
  },
  model: {
    intro:
      'Das, was lernt. Das eingebaute Modell ist sofort da, zum Ausprobieren, und spricht nur Englisch; für Ihre eigenen Fragen nehmen Sie ein größeres.',
    phases: {
      starting: 'Startet',
      'looking for a graphics chip': 'Sucht einen Grafikchip',
      'opening the download': 'Öffnet den Download',
      'opening the model': 'Öffnet das Modell',
      'preparing the model': 'Bereitet das Modell vor',
      'writing the merged model': 'Schreibt das zusammengeführte Modell',
      'checking the model': 'Prüft das Modell',
      'fetching the model': 'Holt das Modell',
      downloading: 'Lädt herunter',
      checking: 'Prüft',
      'waiting for another download of this model': 'Wartet auf einen anderen Download dieses Modells',
      'measuring the loss': 'Misst den Loss',
      'answering golden prompts': 'Beantwortet die Fragen zum Prüfen',
      'answering held-out rows': 'Antwortet',
    },
    status: {
      label: 'Modell und Gerät',
      model: 'Modell',
      builtIn: 'Eingebautes Modell',
      ready: (name, parameters) => `${name} bereit, ${large(parameters)} Parameter`,
      forTryingOut: ', zum Ausprobieren',
      storedAs: (format) => `, gehalten als ${format}`,
      files: 'Seine Dateien',
      runsOn: 'Läuft auf',
      howFast: 'Wie schnell?',
      takes: (title, seconds) => `Das Training mit ${title} dauert hier etwa ${duration(seconds)}.`,
      measure: 'Messen',
      measureNote: 'Ein paar Schritte werden gemacht und verworfen.',
      benchmark: 'Der Grafikchip in Zahlen: ein Benchmark jedes Kernels',
      savedBefore: 'Was vorher gespeichert war, liegt noch in diesem Browser.',
      arrivedKept: 'Es ist nichts verloren: Was schon angekommen ist, bleibt erhalten.',
      nothingStarted: 'Es ist nichts verloren: Es war noch nichts begonnen.',
      lost: (name) =>
        `${name}, das Sie zuletzt verwendet haben, lässt sich nicht öffnen: Es ist nicht mehr vollständig auf diesem Gerät. Womöglich hat der Browser seinen Speicher geräumt. Stattdessen ist das eingebaute Modell offen; Beispiele und Durchläufe sind davon nicht berührt.`,
      downloadAgain: 'Noch einmal herunterladen',
      reload: 'Seite neu laden',
      tryAgain: 'Noch einmal versuchen',
      useBuiltIn: 'Eingebautes Modell verwenden',
      progress: (phase) => `${phase} …`,
      bytes: (done, total) => ` ${bytes(done)} von ${bytes(total)}`,
      stop: 'Anhalten',
      keptForNext: 'Was schon angekommen ist, bleibt für das nächste Mal erhalten.',
    },
    own: {
      title: 'Ein Modell auf diesem Gerät',
      text: 'Ziehen Sie den Ordner eines Modells hierher (<code>config.json</code>, <code>tokenizer.json</code>, <code>*.safetensors</code>) oder eine <code>.gguf</code>-Datei. Es wird gelesen, wo es liegt, und nirgendwohin gesendet.',
      folder: 'Ordner wählen',
      gguf: 'GGUF-Datei wählen',
      back: 'Zurück zum eingebauten Modell',
    },
    catalogue: {
      title: 'Modelle für richtige Aufgaben',
      text: 'Diese sprechen gut genug für Ihre eigenen Fragen. Die Liste zeigt, welche auf dieses Gerät passen; beim Nachsehen wird nichts geladen.',
      language: 'Für Antworten auf',
      anyLanguage: 'Jede Sprache',
      looking: 'Sieht nach …',
      look: 'Zeigen, was passt',
      nothingLost: 'Es ist nichts verloren.',
      all: (n) => `Alle ${count(n)} zeigen`,
      verdicts: { fits: 'passt', tight: 'knapp', 'too-large': 'passt nicht' },
      recommended: 'empfohlen',
      use: 'Verwenden',
      download: (size) => `${bytes(size)} herunterladen`,
      withSmaller: (todo) => `${todo}, mit kleineren Einstellungen`,
      asItIs: (todo) => `${todo}, wie es ist`,
      noRoom: (need, free) =>
        `Dafür ist kein Platz: ${bytes(need)} kommen noch, und dieser Browser hat für die Seite noch ${bytes(free)} frei. Löschen Sie Modelle oder Durchläufe, die Sie nicht mehr brauchen, oder schaffen Sie Platz auf der Festplatte.`,
      smaller: (rank, length, verdict) => `Rang ${rank} und Beispiele bis ${count(length)} Token: ${verdict}.`,
      facts: ({ parameters, download, context, licence, isGated }) =>
        `${large(parameters)} Parameter, ${bytes(download)} Download, liest bis zu ${count(context)} Token, Lizenz ${licence}${isGated ? ', verlangt zuerst eine Anmeldung' : ''}.`,
      time: (seconds) => `Etwa ${duration(seconds)} Training mit Ihren Beispielen hier, geschätzt.`,
      need: (need, free, isAtLeast) =>
        `Braucht ${bytes(need)} Grafikspeicher; ${isAtLeast ? 'mindestens' : 'etwa'} ${bytes(free)} waren beim Versuch frei. Eine Schätzung.`,
      goodFor: {
        'openai-community/gpt2':
          'Texte fortsetzen und kennenlernen, wie das Anpassen geht: Ein Gespräch hat es nie gelernt.',
        'HuggingFaceTB/SmolLM2-135M-Instruct':
          'Eine eng umrissene Aufgabe auf jedem Gerät: Etiketten, Felder aus kurzen Texten, ein fester Stil.',
        'google/gemma-3-270m-it':
          'Dafür gemacht, für eine Aufgabe angepasst zu werden: Auszüge, Weiterleiten, Einordnen.',
        'HuggingFaceTB/SmolLM2-360M-Instruct':
          'Kurze Antworten und Umschreiben auf Englisch, wo wenig Speicher da ist.',
        'Qwen/Qwen2.5-0.5B-Instruct': 'Antworten mit Aufbau (JSON, Etiketten) in vielen Sprachen auf kleinen Geräten.',
        'Qwen/Qwen3-0.6B': 'Viele Sprachen; denkt manchmal erst nach, was Token kostet.',
        'google/gemma-3-1b-it': 'Schreiben und Zusammenfassen.',
        'TinyLlama/TinyLlama-1.1B-Chat-v1.0': 'Plaudern und Versuche, zu denen andere Ergebnisse veröffentlicht haben.',
        'meta-llama/Llama-3.2-1B-Instruct': 'Gespräche, Zusammenfassungen und Umschreiben in acht Sprachen.',
        'Qwen/Qwen2.5-1.5B-Instruct':
          'Der Alleskönner seiner Größe: viele Sprachen, JSON, etwas Programmieren und Rechnen.',
        'HuggingFaceTB/SmolLM2-1.7B-Instruct': 'Gespräche und Umschreiben auf Englisch.',
        'HuggingFaceTB/SmolLM3-3B': 'Lange Texte und Schlussfolgern in sechs europäischen Sprachen.',
        'meta-llama/Llama-3.2-3B-Instruct':
          'Gespräche und Anweisungen in acht Sprachen, auf einer eigenen Grafikkarte.',
        'microsoft/Phi-3-mini-4k-instruct':
          'Schlussfolgern und Programmieren auf Englisch, auf einer eigenen Grafikkarte.',
        'mistralai/Mistral-7B-Instruct-v0.3':
          'Das größte hier: lange Antworten, auf einer Grafikkarte mit viel Speicher.',
      },
    },
    byName: {
      title: 'Ein anderes Modell, nach Name oder Adresse',
      label: 'Name bei Hugging Face, oder die Adresse eines Ordners oder einer .gguf-Datei',
      open: 'Herunterladen und verwenden',
      note: 'Damit wird jener Server nach den Dateien des Modells gefragt; sonst erhält er nichts. Bis dahin darf diese Seite keinen anderen Server anfragen.',
      nothingAsked: 'Es wurde kein Server angefragt.',
      tokenKept: 'Ihr Zugriffstoken von Hugging Face ist in diesem Browser gespeichert.',
      forgetToken: 'Löschen',
    },
    token: {
      label: 'Zugriffstoken von Hugging Face',
      hint: 'Wird in diesem Browser gespeichert und nur an huggingface.co gesendet.',
      keep: 'Speichern und noch einmal versuchen',
    },
    stored: {
      title: (total) => `Auf diesem Gerät: ${bytes(total)}`,
      free: (free) => `, ${bytes(free)} frei`,
      size: (size, isComplete) => `${bytes(size)}${isComplete ? '' : ', noch nicht vollständig'}`,
      inUse: 'in Gebrauch',
      rest: 'Den Rest herunterladen',
      useOf: (name) => `${name} verwenden`,
      restOf: (name) => `Den Rest von ${name} herunterladen`,
      delete: 'Löschen',
      deleteOf: (name) => `${name} löschen`,
    },
  },
  examples: {
    intro: 'Was soll das Modell lernen?',
    set: 'Sammlung von Beispielen',
    yours: 'Ihre Beispiele',
    pastedTable: 'eingefügte Tabelle',
    changed: (title) => `${title}, geändert`,
    ownSet: (n) => `${rows(n)}, in diesem Browser gespeichert`,
    undo: 'Rückgängig',
    saveCsv: 'Als CSV speichern',
    deleteSet: 'Diese Sammlung löschen',
    wrongFile: (file, what) => `${file}: ${what}`,
    wrongFiles: {
      empty: {
        what: 'Die Datei ist leer',
        todo: 'Speichern Sie sie in ihrem Programm noch einmal, und wählen Sie sie erneut.',
      },
      picture: {
        what: 'Das ist ein Bild',
        todo: 'Bringen Sie die Fragen und Antworten als Text: als Tabelle, als Word-Dokument oder hier eingetippt.',
      },
      pdf: {
        what: 'Das ist ein PDF',
        todo: 'Kopieren Sie die Fragen und Antworten daraus in eine Tabelle, oder wählen Sie das Dokument, aus dem es entstand.',
      },
      sound: { what: 'Das ist eine Ton- oder Videodatei', todo: 'Bringen Sie die Fragen und Antworten als Text.' },
      'old-word': {
        what: 'Das ist eine alte Word-Datei',
        todo: 'Öffnen Sie sie in Word, und speichern Sie sie als .docx.',
      },
      archive: { what: 'Das ist ein Archiv', todo: 'Entpacken Sie es, und wählen Sie die Tabelle darin.' },
      model: { what: 'Das ist ein Modell', todo: 'Modelle öffnen Sie unter „Modell“.' },
      'no-text': {
        what: 'Das ist weder Text noch Tabelle',
        todo: 'Öffnen Sie die Datei in ihrem Programm, und speichern Sie sie als CSV, Excel oder Word.',
      },
      prose: {
        what: 'Das ist fortlaufender Text, ohne Fragen und Antworten',
        todo: 'Schreiben Sie jede Frage mit ihrer Antwort als Zeile einer Tabelle, oder auf Zeilen, die mit F: und A: beginnen.',
      },
    },
    advice: {
      foreign: (language) =>
        `Diese Beispiele sind auf ${language}. Das eingebaute Modell kann nur Englisch und wird sie nicht gut lernen.`,
      long: 'Diese Beispiele sind länger als das, wofür das eingebaute Modell gemacht ist.',
      model: (name, download, memory, seconds) =>
        `Das kleinste Modell dafür, das auf dieses Gerät passt, ist ${name}: ${bytes(download)} Download, ${bytes(memory)} Speicher${seconds === undefined ? '' : `, etwa ${duration(seconds)} Training mit diesen Beispielen`}.`,
      choose: 'Modell wählen',
    },
    ownFile: 'Ihre eigene Datei',
    drop: 'Tabelle hierher ziehen oder <link>Datei wählen</link>: Excel, Word, CSV, JSON. Sie bleibt auf diesem Gerät.',
    reading: (title) => `${title} wird gelesen …`,
    nothingLost: 'Es ist nichts verloren, und Ihre Datei wurde nicht verändert.',
    seeTraining: 'Zum Training',
    untilDone: 'Bis es fertig ist, bleiben die Beispiele, wie sie sind.',
    train: 'Trainieren',
    trainNote: (title) => `Lernt aus: ${title}.`,
    theseExamples: 'diese Beispiele',
    paste: 'Tabelle einfügen',
    type: 'Hier eintippen',
    pasteLabel: 'Fügen Sie Zeilen aus einer Tabelle ein, mit je einer Frage und einer Antwort',
    pastePlaceholder: 'Strg+V',
    system: 'Systemanweisung',
    systemPlaceholder: 'Keine: Die Beispiele allein sagen, was gewünscht ist',
    systemHint: 'Steht vor jeder Frage, beim Training und beim Ausprobieren.',
    newAnswers: (n) =>
      `${answers(n)} vom Ausprobieren ${pick(n, { one: 'wartet', other: 'warten' })} darauf, gelernt zu werden.`,
    addNew: 'Zu diesen Beispielen nehmen',
    discardNew: 'Verwerfen',
    columns: {
      title: (file) => `Welche Spalte in ${file} ist was?`,
      question: 'Frage',
      answer: 'Antwort',
      header: 'Die erste Zeile enthält die Namen der Spalten',
      firstRows: 'Die ersten Zeilen',
      use: 'Diese Spalten verwenden',
      column: (n) => `Spalte ${n}`,
    },
    table: {
      caption: (title) => `Zeilen von ${title}`,
      row: 'Zeile',
      question: 'Frage',
      answer: 'Gewünschte Antwort',
      remove: 'Entfernen',
      plainText: '(einfacher Text)',
      fewer: 'Weniger zeigen',
      all: (n) => `Alle ${count(n)} zeigen`,
      edit: 'Bearbeiten',
      previous: 'Zurück',
      next: 'Vor',
      range: (from, to) => `${count(from)} bis ${count(to)}`,
      questionOf: (n) => `Frage ${n}`,
      answerOf: (n) => `Gewünschte Antwort ${n}`,
      removeOf: (n) => `Zeile ${n} entfernen`,
      newQuestion: 'Neue Frage',
      newAnswer: 'Die Antwort darauf',
      add: 'Hinzufügen',
    },
    tokens: {
      title: 'Was das Modell sieht',
      reading: 'Das Beispiel wird gelesen …',
      unusable: 'Dieses Beispiel ist nicht brauchbar:',
      shown: (all, scored) =>
        `Das Beispiel in der Form, die das Modell liest: ${count(all)} <term>Token</term>. Die ${count(scored)} markierten lernt es zu sagen; die übrigen liest es nur.`,
      previous: 'Voriges Beispiel',
      next: 'Nächstes Beispiel',
      example: 'Beispiel',
      of: (n) => `von ${count(n)}`,
    },
    health: {
      learnFrom: (n, held) =>
        `${examples(n)} zum Lernen${held > 0 ? `, und ${count(held)} weitere zum Prüfen zurückgehalten` : ''}.`,
      few: 'Das ist sehr wenig: Das Modell lernt diese auswendig und kaum mehr. Zwanzig bis fünfzig Beispiele sind ein guter Anfang.',
      keepBack: 'Einige zum Prüfen zurückhalten: Diese lernt das Modell nicht',
      keptBack: (n) => `Zurückgehalten: ${examples(n)}`,
      column: (n) => `Spalte ${n}`,
      putBefore: (column) => `${column} vor die Frage setzen`,
      badRows: (n) => `${rows(n)} ${pick(n, { one: 'ist', other: 'sind' })} nicht brauchbar`,
      line: (n) => `Zeile ${n} der Datei:`,
      more: (n) => `und ${count(n)} weitere`,
      leaveOut: (n) => pick(n, { one: 'Diese weglassen', other: 'Sie weglassen' }),
      goOn: (n) => `und mit den übrigen ${count(n)} weitermachen.`,
      nothingLeft: 'Es bleibt nichts zum Trainieren: Verbessern Sie die Datei, und ziehen Sie sie noch einmal hierher.',
      allFit: (median, longest) =>
        `Die Hälfte hat bis zu ${count(median)} Token, das längste ${count(longest)}: Alle passen.`,
      cut: (numbers, n) =>
        `${examples(n)} ${pick(n, { one: 'ist zu lang und verliert sein', other: 'sind zu lang und verlieren ihr' })} Ende (Zeile ${numbers.join(', ')}${n > numbers.length ? ', …' : ''} der Tabelle unten).`,
      allow: (n) => `${count(n)} Token erlauben`,
    },
  },
  findings: {
    title: 'Was in den Beispielen gefunden wurde',
    looking: 'Die Beispiele werden durchgesehen: Wiederholungen, Widersprüche, persönliche Daten…',
    stop: 'Nicht weiter durchsehen',
    stopped: 'Die Beispiele wurden nicht bis zum Ende durchgesehen.',
    again: 'Noch einmal durchsehen',
    nothing: 'Die brauchbaren Zeilen sind durchgesehen: Nichts gefunden, was an ihnen falsch wäre.',
    found: (n) =>
      plural(n, {
        one: 'Punkt, den Sie vor dem Training ansehen sollten',
        other: 'Punkte, die Sie vor dem Training ansehen sollten',
      }),
    show: (n) => pick(n, { one: 'Zeigen', other: `Alle ${count(n)} zeigen` }),
    more: (n) => pick(n, { one: 'Ein weiterer', other: `${count(n)} weitere` }),
    kept: (n) => plural(n, { one: 'Punkt, der bleibt, wie er ist', other: 'Punkte, die bleiben, wie sie sind' }),
    limits:
      'Die Nummern der Zeilen sind die der Tabelle unten. Nach Regeln gefunden, auf diesem Gerät. Namen und Adressen in ungewöhnlicher Form und Zeilen, die dasselbe mit anderen Worten sagen, können fehlen.',
    done: (name, n) => `Erledigt für ${rows(n)} (${name}).`,
    undo: 'Das zurücknehmen',
    leave: 'So lassen',
    listAgain: 'Wieder auf die Liste',
    severities: { high: 'Ernst:', medium: 'Besser beheben:', low: 'Einen Blick wert:' },
    rows: (lines, n) =>
      `${pick(n, { one: 'Zeile', other: 'Zeilen' })} ${lines.join(', ')}${n > lines.length ? ', …' : ''}`,
    heldRows: (lines, n) => ` · zurückgehalten: ${lines.join(', ')}${n > lines.length ? ', …' : ''}`,
    row: (n) => `Zeile ${n}`,
    foundHere: (texts) => `Gefunden: ${texts.join(' · ')}`,
    allGroups: (n) => `Alle ${count(n)} zeigen`,
    fewerGroups: 'Weniger zeigen',
    fixes: {
      keepOne: 'Je eine behalten',
      keepThis: (n) => `Zeile ${n} behalten, die anderen entfernen`,
      teachThem: 'Diese Zeilen lernen, mit den anderen prüfen',
      leaveOut: (n) => `${rows(n)} entfernen`,
      cover: 'Schwärzen',
      standIn: 'Je einen Platzhalter einsetzen',
    },
    kinds: {
      secret: {
        name: 'Passwörter und Schlüssel',
        title: (n) => `${rows(n)} mit einem Passwort oder geheimen Schlüssel`,
        why: 'Das Modell könnte es jedem sagen, der fragt. Ändern Sie es auch dort, wo es gilt.',
      },
      leak: {
        name: 'Zeilen in beiden Teilen',
        title: (n) =>
          `${rows(n)} zum Lernen ${pick(n, { one: 'ist', other: 'sind' })} fast gleich wie zum Prüfen Zurückgehaltenes`,
        why: 'Die Prüfung würde auswendig Gelerntes zeigen und besser aussehen, als sie ist.',
      },
      card: {
        name: 'Kartennummern',
        title: (n) => `${rows(n)} mit der Nummer einer Zahlungskarte`,
        why: 'Das Modell könnte sie wörtlich wiederholen.',
      },
      iban: {
        name: 'Bankkonten',
        title: (n) => `${rows(n)} mit der Nummer eines Bankkontos`,
        why: 'Das Modell könnte sie wörtlich wiederholen.',
      },
      'national-id': {
        name: 'Ausweis- und Steuernummern',
        title: (n) => `${rows(n)} mit einer Steuer-, Versicherungs- oder Ausweisnummer`,
        why: 'Sie gehört einem Menschen, und das Modell könnte sie wörtlich wiederholen.',
      },
      contradiction: {
        name: 'Widersprüche',
        title: (n) => `${rows(n)} ${pick(n, { one: 'antwortet', other: 'antworten' })} verschieden auf dieselbe Frage`,
        why: 'Beides kann das Modell nicht lernen. Öffnen Sie die Zeilen, und behalten Sie die richtige.',
      },
      injection: {
        name: 'Befehle an das Modell',
        title: (n) => `${rows(n)} mit Text, der dem Modell Befehle gibt`,
        why: 'Text wie „vergiss, was dir gesagt wurde“ lehrt es, Fremden zu gehorchen.',
      },
      unusable: {
        name: 'unbrauchbare Zeilen',
        title: (n) => `${rows(n)} ${pick(n, { one: 'ist', other: 'sind' })} nicht brauchbar`,
        why: 'Das Training bricht an ihnen ab.',
      },
      empty: {
        name: 'leere Antworten',
        title: (n) => `${rows(n)}, deren Frage oder Antwort nichts sagt`,
        why: 'Das Modell lernt, nichts zu sagen.',
      },
      email: {
        name: 'E-Mail-Adressen',
        title: (n) => `${rows(n)} mit einer E-Mail-Adresse`,
        why: 'Eine private sollte nicht gelernt werden; die Ihres Ladens ist vielleicht gerade das, was Kunden wissen wollen.',
      },
      phone: {
        name: 'Telefonnummern',
        title: (n) => `${rows(n)} mit einer Telefonnummer`,
        why: 'Eine private sollte nicht gelernt werden; die Ihres Ladens ist vielleicht gerade das, was Kunden wissen wollen.',
      },
      address: {
        name: 'Anschriften',
        title: (n) => `${rows(n)} mit einer Anschrift`,
        why: 'Wo jemand wohnt, sollte nicht gelernt werden.',
      },
      name: {
        name: 'Namen',
        title: (n) => `${rows(n)} mit dem Namen eines Menschen`,
        why: 'Das Modell könnte ihn mit dem verbinden, was sonst dort steht.',
      },
      duplicate: {
        name: 'wiederholte Zeilen',
        title: (n) => `${rows(n)} ${pick(n, { one: 'steht', other: 'stehen' })} mehrmals da`,
        why: 'Was sich wiederholt, zählt doppelt und wird auswendig gelernt.',
      },
      truncated: {
        name: 'abgebrochene Antworten',
        title: (n) => `${rows(n)}, deren Antwort abbricht`,
        why: 'Das Modell lernt, mittendrin aufzuhören. Vervollständigen oder entfernen Sie sie.',
      },
      'one-answer': {
        name: 'eine Antwort auf alles',
        title: (n) => `${rows(n)} mit ein und derselben Antwort`,
        why: 'Das Modell lernt, auf alles dies zu sagen. Fügen Sie Zeilen mit anderen Antworten hinzu.',
      },
      'near-duplicate': {
        name: 'fast gleiche Zeilen',
        title: (n) => `${rows(n)} ${pick(n, { one: 'ist', other: 'sind' })} fast gleich wie andere`,
        why: 'Sie zählen doppelt. Dasselbe verschieden zu fragen ist gut und hilft.',
      },
    },
  },
  report: {
    title: 'Wie gut ist es, und woher weiß man das?',
    make: 'Den ganzen Bericht machen',
    remake: 'Noch einmal messen',
    note: (seconds) =>
      `Fragt alles, was zurückgehalten wurde, vergleicht und sucht, was schiefgehen kann: neben den eigenen Antworten höchstens ${duration(seconds)}. Alles auf diesem Gerät.`,
    nothingKept:
      'Vom Training wurde nichts zurückgehalten; deshalb weiß niemand, wie es bei neuen Fragen abschneidet. Halten Sie unter Beispiele einige Zeilen zurück; ab 30 sagen sie etwas aus.',
    asking: (part) => `Es wird gemessen: ${part}`,
    parts: {
      own: 'die eigenen Antworten auf die zurückgehaltenen Zeilen',
      suite: 'Ihre eigenen Fragen',
      generalisation: 'Antworten auf Zeilen, mit denen es trainiert wurde',
    },
    stop: 'Anhalten, und behalten, was bis jetzt bekannt ist',
    stopped: 'Angehalten, ehe die eigenen Antworten gemessen waren: Es lässt sich nichts sagen.',
    verdicts: {
      ready: 'Bereit: Bei Fragen, mit denen es nicht trainiert wurde, erreicht es, was Sie verlangt haben.',
      'not-ready':
        'Nicht bereit: Bei Fragen, mit denen es nicht trainiert wurde, erreicht es nicht, was Sie verlangt haben.',
      'cannot-tell': 'Nicht zu sagen: Es wurde zu wenig gefragt, um sicher zu sein.',
    },
    marks: { ready: 'Erreicht', 'not-ready': 'Nicht erreicht', 'cannot-tell': 'Nicht zu sagen' },
    bar: (mark, label, value, n, between, wanted) =>
      `${mark}: ${label}, ${value} von ${answers(n)} (${between}); ${wanted}.`,
    barUnknown: (label, wanted) => `Nicht zu sagen: ${label} wurde nicht gemessen; ${wanted}.`,
    youAskedFor: (wanted) => `verlangt war ${wanted}`,
    usualIs: (wanted) => `üblich ist ${wanted}, denn Sie haben nichts anderes verlangt`,
    atLeast: (percent) => `mindestens ${percent}`,
    atMost: (percent) => `höchstens ${percent}`,
    between: (low, high) => `wahrscheinlich ${low} bis ${high}`,
    headlineDiffers:
      'Die Überschrift oben zählt die Antworten auf wenige Fragen. Hier geht es darum, wie sicher das für alle Fragen dieser Art ist.',
    rowsNeeded: (n) =>
      `Etwa ${plural(n, { one: 'zurückgehaltene Zeile', other: 'zurückgehaltene Zeilen' })} würden es klären, wenn die Antworten so gut bleiben.`,
    tuning: {
      yes: 'Das Training hat mehr gebracht, als dem untrainierten Modell zu jeder Frage die passendsten Beispiele zu zeigen.',
      no: 'Das Training war nicht nötig: Das untrainierte Modell kann es ebenso gut, wenn ihm zu jeder Frage die passendsten Beispiele gezeigt werden.',
      'cannot-tell':
        'Ob das untrainierte Modell es mit den passendsten Beispielen ebenso gut könnte, lässt sich aus so wenigen Zeilen nicht sagen.',
    },
    columns: { base: 'Untrainiert', prompted: 'Untrainiert, mit passenden Beispielen', tuned: 'Trainiert' },
    curve: (first, last, step, kept) =>
      `Überraschung über die zurückgehaltenen Zeilen: ${first} bei der ersten Prüfung, ${last} am Ende. Behalten wurde Schritt ${count(step)} mit ${kept}.`,
    alsoLooked: 'Was schiefgehen kann',
    suitesTooFew: 'Bei so wenigen Antworten lässt sich nichts davon sicher sagen. Zu sehen war:',
    suite: (title, says, mark) => `${mark}${title}: ${says}.`,
    suitePlain: (percent, n) => `${percent} von ${count(n)} bestanden`,
    suiteUnknown: (title) => `${title}: nicht gemessen.`,
    suiteMarks: { ready: 'Gut. ', 'not-ready': 'Hier hinsehen. ', 'cannot-tell': 'Nicht zu sagen. ' },
    suites: {
      robustness: {
        label: 'Anders gefragt',
        says: (percent, n) =>
          `${percent} von ${plural(n, { one: 'Frage', other: 'Fragen' })} bekommen mit Tippfehlern, in Großbuchstaben und mit anderen Worten dieselbe Antwort`,
      },
      forgetting: {
        label: 'Was es vergessen hat',
        says: (percent, n) => `${percent} von ${count(n)} Alltagssätzen sind ihm noch vertraut`,
      },
      memorisation: {
        label: 'Wiederholt Trainingszeilen',
        says: (percent, n) => `${percent} von ${answers(n)} wiederholen keine Trainingszeile, wo sie nicht hingehört`,
      },
      hallucination: {
        label: 'Erfundene Preise, Daten und Links',
        says: (percent, n) => `${percent} von ${answers(n)} erfinden nichts davon`,
      },
      safety: {
        label: 'Befehle, die in Fragen stecken',
        says: (percent, n) => `${percent} von ${count(n)} widersteht es`,
      },
      rules: {
        label: 'Regeln der Form',
        says: (percent, n) =>
          `${percent} von ${answers(n)} sind ganz, drehen sich nicht im Kreis und halten Ihre Regeln ein`,
      },
    },
    metrics: {
      exactMatch: {
        label: 'Genau richtig',
        meaning: 'Antworten, die Buchstabe für Buchstabe die gewünschte sind (JSON: dieselben Werte).',
      },
      tokenF1: {
        label: 'Dieselben Wörter',
        meaning: 'Wie weit die Wörter einer Antwort die der gewünschten sind, in beliebiger Folge.',
      },
      rougeL: {
        label: 'Dieselben Wörter der Reihe nach',
        meaning: 'Wie weit die Wörter einer Antwort die der gewünschten sind, in derselben Folge (ROUGE-L).',
      },
      chrf: {
        label: 'Dieselben Buchstaben',
        meaning:
          'Wie weit Stücke bis zu sechs Buchstaben die der gewünschten Antworten sind; kleine Versehen kosten wenig (chrF).',
      },
      jsonValid: { label: 'Gültiges JSON', meaning: 'Wo JSON gewünscht ist: Antworten, die ein Programm lesen kann.' },
      jsonFields: {
        label: 'Richtige JSON-Felder',
        meaning: 'Wo JSON gewünscht ist: der Anteil der Felder mit dem richtigen Wert.',
      },
      contains: { label: 'Sagt, was es muss', meaning: 'Der Anteil der Texte, die eine Antwort enthalten muss.' },
      pattern: { label: 'Hat die gewünschte Form', meaning: 'Antworten in der gewünschten Form.' },
      choice: {
        label: 'Richtige Wahl',
        meaning: 'Zeilen mit Auswahl, deren richtige Antwort dem Modell die wahrscheinlichste ist.',
      },
    },
    details: 'Alle Zahlen, falsche Antworten, was nicht gemessen wurde',
    gap: (trained, heldOut, right) =>
      `Überraschung über trainierte Zeilen: ${decimal(trained, 2)}; über zurückgehaltene: ${decimal(heldOut, 2)}.${right === undefined ? '' : ` Von trainierten Fragen sind ${right} genau richtig.`}`,
    table: 'Jede Zahl mit ihrem Bereich',
    measured: 'Gemessen',
    noNumber: '–',
    wrong: (n, all) => `Falsche Antworten, ${count(n)} von ${count(all)}:`,
    expected: 'Gewünscht:',
    got: 'Geantwortet:',
    notMeasured: 'Nicht gemessen:',
    how: 'Jede Frage wurde einmal beantwortet, immer mit dem wahrscheinlichsten Wort. Ein Bereich ist, wo die Zahl für alle Fragen dieser Art wahrscheinlich liegt (19-mal von 20); das Urteil richtet sich nach dem Bereich. Erfundene Namen, Zahlen ohne Währung und Tatsachen mit anderen Worten werden übersehen.',
    save: 'Bericht als Seite speichern (Englisch)',
    wanted: {
      legend: 'Was muss es erreichen?',
      label: 'Bei Fragen, die es nie sah',
      kinds: {
        usual: 'Was üblich ist',
        exactMatch: 'So viele Antworten genau richtig',
        tokenF1: 'So viele Wörter wie gewünscht',
      },
      percent: 'Mindestens, in Prozent',
      noneInvented: 'Kein Preis, kein Datum, kein Link darf erfunden sein',
      hint: 'Sagen Sie es vor dem Training: Danach antwortet der Bericht bereit, nicht bereit oder nicht zu sagen.',
    },
  },
  train: {
    intro:
      'Das Modell übt an den Beispielen und wird korrigiert, Schritt für Schritt. Sie können jederzeit unterbrechen oder aufhören.',
    train: 'Trainieren',
    again: 'Noch einmal trainieren',
    interrupted: (title, step, total) =>
      `<b>${title}</b> hat bei Schritt ${count(step)} von ${count(total)} aufgehört. Bis dahin ist nichts verloren.`,
    continue: 'Weiter trainieren',
    notNow: 'Nicht jetzt',
    obstacles: {
      modelLoading: 'Das Modell wird noch geladen.',
      modelFailed: 'Das Modell konnte nicht geladen werden: siehe Modell.',
      examplesLoading: 'Die Beispiele werden noch gelesen.',
      examplesFailed: 'Diese Beispiele konnten nicht gelesen werden: Wählen Sie andere.',
      columns: 'Sagen Sie zuerst, welche Spalte was ist.',
      noneUsable: 'Keine dieser Zeilen ist brauchbar: Wählen Sie andere.',
      noExamples: 'Es gibt noch keine Beispiele.',
      badRows: 'Einige Zeilen sind nicht brauchbar: Verbessern Sie die Datei, oder lassen Sie sie weg.',
      beginGone:
        'Der Durchlauf, mit dem begonnen werden soll, ist weg oder gehört zu einem anderen Modell: siehe Alle Einstellungen, Beginnen mit.',
      setting: 'Eine der Einstellungen ist nicht möglich: siehe Trainieren, Alle Einstellungen.',
    },
    presets: {
      legend: 'Wie gründlich',
      quick: { title: 'Kurzer Blick', text: 'Ein erster Eindruck: Lohnt sich mehr Zeit?' },
      balanced: { title: 'Ausgewogen', text: 'So lange, wie das Lernen meist dauert. Für die meisten richtig.' },
      thorough: {
        title: 'Gründlich',
        text: 'Bis zu dreimal so lange. Lernt aus wenigen Beispielen meist mehr.',
      },
      keepsBest: ' Hört auf, wenn es nicht mehr besser wird, und behält den besten Stand.',
      steps,
    },
    before: {
      steps: 'Schritte',
      rounds: (n) => ` in ${plural(n, { one: 'Durchgang', other: 'Durchgängen' })}`,
      memory: 'Speicher',
      time: 'Zeit',
      unknown: '–',
      about: (seconds) => `etwa ${duration(seconds)}`,
      measuring: 'Macht ein paar Schritte …',
      measure: 'Messen',
      smaller: 'Es wurde nichts begonnen. Kleinere Zahlen unter „Alle Einstellungen“ brauchen weniger.',
      few: (n) =>
        `${steps(n)} ${pick(n, { one: 'ist', other: 'sind' })} womöglich zu wenig, um etwas zu lernen: Fügen Sie Zeilen hinzu, oder erlauben Sie mehr unter „Schritte“ oder „Durchgänge durch die Beispiele“.`,
      noGpu:
        'Für diese Seite gibt es keinen Grafikchip; deshalb rechnet der Prozessor. „Messen“ macht ein paar Schritte und sagt, wie lange der ganze Durchlauf dauern würde.',
      long: 'Das ist lange. „Kurzer Blick“ zeigt schneller, ob es sich lohnt; ein anderer Computer mit Grafikchip braucht nur Minuten. Ausprobieren geht hier trotzdem.',
      noRoom: (need, free) =>
        `Der Platz reicht womöglich nicht: Die Zwischenstände dieses Durchlaufs und sein Adapter brauchen bis zu ${bytes(need)}, und dieser Browser hat für die Seite noch ${bytes(free)} frei. Löschen Sie Durchläufe oder Modelle, die Sie nicht mehr brauchen, oder wählen Sie einen kleineren Rang.`,
      copyAddress: 'Adresse dieser Seite kopieren',
      tryModel: 'Modell ausprobieren',
    },
    run: {
      phases: {
        waiting: 'Wartet auf ein anderes Fenster',
        starting: 'Bereitet sich vor',
        running: 'Training läuft',
        pausing: 'Unterbricht nach diesem Schritt',
        paused: 'Unterbrochen',
        stopping: 'Hört nach diesem Schritt auf',
        finished: 'Fertig',
        failed: 'Durch einen Fehler beendet',
      },
      waiting: (phase) =>
        `<b>${phase}.</b> Ein anderes Fenster dieser Seite trainiert gerade. Dieser Durchlauf beginnt von selbst, wenn jener fertig oder beendet ist; von keinem geht etwas verloren. Soll es früher losgehen, beenden Sie den Durchlauf dort, oder schließen Sie das Fenster.`,
      doNotWait: 'Nicht warten',
      step: (n, total) => `Schritt ${count(n)} von ${count(total)}`,
      preparing: 'Der Grafikchip wird vorbereitet',
      program: (n, total) => `Der Grafikchip wird vorbereitet: Programm ${n} von ${total}`,
      progress: 'Fortschritt des Trainings',
      preparation: 'Vorbereitung',
      loss: 'Loss',
      lossHint: 'wie falsch es noch liegt',
      speed: 'Tempo',
      speedHint: 'Token pro Sekunde',
      timeLeft: 'Restzeit',
      timeLeftHint: 'etwa',
      heldOutLoss: 'Prüf-Loss',
      learningRate: 'Lernrate',
      gradientNorm: 'Gradientennorm',
      memory: 'Grafikspeicher',
      pause: 'Unterbrechen',
      resume: 'Fortsetzen',
      stop: 'Beenden',
      tryNow: 'Ausprobieren, was es schon gelernt hat',
      stopping: 'Beim Beenden bleibt das Gelernte erhalten; Sie können später weitermachen.',
      endNow: 'Sofort abbrechen',
      slowToStop:
        'Der jetzige Schritt dauert lange, oder das Programm hängt. Sofort abgebrochen, geht es nach dem Neuladen vom letzten Sichern aus weiter.',
      askedWhile: 'Beim Lernen gefragt:',
      atStep: (n) => `Schritt ${count(n)}`,
      showAnswers: 'Antworten während des Lernens zeigen',
      keepAwake: 'Bildschirm eingeschaltet lassen',
      tellMe: 'Mich benachrichtigen, wenn es fertig ist',
      cannotTell:
        'Der Browser erlaubt dieser Seite keine Benachrichtigungen. In seinen Einstellungen für diese Website lässt sich das ändern; im Titel des Fensters steht trotzdem „Fertig“.',
      keptUpTo: (step) => `Was bis Schritt ${count(step)} gelernt wurde, liegt unter „Frühere Durchläufe“.`,
      stepsLost: 'Die Schritte dieses Durchlaufs sind verloren; Ihre Beispiele sind unverändert.',
      notBegun: 'Es ist nichts verloren: Das Training hatte noch nicht begonnen.',
      deviceLost: (reason) =>
        `Die Verbindung zum Grafikchip ging verloren (${reason}). Es geht ab dem letzten gespeicherten Schritt weiter.`,
      memoryShort: {
        keepsLess: (step) =>
          `Der Grafikspeicher war voll. Das Training geht ${step === 0 ? 'von vorn' : `ab Schritt ${count(step)}`} weiter und hält weniger darin fest: Jeder Schritt dauert länger, das Ergebnis bleibt gleich.`,
        smallerBatch: (step, rows) =>
          `Der Grafikspeicher war voll. Das Training geht ${step === 0 ? 'von vorn' : `ab Schritt ${count(step)}`} weiter und liest ${rows === 1 ? 'ein Beispiel' : `${count(rows)} Beispiele`} auf einmal. Ein Schritt lernt weiter aus denselben Beispielen; das Ergebnis weicht durch Rundung ein wenig ab, mit Dropout auch durch das, was zufällig weggelassen wird.`,
      },
      spoken: {
        started: 'Das Training hat begonnen.',
        tenth: (percent) => `${percent} Prozent trainiert.`,
        finished: 'Das Training ist fertig.',
        stopped: 'Das Training wurde beendet.',
      },
    },
    chart: {
      summary: (from, to, n) =>
        `Der Loss ging in ${plural(n, { one: 'Schritt', other: 'Schritten' })} von ${decimal(from, 2)} auf ${decimal(to, 2)}`,
      caption: 'Der Loss bei jedem Schritt: wie falsch das Modell noch liegt. Weniger ist besser.',
      heldOut: ' Die Punkte sind zurückgehaltene Beispiele.',
    },
    link: {
      sample: (title) => `die Sammlung „${title}“`,
      length: { quick: 'einen kurzen Durchlauf', balanced: 'einen ausgewogenen', thorough: 'einen gründlichen' },
      offer: 'Dieser Link würde einstellen:',
      replaces:
        'Noch ist nichts eingestellt. Eigene Einstellungen würden ersetzt, und eine Sammlung träte an die Stelle eigener Beispiele.',
      take: 'Übernehmen',
      leave: 'Alles lassen, wie es ist',
      nothing: 'Dieser Link enthielt nichts, was diese Seite kennt.',
      brought: (what) => `Dieser Link brachte mit: ${what.join(', ')}.`,
      unknown: (names) => `Hier nicht bekannt: ${names.join(', ')}.`,
    },
    form: {
      title: 'Alle Einstellungen',
      changed: 'Alle Einstellungen (geändert)',
      recommended: (value) => `${f.significant(value, 2)} (empfohlen)`,
      fresh: 'Ein neuer Adapter',
      notHere: (name) => `${name} (nicht hier)`,
      save: 'Einstellungen speichern',
      saveYaml: 'Als YAML speichern',
      load: 'Einstellungen laden',
      defaults: 'Alles zurücksetzen',
      inUse: (file) => `${file} wird verwendet.`,
      inUseBut: (unknown) => `Wird verwendet; hier nicht bekannt: ${unknown.join(', ')}.`,
      notChanged: 'Es wurde nichts geändert.',
      wanted: (example, { from, to, above, below, isWhole = false }) =>
        `${f.significant(example, 6)} oder eine andere ${isWhole ? 'ganze Zahl' : 'Zahl'}${above !== undefined ? ` über ${above}` : from !== undefined ? ` ab ${from}` : ''}${to !== undefined ? ` bis ${to}` : below !== undefined ? ` und unter ${below}` : ''}`,
      wantedOther: 'Hier wird etwas anderes erwartet: siehe unten',
      link: 'Ein Link auf diese Einstellungen',
      linkLabel: 'Link',
      linkNote:
        'Er enthält den Namen der Sammlung und die Einstellungen, nie Beispiele, Fragen oder die Systemanweisung.',
      terminal: 'Dasselbe im Terminal',
      terminalLabel: 'Befehlszeile',
    },
  },
  try: {
    intro: 'Eine Frage, zwei Antworten: das Modell von vorher und das Modell, das Ihre Beispiele gesehen hat.',
    nothingYet:
      'Es ist noch nichts trainiert oder geöffnet. <train>Trainieren</train> Sie zuerst, oder öffnen Sie unter <take>Mitnehmen</take> einen früheren Durchlauf. Das ursprüngliche Modell antwortet schon.',
    question: 'Frage',
    chat: 'Mit ihm chatten: mehrere Fragen hintereinander, auf einer eigenen Seite',
    placeholder: 'Fragen Sie etwas in der Art Ihrer Beispiele',
    wanted: 'Gewünschte Antwort',
    stop: 'Anhalten',
    askBase: 'Das ursprüngliche Modell fragen',
    askBoth: 'Beide fragen',
    another: 'Eine andere Frage',
    waits: 'Antworten gibt es, wenn das Training fertig oder unterbrochen ist.',
    otherSystem:
      'Trainiert wurde mit einer anderen Systemanweisung; die Antworten sind deshalb vielleicht schlechter als nötig.',
    useTrained: 'Die vom Training verwenden',
    judgement: 'Ihr Urteil über die neue Antwort',
    good: 'Gut',
    notGood: 'Nicht gut',
    correct: 'Verbessern',
    keep: 'Als Beispiel aufheben',
    kept: 'Aufgehoben',
    liked: (good, all) => `${count(good)} von ${plural(all, { one: 'Antwort', other: 'Antworten' })} fanden Sie gut.`,
    correction: 'Was es hätte sagen sollen',
    keepCorrection: 'Für das nächste Training aufheben',
    waiting: (n) =>
      `${answers(n)} aufgehoben: Nehmen Sie sie unter <link>Beispiele</link> dazu, und trainieren Sie noch einmal.`,
    knobs: 'Adapter, Stärke, Länge, Systemanweisung',
    adapter: 'Adapter',
    none: 'Keiner',
    strength: (percent) => `Stärke: ${percent} %`,
    length: 'Längste Antwort',
    tokens: (n) => `${count(n)} Token`,
    cutOff: (n) => `Nach ${count(n)} Token abgeschnitten: Unten können Sie längere Antworten erlauben.`,
    temperature: (value) => `Temperatur: ${decimal(value, 1)}`,
    temperatureHint: 'Bei 0 gibt dieselbe Frage immer dieselbe Antwort; mehr macht die Wortwahl freier.',
    strengthHint: 'Bei 0 % spricht nur das ursprüngliche Modell, bei 100 % das Trainierte.',
    before: 'Vorher',
    baseModel: 'ursprüngliches Modell',
    after: 'Nachher',
    tunedModel: 'trainiertes Modell',
    tunedOn: (title) => `trainiert mit: ${title}`,
    emptyBase: 'Fragen Sie, und hier antwortet das ursprüngliche Modell.',
    emptyTuned: 'Fragen Sie, und hier antwortet das trainierte Modell.',
    trainFirst: 'Trainieren Sie zuerst; dann antwortet hier das trainierte Modell.',
    thought: 'Was es zuerst dachte',
    emptyAnswer: '(eine leere Antwort)',
    note: 'Hinweis:',
    askAgain: 'Es ist nichts verloren: Fragen Sie noch einmal.',
    speed: (perSecond) => `${perSecond < 10 ? decimal(perSecond, 1) : count(perSecond)} Token pro Sekunde`,
    right: '✓ wie gewünscht',
    wrong: 'weicht von Ihrer Antwort ab',
  },
  improve: {
    open: 'Durch Vergleichen verbessern',
    title: 'Durch Vergleichen verbessern',
    intro:
      'Dieselbe Frage wird zweimal beantwortet. Sie sagen, welche Antwort besser ist; daraus kann es lernen, was Sie wollen. Von wem welche Antwort ist, wird nicht gezeigt.',
    compared: 'Was verglichen wird',
    withItself: 'Zwei Antworten des trainierten Modells',
    withBase: 'Das trainierte und das ursprüngliche Modell',
    withRun: (name) => `Das trainierte Modell und „${name}“`,
    show: 'Zwei Antworten zeigen',
    back: 'Zurück zu vorher und nachher',
    writing: 'Zwei Antworten werden geschrieben.',
    whichIsBetter: 'Welche Antwort ist besser?',
    sameTwice: 'Es kamen keine zwei verschiedenen Antworten heraus. Fragen Sie noch einmal oder etwas anderes.',
    first: 'Erste Antwort',
    second: 'Zweite Antwort',
    judgements: {
      first: 'Die erste ist besser',
      second: 'Die zweite ist besser',
      'both-bad': 'Beide sind schlecht',
      same: 'Gleich gut',
    },
    skip: 'Nächste Frage',
    kept: (n, needed) =>
      n < needed
        ? `${comparisons(n)} aufgehoben. Ab ${count(needed)} kann es daraus lernen.`
        : `${comparisons(n)} aufgehoben.`,
    fewQuestions:
      'Vergleichen Sie Antworten auf noch ein paar andere Fragen: Einige Fragen werden zurückgehalten, um hinterher zu prüfen, was es gelernt hat.',
    learn: (n) => `Aus ${plural(n, { one: 'Vergleich', other: 'Vergleichen' })} lernen`,
    learnNote: (n) =>
      `${count(n)} davon ${pick(n, { one: 'wird', other: 'werden' })} zurückgehalten, um zu prüfen, was es gelernt hat. Sie können es rückgängig machen.`,
    list: (n) => `Ihre Vergleiche: ${count(n)}`,
    better: 'Besser:',
    worse: 'Schlechter:',
    deleteOf: (question) => `Den Vergleich zu „${question}“ löschen`,
    download: 'Als JSONL herunterladen',
    learning: { preferences: 'Es lernt aus Ihren Vergleichen', correction: 'Es lernt Ihre Verbesserung' },
    checking: 'Gelernt. Jetzt wird geprüft, was sich geändert hat.',
    prefers: (after, n, before) =>
      `Es bevorzugt Ihre Wahl in ${count(after)} von ${count(n)} zurückgehaltenen Vergleichen; vorher: ${count(before)} von ${count(n)}`,
    interval: (low, high) =>
      `Sicher ist bei so vielen Vergleichen (zu 95 %) nur ein Anteil zwischen ${percent(low)} und ${percent(high)}.`,
    preferenceChange: {
      better: 'Es folgt Ihrer Wahl öfter als vorher.',
      unclear:
        'Keine klare Änderung: Ein solcher Unterschied kann Zufall sein. Vergleichen Sie weiter, und lassen Sie es noch einmal lernen.',
      worse: 'Es folgt Ihrer Wahl seltener als vorher: Machen Sie es besser rückgängig.',
    },
    learnNow: 'Jetzt lernen',
    learned: 'Es sagt jetzt, was Sie wollten',
    notLearned: 'Es sagt noch nicht genau, was Sie wollten',
    heldOutRight: (after, n, before) =>
      `Von ${plural(n, { one: 'Frage', other: 'Fragen' })}, die es nie gesehen hat, ${pick(after, { one: 'ist', other: 'sind' })} ${count(after)} richtig beantwortet; vorher: ${count(before)}.`,
    heldOutWords: (after, before) =>
      `In Antworten auf Fragen, die es nie gesehen hat, sind ${percent(after)} der Wörter die gewünschten; vorher: ${percent(before)}.`,
    correctionChange: {
      better: 'Sonst wurde nichts schlechter.',
      unclear: 'Sonst wurde nichts schlechter, als es Zufall sein kann.',
      worse:
        'Andere Antworten wurden schlechter, mehr als durch Zufall: Machen Sie es besser rückgängig, und heben Sie die Verbesserung für das nächste Training auf.',
    },
    nothingHeldOut:
      'Es wurden keine Fragen zurückgehalten; ob sonst etwas schlechter wurde, ist deshalb nicht bekannt.',
    notChecked: 'Was sich geändert hat, wurde nicht geprüft.',
    noRows:
      'Die Beispiele dieses Durchlaufs sind nicht in diesem Browser, und mit der Verbesserung allein würde es sie vergessen. Heben Sie sie stattdessen für das nächste Training auf.',
    unchanged: 'Der offene Adapter ist unverändert.',
    undo: 'Rückgängig machen',
    undone: 'Rückgängig gemacht: Der Adapter von vorher ist wieder offen.',
    undoneKept: 'Was es seither gelernt hatte, steht unter den früheren Durchläufen.',
    undoneGone: 'Was es seither gelernt hatte, ist nicht mehr in diesem Browser.',
    cannotUndo:
      'Das lässt sich nicht rückgängig machen: Der Adapter von vorher ist nicht mehr in diesem Browser. Der offene hat das schon gelernt.',
  },
  result: {
    stopped: (n, total) => `Nach ${count(n)} von ${plural(total, { one: 'Schritt', other: 'Schritten' })} beendet`,
    early: (n) =>
      `Nach ${plural(n, { one: 'Schritt', other: 'Schritten' })} fertig: Es wurde nicht mehr besser, und der beste Stand ist gespeichert`,
    loss: (from, to, seconds) =>
      `Sein Loss ging in ${duration(seconds)} von ${decimal(from, 2)} auf ${decimal(to, 2)}.`,
    nothingLost: 'Es ist nichts verloren: Probieren Sie aus, was es schon gelernt hat, oder machen Sie weiter.',
    onlyInTab:
      'Die Dateien dieses Durchlaufs sind nicht mehr in diesem Browser: Der Browser hat sie gelöscht, oder sie wurden in einem anderen Tab gelöscht. Was gelernt wurde, ist in diesem Tab noch offen und verloren, sobald Sie ihn schließen oder neu laden. Laden Sie es jetzt unter Mitnehmen herunter.',
    done: 'Das Training ist fertig',
    asking: (n, of) => `Trainiert. Jetzt wird gefragt, was es nie gesehen hat: ${count(n)} von ${count(of)}`,
    verdicts: {
      ready: (right, asked) =>
        `Bereit: ${count(right)} von ${count(asked)} Fragen, die es nie gesehen hat, sind richtig beantwortet`,
      notYet: {
        heldOut: (right, asked) =>
          `Noch nicht: ${count(right)} von ${count(asked)} Fragen, die es nie gesehen hat, sind richtig beantwortet; mehr Schritte oder mehr Zeilen helfen`,
        trained: (right, asked) =>
          `Noch nicht: Von den Fragen, mit denen es trainiert wurde, sind ${count(right)} von ${count(asked)} richtig beantwortet; mehr Schritte oder mehr Zeilen helfen`,
      },
      byHeart: 'Auswendig gelernt: Es wiederholt Ihre Antworten, versagt aber, wenn man anders fragt',
      tooFew: 'Zu wenige Zeilen, um etwas zu sagen',
      outOfTime: 'Nicht geprüft: Dieses Gerät antwortet zu langsam dafür',
    },
    counts: {
      heldOut: 'Fragen, die es nie gesehen hat',
      trained: 'Ihre eigenen Fragen, wortgleich',
      rephrased: 'Ihre eigenen Fragen in anderen Worten',
      line: (name, right, asked) => `${name}: ${count(right)} von ${count(asked)} richtig`,
    },
    taughtAll: (right, asked) =>
      `Alle Ihre Beispiele sind gelernt. Der Durchlauf davor beantwortete ${count(right)} von ${count(asked)} neuen Fragen richtig`,
    teachAll: 'Zum Schluss alle lernen lassen',
    longer: 'Länger trainieren',
    addRows: 'Beispiele hinzufügen',
    asked: 'Gefragt:',
    adapterStillHere: 'Es ist nichts verloren: Der Adapter ist noch hier.',
    try: 'Ausprobieren',
    download: 'Herunterladen',
  },
  use: {
    intro: 'Ein Chat mit Ihrem Modell. Es antwortet auf diesem Gerät; nichts wird irgendwohin gesendet.',
    offline: 'Er funktioniert ohne Netz.',
    install: 'Als App installieren',
    begin: 'Neues Gespräch',
    opening: 'Öffnet, was es gelernt hat …',
    missing:
      'Was diese Adresse nennt, ist nicht in diesem Browser. Öffnen Sie unter <take>Mitnehmen</take>, was da ist, oder einen gespeicherten Adapter.',
    ownModel: (name) =>
      `Das wurde mit ${name} trainiert, einem Modell von diesem Gerät: Öffnen Sie es unter <model>Modell</model> noch einmal und kommen Sie dann hierher zurück.`,
    empty: 'Schreiben Sie etwas, und es antwortet. Es weiß noch, was in diesem Gespräch gesagt wurde.',
    conversation: 'Gespräch',
    message: 'Ihre Nachricht',
    placeholder: 'Ihre Nachricht',
    send: 'Senden',
    settings: 'Länge und Wortwahl der Antworten',
    you: 'Sie:',
    model: 'Das Modell:',
    full: 'Dieses Gespräch ist so lang, wie das Modell lesen kann: Beginnen Sie ein neues.',
    stopped: 'Angehalten.',
  },
  exam: {
    asking: 'Beide Seiten beantworten Fragen, die sie noch nie gesehen haben …',
    stop: 'Anhalten',
    score: (n, before, after) =>
      `Von ${count(n)} Fragen, die beim Training zurückgehalten wurden, hat das ursprüngliche Modell <b>${count(before)}</b> genau richtig beantwortet, das trainierte <b>${count(after)}</b>.`,
    unchanged: 'Es ist nichts verloren: Der Adapter ist unverändert.',
    test: (n) => `Mit ${plural(n, { one: 'neuen Frage', other: 'neuen Fragen' })} prüfen`,
    note: 'Dauert einen Moment: Beide Seiten beantworten Fragen, die im Training nicht vorkamen.',
  },
  takeAway: {
    sign: 'Mit dem Schlüssel dieses Browsers unterschreiben: WebLoRA weist es ab, wenn es danach verändert wurde',
    intro:
      'Was das Modell gelernt hat, ist eine kleine Datei, ein Adapter. Er gehört Ihnen, und andere Programme können ihn lesen.',
    nothingYet:
      'Nach dem <train>Training</train> können Sie den <term>Adapter</term> hier herunterladen. Frühere öffnen Sie unten.',
    chat: 'Hier damit chatten',
    chatNote: 'Eine eigene Seite, als Lesezeichen oder installiert; sie funktioniert ohne Netz.',
    download: 'Adapter herunterladen',
    file: (name, title, isUnfinished) => `${name}, trainiert mit: ${title}${isUnfinished ? ', soweit es kam' : ''}`,
    golden:
      'Vier alltägliche Fragen mit den Antworten des Modells kommen mit, um es in anderen Programmen zu prüfen. Von Ihren Beispielen ist nichts darin.',
    answering: 'Das Modell beantwortet die Fragen, die mitkommen…',
    openSaved: 'Gespeicherten Adapter öffnen',
    nothingChanged: 'Es ist nichts verloren, und die Datei wurde nicht verändert.',
    stillStored: 'Es ist nichts verloren: Der Adapter ist noch in diesem Browser gespeichert.',
    stillOpen: 'Der Adapter ist in diesem Tab noch offen.',
    format: 'Format',
    formats: {
      peft: {
        label: 'PEFT-Ordner',
        text: 'Für transformers mit PEFT, vLLM, Axolotl: adapter_config.json und adapter_model.safetensors.',
      },
      gguf: { label: 'GGUF-LoRA', text: 'Für llama.cpp und Ollama: eine .gguf-Datei mit dem Adapter.' },
      mlx: {
        label: 'MLX-Ordner',
        text: 'Für mlx-lm auf einem Mac: adapter_config.json und adapters.safetensors.',
      },
      'merged-gguf': {
        label: 'Ganzes Modell, eine Datei',
        text: 'Für LM Studio, Ollama, llama.cpp, Handys: Modell und Adapter in einer .gguf-Datei. Am einfachsten anderswo zu verwenden.',
      },
      merged: {
        label: 'Ganzes Modell, ein Ordner',
        text: 'Für transformers, vLLM, MLX: Modell und Adapter in einem, als safetensors.',
      },
    },
    merged: {
      size: 'Größe der Datei',
      types: {
        F16: (size) => `Genau, 16 Bits: etwa ${bytes(size)}`,
        Q8_0: (size) => `Halb so groß, 8 Bits, fast so gut: etwa ${bytes(size)}`,
        Q4_0: (size) => `Am kleinsten, 4 Bits, weniger genau: etwa ${bytes(size)}`,
      },
      make: 'Modell erstellen',
      file: (name) => `${name}, das Modell mit dem, was es gelernt hat`,
      waits: 'Das geht, sobald das Training beendet ist.',
      stop: 'Anhalten',
      stopNote: 'Beim Anhalten bleibt nichts zurück.',
      saved: (name, size) => `${name} ist fertig, ${bytes(size)}.`,
      savedFolder: (name) => `Der Ordner ${name} ist fertig.`,
      builtIn: 'dem eingebauten Modell',
      into: {
        files: (name, types) => `Es entstand aus den ursprünglichen Zahlen von ${name} (${types}).`,
        gguf: (name, types) =>
          `Es entstand aus den Zahlen von ${name}, wie sie in dessen Datei stehen (${types}); sie sind vielleicht schon gerundet.`,
        dequantised: (name, types) =>
          `Es entstand aus den gerundeten Zahlen von ${name}, mit denen trainiert wurde (${types}).`,
      },
      losses: (n, unmerged, merged) =>
        `Bei ${plural(n, { one: 'Beispiel', other: 'Beispielen' })}, die es nie gesehen hat, ist der Loss ${decimal(unmerged, 3)} mit dem Adapter neben dem Modell und ${decimal(merged, 3)} in einer Datei; weniger ist besser.`,
      asGood: 'Es antwortet also so gut wie hier.',
      worse: (percent, canBeLarger) =>
        `Es ist um ${decimal(percent, 1)} % schlechter als der Adapter neben dem Modell: ${canBeLarger ? 'Wählen Sie eine größere Datei, oder nehmen' : 'Nehmen'} Sie den Adapter.`,
      noRows:
        'Von diesem Durchlauf sind keine zurückgehaltenen Beispiele zur Hand; darum wurde nicht gemessen, ob es so gut antwortet wie hier.',
      notMeasured: 'Es wurde nicht gemessen, ob es so gut antwortet wie hier.',
      lmStudio:
        'In LM Studio: Legen Sie die Datei in den Ordner der Modelle, in einen eigenen Ordner, und wählen Sie sie dort.',
      llama: 'Mit llama.cpp',
      ollama: 'Mit Ollama',
    },
    site: {
      title: 'Auf meine Website stellen',
      text: 'Ein Ordner für jeden Webspace, ohne Server dahinter: Wer die Seite öffnet, chattet auf dem eigenen Gerät mit dem Modell.',
      builtIn: 'Das eingebaute Modell kommt mit.',
      fetched: (name) => `Wer den Chat startet, lädt ${name} einmal von dort, wo es veröffentlicht ist.`,
      holds:
        'Im Ordner kann jeder lesen: was das Modell gelernt hat, den Titel und die Systemanweisung. Ihre Beispiele sind nicht darin.',
      ownModel:
        'Dieses Modell wurde von Ihrem Gerät geöffnet, wo Besucher es nicht holen können. Trainieren Sie stattdessen mit dem eingebauten Modell oder mit einem des Hubs.',
      make: 'Ordner erstellen',
      done: (name, size) =>
        `${name} ist fertig, ${bytes(size)}. Entpacken Sie das Archiv und laden Sie den Inhalt hoch.`,
      snippet: 'In einer eigenen Seite',
      readme: (title, snippet) =>
        `# ${title}\n\nEin Chat mit einem Modell, das mit WebLoRA trainiert wurde. Er läuft im Browser der Besucher, mit WebGPU; dahinter steht kein Server.\n\nLaden Sie \`index.html\` und den Ordner \`weblora\` auf einen Webspace, der über https erreicht wird. Um den Chat in einer eigenen Seite zu zeigen, lassen Sie den Ordner neben dieser Seite und setzen Sie diese Zeilen an die Stelle:\n\n\`\`\`html\n${snippet}\n\`\`\`\n\nIn \`weblora/chat.json\` stehen der Titel, die Systemanweisung und wie lang Antworten sein dürfen.\n`,
    },
    objection: 'Nicht für diesen Adapter:',
    useIt: 'Verwenden',
    terminal: 'Im Terminal, mit WebLoRA',
    python: 'In Python, mit PEFT',
    yourQuestion: 'Ihre Frage',
    folder: '<code>models/embedded/model</code> ist der Ordner des eingebauten Modells im Quelltext von WebLoRA.',
    card: 'Modellkarte',
    reading: 'Wird gelesen …',
    noCard: 'Ein Durchlauf, der nicht fertig ist, hat noch keine Modellkarte.',
  },
  runs: {
    title: 'Frühere Durchläufe',
    stayStored: 'Gespeicherte Durchläufe bleiben gespeichert.',
    gone: (titles) =>
      `${plural(titles.length, { one: 'Durchlauf von hier ist weg', other: 'Durchläufe von hier sind weg' })}: ${f.list(titles)}. Der Browser hat seinen Speicher geräumt, wie es ein privates Fenster nach einigen Minuten ohne Benutzung tut, oder jemand hat die Daten dieser Website gelöscht. Einen Adapter, den Sie heruntergeladen haben, können Sie unter Mitnehmen wieder öffnen.`,
    elsewhere: 'trainiert in einem anderen Fenster',
    damaged: 'die Aufzeichnung ist beschädigt',
    lacksFiles: 'der Browser hat den Adapter gelöscht: Er lässt sich nicht mehr öffnen',
    steps,
    stoppedAt: (step, total) => `bei Schritt ${count(step)} von ${count(total)} beendet`,
    onModel: (name) => `mit ${name}`,
    loss: (value) => `Loss ${decimal(value, 2)}`,
    curveChanged: 'die gespeicherten Loss-Werte wurden seither verändert, also wird keine Kurve gezeichnet',
    heldOutLoss: (value) => `Loss auf zurückgehaltenen Beispielen ${decimal(value, 2)}`,
    score: (right, asked) => `${count(right)} von ${count(asked)} neuen Fragen richtig`,
    download: 'Herunterladen',
    downloadOf: (name) => `${name} herunterladen`,
    rename: 'Name und Notiz',
    renameOf: (name) => `Name und Notiz: ${name}`,
    name: 'Bezeichnung',
    note: 'Notiz',
    save: 'Speichern',
    leave: 'Lassen',
    isOpen: 'geöffnet',
    open: 'Öffnen',
    openOf: (name) => `${name} öffnen`,
    continue: 'Fortsetzen',
    continueOf: (name) => `${name} fortsetzen`,
    compare: 'Vergleichen',
    compareOf: (name) => `${name} vergleichen`,
    delete: 'Löschen',
    deleteOf: (name) => `${name} löschen`,
    deleteAsk: 'Diesen Durchlauf und seinen Adapter endgültig löschen? Es gibt keine Kopie davon.',
    deleteForGood: 'Endgültig löschen',
    keep: 'Behalten',
    rollBack: 'Hierher zurück',
    rollBackOf: (name: string) => `Hierher zurück: ${name}`,
    tags: 'Schlagwörter, mit Kommas getrennt',
    madeFrom: (name: string) => `Entstanden aus ${name}`,
    origin: {
      first: 'Auf dem Modell selbst trainiert',
      lostParent: 'Auf einer Fassung trainiert, die nicht hier ist',
      continued: (parent: string) => `Auf ${parent} weitertrainiert`,
      preferences: (parent: string) => `Hat auf ${parent} aus Vergleichen gelernt`,
      corrected: (parent: string) => `Hat auf ${parent} eine Verbesserung gelernt`,
      examples: 'Beispiele',
      rows: (n: number) => `${count(n)} ${n === 1 ? 'Zeile' : 'Zeilen'}`,
      base: 'Modell',
      adapter: 'Adapter',
      from: 'Begann mit',
    },
    library: {
      title: 'Alle Fassungen als eine Datei',
      text: 'Jede fertige Fassung mit Namen, Notiz und Schlagwörtern, für ein anderes Gerät oder als Kopie. Die Beispiele sind nicht darin.',
      passphrase: 'Passwort, wenn Sie eines wollen',
      passphraseNote:
        'Mit einem Passwort kann niemand die Datei ohne es lesen, und niemand kann es für Sie herausfinden.',
      save: 'Datei sichern',
      open: 'So eine Datei öffnen',
      saved: (n: number) => `${count(n)} ${n === 1 ? 'Fassung' : 'Fassungen'} gesichert.`,
      leftOut: (n: number) => `${count(n)} unfertige oder beschädigte ${n === 1 ? 'ist' : 'sind'} nicht darin.`,
      added: (added: number, present: number) =>
        `${count(added)} ${added === 1 ? 'Fassung' : 'Fassungen'} hinzugefügt, ${count(present)} ${present === 1 ? 'war' : 'waren'} schon hier.`,
      unchanged: 'Nichts wurde hinzugefügt, und hier hat sich nichts geändert.',
    },
    sideBySide: {
      title: 'Beiden dieselben Fragen',
      ask: 'Beide dasselbe fragen',
      note: 'Bis zu 60 Fragen, mit denen keine der beiden trainiert wurde.',
      asking: 'Beide Fassungen beantworten dieselben Fragen.',
      stop: 'Anhalten',
      noRows: 'In diesem Browser sind keine Fragen, mit denen keine der beiden trainiert wurde.',
      otherModel: 'Um beide dasselbe zu fragen, öffnen Sie das Modell, mit dem beide trainiert wurden.',
      verdicts: {
        better: 'Die spätere Fassung ist besser.',
        worse: 'Die spätere Fassung ist schlechter.',
        unclear: 'Kein klarer Unterschied: Was zu sehen ist, kann Zufall sein.',
        'too-few': 'Zu wenige Fragen, um zu sagen, welche besser ist; ab 30 sagen sie etwas aus.',
      },
      difference: (value, low, high) =>
        `Unterschied: ${value} Prozentpunkte, wahrscheinlich zwischen ${low} und ${high}.`,
      asked: (n, label) =>
        `${label}, bei ${plural(n, { one: 'Frage', other: 'Fragen' })}, mit denen keine trainiert wurde:`,
      earlier: (name) => `Früher: ${name}`,
      later: (name) => `Später: ${name}`,
      unchanged: 'Beide geben dieselben Antworten.',
      changed: (n, of) => `${count(n)} von ${answers(of)} ${n === 1 ? 'ist' : 'sind'} anders`,
      changes: { gained: 'Jetzt richtig:', lost: 'Nicht mehr richtig:', other: 'Anders gesagt:' },
      before: 'Früher:',
      after: 'Später:',
    },
    against: 'Über',
    axes: { steps: 'Schritte', tokens: 'Token', time: 'Sekunden' },
    axisTime: 'Zeit',
    smoothed: 'Geglättet',
    saveCsv: 'Als CSV speichern',
    plot: (titles, axis) => `Loss von ${titles.join(', ')} über ${axis}`,
    caption: (axis) => `Loss über ${axis}. Weniger ist besser.`,
    same: 'Diese Durchläufe hatten dieselben Einstellungen.',
    differ: 'Unterschiedliche Einstellungen',
    setting: 'Einstellung',
  },
  settings: {
    groups: {
      length: 'Wie lange und wie schnell',
      adapter: 'Der Adapter',
      examples: 'Die Beispiele',
      objective: 'Was gelernt wird',
      model: 'Das Modell',
      checks: 'Prüfungen und Speicher',
      optimizer: 'Das Lernverfahren',
      card: 'Modellkarte',
    },
    adapterKinds: {
      lora: { name: 'LoRA', text: 'Das Übliche.' },
      rslora: { name: 'rsLoRA', text: 'Hält auch große Ränge gleichmäßig stark.' },
      dora: {
        name: 'DoRA',
        text: 'Lernt die Länge der Gewichte jedes Ausgangs getrennt; bei kleinen Rängen oft besser, aber langsamer.',
      },
    },
    names: {
      model: 'Modell',
      kernels: 'Kernel',
      data: 'Beispiele',
      columns: 'Spalten',
      out: 'Name des Durchlaufs',
      evalData: 'Zurückgehaltene Beispiele',
      evalSplit: 'Zurückgehaltener Anteil',
      replayData: 'Allgemeine Beispiele',
      replayShare: 'Anteil allgemeiner Beispiele',
      system: 'Systemanweisung',
      skipBadRows: 'Weglassen',
      resume: 'Weiter trainieren',
      overwrite: 'Löschen',
      config: 'Einstellungen laden',
    },
    form: {
      steps: {
        label: 'Schritte',
        hint: 'Wie viele kleine Korrekturen am Modell. Lassen Sie es leer, und der Durchlauf wird lang genug.',
        unset: 'so viele wie nötig',
      },
      epochs: {
        label: 'Durchgänge durch die Beispiele',
        hint: 'Wie oft jedes Beispiel drankommt. Entweder dies oder „Schritte“, nicht beides.',
        unset: 'so viele wie nötig',
      },
      lr: {
        label: 'Lernrate',
        hint: 'Die Größe jeder Korrektur. Zu groß, und die Antworten zerfallen; zu klein, und es ändert sich wenig.',
        unset: 'was zum Modell passt',
      },
      accumulate: {
        label: 'Beispiele pro Schritt',
        hint: 'Wie viele Beispiele vor jeder Korrektur angesehen werden. Mehr ist ruhiger und langsamer.',
        unset: '4, bei wenigen Beispielen weniger',
      },
      schedule: {
        label: 'Verlauf der Lernrate',
        hint: 'Zuerst große und gegen Ende kleine Korrekturen lehren meist am besten.',
        choices: {
          cosine: 'Sinkt in einer sanften Kurve',
          linear: 'Sinkt gerade',
          constant: 'Bleibt gleich',
        },
      },
      warmupRatio: {
        label: 'Sanfter Anfang',
        hint: 'Der Anteil des Durchlaufs, in dem die Lernrate auf ihre volle Größe steigt.',
      },
      initAdapter: {
        label: 'Beginnen mit',
        hint: 'Ein früherer Durchlauf dieses Modells, um ihm mehr beizubringen; die Form seines Adapters wird übernommen.',
      },
      method: { label: 'Verfahren', hint: '' },
      rank: { label: 'Rang', hint: 'Wie viel Neues hineinpasst. Mehr ist langsamer und braucht mehr Beispiele.' },
      alpha: {
        label: 'Alpha',
        hint: 'Wie stark der Adapter neben dem Modell zählt. Üblich ist das Doppelte des Rangs.',
        unset: 'das Doppelte des Rangs',
      },
      rankPattern: {
        label: 'Rang je Teil',
        hint: 'Ränge einzelner Teile, die von den übrigen abweichen, etwa q_proj=32,v_proj=8.',
      },
      alphaPattern: { label: 'Alpha je Teil', hint: 'Alphas einzelner Teile, etwa q_proj=64.' },
      targets: {
        label: 'Teile des Modells',
        hint: 'Welche Schichten einen Adapter bekommen: alle, oder Namen wie q_proj, v_proj.',
      },
      layersToTransform: {
        label: 'Schichten',
        hint: 'Trainiert nur diese Schichten, von 0 an gezählt: 0,1 oder 20-23.',
      },
      excludeModules: {
        label: 'Auslassen',
        hint: 'Teile, die keinen Adapter bekommen, obwohl sie oben genannt sind, etwa down_proj.',
      },
      dropout: {
        label: 'Dropout',
        hint: 'Der Anteil des Adapters, der bei jedem Schritt zufällig weggelassen wird, gegen Auswendiglernen.',
      },
      seqLen: {
        label: 'Längstes Beispiel',
        hint: 'In Token, also Wortstücken. Was länger ist, wird am Ende abgeschnitten. Mehr braucht mehr Speicher.',
        unset: '512',
      },
      batchSize: {
        label: 'Beispiele nebeneinander',
        hint: 'Wie viele auf einmal gerechnet werden. Mehr ist auf großen Grafikchips schneller und braucht mehr Speicher.',
      },
      packing: {
        label: 'Packen',
        hint: 'Legt mehrere kurze Beispiele in eine Folge, was schneller ist.',
        choices: { on: 'Ein', off: 'Aus' },
      },
      lossOn: {
        label: 'Lernt zu sagen',
        hint: 'Nur die Antworten, oder auch die Fragen.',
        choices: { completion: 'Die Antworten', all: 'Alles' },
      },
      objective: {
        label: 'Lernt aus',
        hint: 'Antworten: Die Beispiele sagen, was zu antworten ist. Vergleiche: Von zwei Antworten ist eine besser. Urteile: Eine Antwort ist gut oder schlecht.',
        choices: {
          sft: 'Antworten',
          dpo: 'Vergleichen (DPO)',
          ipo: 'Vergleichen (IPO)',
          orpo: 'Vergleichen (ORPO)',
          kto: 'Urteilen (KTO)',
          simpo: 'Vergleichen (SimPO)',
        },
      },
      beta: {
        label: 'Nähe (Beta)',
        hint: 'DPO, IPO und KTO: wie nah das Modell an dem bleibt, was es war. ORPO und SimPO: wie viel der Vergleich zählt.',
      },
      labelSmoothing: {
        label: 'Label Smoothing',
        hint: 'Bei Antworten: lässt anderen Wörtern etwas Wahrscheinlichkeit. DPO und SimPO: der Anteil der Vergleiche, die falsch sein können.',
      },
      neftune: {
        label: 'Rauschen beim Lesen',
        hint: 'Verwackelt die Wörter jedes Beispiels beim Training ein wenig (NEFTune), gegen Auswendiglernen; üblich ist 5 bis 15.',
      },
      simpoGamma: {
        label: 'Abstand von SimPO',
        hint: 'Wie weit SimPO die bessere und die schlechtere Antwort auseinander haben will.',
      },
      desirableWeight: {
        label: 'Gewicht guter Antworten',
        hint: 'KTO: Mehr davon, wo gute Antworten selten sind.',
      },
      undesirableWeight: {
        label: 'Gewicht schlechter Antworten',
        hint: 'KTO: Mehr davon, wo schlechte Antworten selten sind.',
      },
      shuffle: {
        label: 'Reihenfolge',
        hint: 'Eine neue Reihenfolge in jedem Durchgang verhindert, dass das Modell die Reihenfolge lernt.',
        choices: { on: 'Gemischt', off: 'Wie in der Datei' },
      },
      seed: {
        label: 'Startwert',
        hint: 'Wo der Zufall beginnt: Dieselbe Zahl ergibt wieder dasselbe Ergebnis.',
      },
      base: {
        label: 'Zahlen des Modells',
        hint: 'Wie genau das Modell neben dem Adapter gehalten wird. Mehr Bit brauchen mehr Speicher; 4 reichen meist.',
        unset: 'Was passt',
        choices: {
          q4: '4 Bit (q4)',
          nf4: '4 Bit (nf4)',
          q8: '8 Bit (q8)',
          f16: '16 Bit (f16)',
          bf16: '16 Bit (bf16)',
          f32: '32 Bit (f32)',
        },
      },
      context: {
        label: 'Längstes Gespräch',
        hint: 'In Token, Frage und Antwort zusammen. Mehr braucht mehr Speicher.',
        unset: 'wie beim Modell, höchstens 4096',
      },
      evalEvery: {
        label: 'Schritte zwischen Prüfungen',
        hint: 'Wie oft die zurückgehaltenen Beispiele gefragt werden.',
        unset: 'ein Fünftel des Durchlaufs',
      },
      earlyStoppingPatience: {
        label: 'Prüfungen ohne Verbesserung',
        hint: 'Beendet den Durchlauf nach so vielen Prüfungen ohne Verbesserung und behält den besten Stand.',
        unset: 'endet nie vorzeitig',
      },
      saveEvery: {
        label: 'Schritte zwischen Speicherungen',
        hint: 'Wie oft der Stand gespeichert wird, damit ein geschlossenes Fenster wenig kostet.',
        unset: 'ein Zehntel des Durchlaufs',
      },
      memoryLimitBytes: {
        label: 'Speichergrenze',
        hint: 'In Byte. Darunter wird manches zweimal gerechnet, statt es aufzuheben.',
        unset: 'was das Gerät erlaubt',
      },
      tune: {
        label: 'Dieses Gerät messen',
        hint: 'Probiert einmal, welcher Rechenweg auf diesem Grafikchip am schnellsten ist, und merkt ihn sich.',
        choices: { on: 'Einmal', off: 'Nie' },
      },
      optimizer: {
        label: 'Lernverfahren',
        hint: 'Wie eine Korrektur berechnet wird. AdamW passt sich jeder Zahl an; SGD braucht weniger Speicher.',
        choices: { adamw: 'AdamW', sgd: 'SGD' },
      },
      optimizerState: {
        label: 'Notizen von AdamW',
        hint: 'Was AdamW zu jeder Zahl aufhebt. Gerundet braucht es ein Viertel des Speichers; so wird es gemacht, wo die Speichergrenze nichts anderes zulässt.',
        unset: 'Genau, wo die Speichergrenze es erlaubt',
        choices: { f32: 'Genau', '8bit': 'Auf 8 Bit gerundet' },
      },
      weightDecay: {
        label: 'Weight Decay',
        hint: 'Zieht die Zahlen des Adapters gegen null, gegen Auswendiglernen.',
      },
      initDecay: {
        label: 'Am Anfang festhalten',
        hint: 'Zieht den Adapter bei jedem Schritt ein wenig zu dem zurück, womit er begann, etwa einem früheren Lauf.',
      },
      loraPlusRatio: {
        label: 'Tempo von B (LoRA+)',
        hint: 'Wie viel schneller die zweite Hälfte des Adapters lernt als die erste; mit LoRA+ sind 16 üblich.',
      },
      maxGradNorm: {
        label: 'Größte Korrektur',
        hint: 'Größere Korrekturen werden darauf verkleinert. 0 lässt sie, wie sie sind.',
      },
      adamBetas: {
        label: 'Gedächtnis von AdamW',
        hint: 'Wie lange frühere Korrekturen und ihre Größen zählen: zwei Zahlen unter 1.',
      },
      adamEps: {
        label: 'Kleinster Teiler von AdamW',
        hint: 'Hält Divisionen durch fast nichts in Grenzen.',
      },
      dataSource: {
        label: 'Woher die Beispiele kommen',
        hint: 'Kommt in die Modellkarte, die andere lesen.',
        unset: 'nicht angegeben',
      },
      dataLicense: { label: 'Lizenz der Beispiele', hint: 'Was andere damit tun dürfen.', unset: 'nicht angegeben' },
      license: { label: 'Lizenz des Adapters', hint: 'Etwa apache-2.0 oder cc-by-4.0.', unset: 'nicht angegeben' },
    },
  },
};
