import { mergeRanges, rangesOf, type Range, type TextCheck } from '../finding.ts';

const CAP = "\\p{Lu}[\\p{L}'’.-]*";
const HOUSE = '\\d{1,4}(?:\\s?[a-hA-H](?!\\p{L}))?(?:\\s?[-–/]\\s?\\d{1,4}[a-hA-H]?)?';
const wall = (body: string, flags = 'gu'): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{N}])(?:${body})(?![\\p{L}\\p{N}])`, flags);

/** Streets with a house number, in the order that each language writes them. */
const STREETS = [
  // German, Dutch, Swedish, Danish, Norwegian: the kind of street is the end of its name.
  wall(
    `(?:${CAP}[ -]){0,3}\\p{Lu}[\\p{L}-]*?(?:stra(?:ß|ss)e|str\\.?|gasse|allee|platz|weg|ring|damm|ufer|chaussee|steig|pfad|markt|berg|promenade|zeile|straat|laan|plein|gracht|kade|dijk|singel|steeg|gatan|vägen|gränd|torget|stigen|vej|gade|veien|gata),?\\s(?:Nr\\.?\\s|nr\\.?\\s)?${HOUSE}`,
  ),
  wall(
    `(?:${CAP}[ -]){0,3}(?:Stra(?:ß|ss)e|Str\\.|Gasse|Allee|Platz|Weg|Ring|Damm|Ufer|Chaussee|Steig|Pfad|Markt|Promenade|Straat|Laan|Plein|Singel)\\s(?:Nr\\.?\\s)?${HOUSE}`,
  ),
  wall(
    `(?:Am|An der|An den|Auf der|Auf dem|Im|In der|Zum|Zur|Unter den|Hinter dem|Hinter der|Vor dem|Beim|Alte|Alter|Neue|Neuer)\\s(?:${CAP}\\s){0,2}${CAP}\\s${HOUSE}(?=\\s*(?:[,.;\\n)]|$|in\\s|\\d{4,5}\\s\\p{Lu}))`,
  ),
  // English: the number first, then the name, then the kind.
  wall(
    `\\d{1,5}(?:\\s?[A-Z])?(?:[-–]\\d{1,5})?,?\\s(?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\\.?\\s)?(?:(?:${CAP}|\\d{1,3}(?:st|nd|rd|th))\\s){1,4}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Place|Pl|Way|Square|Sq|Terrace|Ter|Close|Crescent|Cres|Parkway|Pkwy|Highway|Hwy|Trail|Circle|Cir|Row|Mews|Gardens|Grove|Hill|Walk|Park|Loop|Alley|Broadway|View|Green|Quay|Plaza)\\b\\.?(?:\\s(?:N|S|E|W|NE|NW|SE|SW)\\b\\.?)?(?:,?\\s(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|#)\\.?\\s?#?\\w{1,5})?`,
  ),
  wall(
    '(?:Flat|Apartment|Apt\\.?|Unit|Suite)\\s\\d{1,4}[A-Z]?,\\s\\d{1,4}[A-Z]?\\s\\p{Lu}\\p{L}+(?:\\s\\p{Lu}\\p{L}+){0,3}',
  ),
  wall(`\\d{1,5}\\s(?:Broadway|The\\s${CAP})`),
  wall(
    '(?:P\\.?\\s?O\\.?\\s?Box|Postfach|Boîte postale|B\\.?P\\.|Apartado(?: de correos)?|Casella postale|Postbus)\\s\\d[\\d ]{0,8}\\d?',
    'giu',
  ),
  // French
  wall(
    `\\d{1,4}(?:\\s?(?:bis|ter|quater))?,?\\s(?:rue|avenue|av\\.|boulevard|bd\\.?|place|chemin|impasse|allée|quai|route|cours|square|passage|faubourg|villa|sentier)\\s(?:(?:de|du|des|de\\sla|la|le|les|aux?|et|d['’]|l['’])\\s?){0,3}\\p{L}[\\p{L}'’.-]*(?:[ -](?:de|du|des|la|le|les|${CAP})){0,4}`,
    'giu',
  ),
  // Spanish, Portuguese, Catalan
  wall(
    `(?:Calle|C/|C\\.|Avenida|Avda\\.?|Av\\.|Plaza|Pza\\.?|Paseo|Pº|Carrer|Carretera|Ronda|Camino|Rua|R\\.|Travessa|Praça|Largo|Alameda|Estrada|Rodovia)\\s?(?:(?:de|del|de la|de los|de las|da|do|das|dos|la|el|los)\\s){0,2}${CAP}(?:\\s(?:de|del|la|los|da|do|dos|das|y|e|${CAP})){0,5},?\\s(?:n[º°.o]{1,2}\\s?|núm\\.?\\s|número\\s|nº)?\\d{1,5}[A-Z]?`,
  ),
  // Italian
  wall(
    `(?:Via|Viale|Piazza|Piazzale|P\\.za|Corso|Largo|Vicolo|Strada|Lungomare|Lungotevere|Contrada)\\s(?:(?:del|della|dei|delle|degli|di|dell['’]|d['’]|san|santa)\\s?){0,2}${CAP}(?:\\s(?:del|della|dei|delle|di|e|${CAP})){0,4},?\\s(?:n\\.?\\s?)?\\d{1,4}(?:/?[A-Za-z](?!\\p{L}))?`,
  ),
  // Polish, Czech
  wall(
    `(?:ul\\.|al\\.|pl\\.|os\\.|ulica|ulicy|aleja|alei|Ul\\.|Al\\.)\\s(?:\\d{1,2}\\s)?(?:${CAP}\\s){1,4}\\d{1,4}[A-Za-z]?(?:\\s?(?:/|m\\.?)\\s?\\d{1,4})?`,
  ),
];

const UNITS =
  /^(?:Euro|Dollar|Mark|Franken|Kunden|Kundinnen|Menschen|Personen|Einwohner|Stück|Uhr|Meter|Kilometer|Kilo|Gramm|Liter|Tonnen|Jahre|Tage|Stunden|Minuten|Sekunden|Zeilen|Zeichen|Wörter|Wörtern|Worte|Seiten|Bücher|Artikel|Teile|Mitarbeiter|Mitarbeitende|Besucher|Nutzer|Schritte|Punkte|Tokens?|Beispiele|Fragen|Antworten|Mal|Prozent|Watt|Volt|Kalorien|Soldaten|Tote|Pfund|Zuschauer|Schüler|Studenten|Studierende|Haushalte|Wohnungen|Arbeiter|Bytes?|Bit|Hertz|Umdrehungen|Rubel|Yen|Kronen|Exemplare|Werke|Arten|People|January|February|March|April|May|June|July|August|September|October|November|December|Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember|Olympics?|Games?|World|Cup|Census|Election|[A-Z]{2,})$/u;

/** Codes with a town: those whose form tells, and five or four digits where the place in the sentence tells too. */
const PLACES: readonly (readonly [RegExp, ((found: RegExpExecArray) => boolean)?])[] = [
  [/(?<![A-Z0-9])(?:GIR 0AA|[A-PR-UWYZ][A-HK-Y]?\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2})(?![A-Z0-9])/gu], // United Kingdom
  [
    /\p{Lu}[\p{L}.]+(?: \p{Lu}[\p{L}.]+){0,2},? (?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]) \d{5}(?:-\d{4})?(?!\d)/gu,
  ],
  [/(?<![A-Z0-9])[ABCEGHJ-NPRSTVXY]\d[A-Z] ?\d[A-Z]\d(?![A-Z0-9])/gu], // Canada
  [/(?<![\p{L}\d])[1-9]\d{3} ?(?!SA|SD|SS)[A-Z]{2}\s\p{Lu}[\p{L}-]+/gu], // Netherlands
  [/(?<!\d)\d{2}-\d{3} \p{Lu}\p{L}+/gu], // Poland
  [/(?<![\p{L}\d])(?:D|A|CH|F|I|E|B|L|DE|AT|SE|S|DK|N|NO)-\d{4,5} \p{Lu}[\p{L}-]+/gu],
  [/(?<![\p{L}\d])\d{5}-\d{3},? \p{Lu}[\p{L}-]+/gu], // Brazil
  [
    /(?:(?<=^|[,;:\n(–-]\s?)|(?<=(?:^|\s)(?:in|nach|aus|wohne in|à|en|a|te|Postleitzahl|PLZ:?)\s))(?:\d{5}|\d{3} \d{2}|[1-9]\d{3}) (?:(?:Bad|Sankt|St\.|La|Le|Les|San|Santa|Den|Sint) )?(\p{Lu}[\p{L}-]+)(?![\p{L}])/gu,
    (found) => !UNITS.test(found[1] ?? '') && !/^(?:1[5-9]|20)\d{2} /.test(found[0]) && !/^\d{3} \d{2} /.test(found[0]),
  ],
];

/** A town with its code right behind a street belongs to it. */
const AFTER_STREET = /^\s*[,\n–-]?\s*(?:in\s|à\s|en\s)?(?:[A-Z]{1,2}-)?\d{4,5}\s\p{Lu}[\p{L}-]+/u;

function withTown(text: string, { start, end }: Range): Range {
  const found = AFTER_STREET.exec(text.slice(end, end + 60));
  return { start, end: end + (found?.[0].length ?? 0) };
}

/** Words that look like a street's name and are none. */
const NO_STREET =
  /^(?:\d{1,5} )?(?:Chapter|Section|Figure|Table|Page|Step|Level|Version|Part|Room|(?:Im|Am|Beim|In der|Auf der|Auf dem|Hinter dem|Hinter der|Vor dem) (?:Regal|Raum|Zimmer|Fach|Schrank|Gang|Stock|Stockwerk|Halle|Saal|Tisch|Schalter|Gleis|Kapitel|Abschnitt|Band|Heft|Teil|Feld|Bild|Blatt|Seite|Zeile|Tabelle|Reihe|Etage|Ebene|Station|Stufe|Kasse) \d|Platz \d|Weg \d|Ring \d|Markt \d|(?:Auf|Am|Im|Vom|Zum) (?:Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember|Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag|Jahr|Jahre|Alter)(?:[ ,]|$))/u;
/** "100 Years War Park": what is counted before a name. */
const COUNTED =
  /^\d{1,5} (?:People|Years?|Days?|Hours?|Minutes?|Miles?|Percent|January|February|March|April|May|June|July|August|September|October|November|December|Dollars?|Euros?|Americans?|Times)\b/u;

export const address: TextCheck = {
  kind: 'address',
  severity: 'medium',
  one: 'a postal address',
  many: 'postal addresses',
  fix: 'redact or replace it, unless it is your own and public; addresses in unusual forms can be missed',
  placeholder: '[address]',
  mayHold: /\d/,
  find: (text) =>
    mergeRanges([
      ...STREETS.flatMap((pattern) =>
        rangesOf(text, pattern, ([found]) => !NO_STREET.test(found) && !COUNTED.test(found)),
      ).map((range) => withTown(text, range)),
      ...PLACES.flatMap(([pattern, accept]) => rangesOf(text, pattern, accept)),
    ]),
};
