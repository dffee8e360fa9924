import { mergeRanges, rangesOf, type Range, type TextCheck } from '../finding.ts';
import { GIVEN_NAMES } from './given-names.ts';

/** A capitalised word of a name: `Müller-Lüdenscheidt`, `O'Brien`, `McDonald`, an initial. */
const WORD =
  "(?:\\p{Lu}\\p{Ll}+(?:[\\p{Lu}'’]\\p{L}+)?(?:-\\p{Lu}\\p{L}+)*|(?:O|D|L)['’]\\p{Lu}\\p{Ll}+|Mc\\p{Lu}\\p{Ll}+)";
const INITIAL = '\\p{Lu}\\.';
const OF =
  '(?:von der|von dem|van der|van den|van de|von|van|vom|zu|zur|de la|de los|de|del|della|di|da|dos|du|des|le|la|ten|ter|bin|al|el|af|ap)';
const SURNAME = `(?:${OF}\\s)?${WORD}`;
/** One to four words, the last one no initial. */
const FULL = `(?:${WORD}|${INITIAL})(?:\\s(?:${INITIAL}|${SURNAME})){0,3}`;
/** At least two. */
const LONG = `${WORD}(?:\\s(?:${INITIAL}\\s?){1,2})?(?:\\s${SURNAME}){1,2}`;

const TITLE =
  '(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Herrn?|Frau|Hr|Fr|Fräulein|Monsieur|Madame|Mademoiselle|MM|Mme|Mlle|Señora?|Señorita|Sr|Sra|Srta|Signora?|Sig|Dhr|Mevr(?:ouw)?|Mw|Meneer|Pani?|Senhora?|Frk|Fru|Doktor|Doctor|Professor|Professorin|Captain|Sergeant)';

/** What stands before a name, and the name, which is group 1. */
const CONTEXTS: readonly { readonly pattern: RegExp; readonly isSure: boolean; readonly isLong?: boolean }[] = [
  {
    pattern: new RegExp(
      `(?<!\\p{L})(?:${TITLE}\\.?\\s+){1,3}(?:(?:med|phil|rer|nat|jur|ing|habil|h\\.\\s?c)\\.\\s?){0,3}(${FULL})`,
      'gu',
    ),
    isSure: true,
  },
  { pattern: new RegExp(`(?<!\\p{L})M\\.\\s(${WORD}(?:\\s${SURNAME})?)`, 'gu'), isSure: true },
  {
    pattern: new RegExp(
      `(?<!\\p{L})(?:[Mm]y (?:full |first |last |real )?name(?:'s|’s| is)|[Nn]ame(?:'s| is)|[Ii]ch heiße|[Ii]ch heisse|[Mm]ein (?:voller )?[Nn]ame ist|[Mm]ein Name lautet|[Jj]e m['’]appelle|[Mm]on nom est|[Mm]e llamo|[Mm]i nombre es|[Mm]i chiamo|[Ii]l mio nome è|[Ii]k heet|[Mm]ijn naam is|[Nn]azywam się|[Jj]ag heter|[Mm]ein Mann|[Mm]eine Frau|[Mm]y (?:husband|wife|son|daughter|brother|sister|colleague|boss|manager|doctor|friend|neighbou?r)|[Mm]ein(?:e|em|en|er)? (?:Sohn|Tochter|Bruder|Schwester|Kolleg(?:e|in)|Chef(?:in)?|Nachbar(?:in)?|Freund(?:in)?)|signed by|called|namens|named|[Hh]ier (?:ist|spricht)|[Tt]his is|[Cc]hamo-me|[Mm]eu nome é)(?:,)?\\s+(${FULL})`,
      'gu',
    ),
    isSure: true,
  },
  {
    pattern: new RegExp(
      `(?<!\\p{L})(?:I am|I['’]m|[Ii]ch bin(?: die| der)?|[Jj]e suis|[Ss]oy|[Ss]ono|[Ii]k ben)\\s+(${LONG})`,
      'gu',
    ),
    isSure: true,
    isLong: true,
  },
  {
    pattern: new RegExp(
      `(?:^|[\\n"“„>])\\s*(?:Dear|Hi|Hello|Hey|Hallo|Liebe|Lieber|Guten Tag|Guten Morgen|Bonjour|Cher|Chère|Hola|Querid[oa]|Estimad[oa]|Estimad[oa] [Ss]r\\.|Ciao|Car[oa]|Gentile|Beste|Geachte|Drog[ai]|Hej|Moin|Good morning|Good afternoon|Good evening),?\\s+(${FULL})(?=\\s*[,!:.\\n]|\\s*$)`,
      'gmu',
    ),
    isSure: true,
  },
  {
    pattern: new RegExp(
      `(?:[Rr]egards|[Ss]incerely|[Yy]ours(?: truly| faithfully)?|[Cc]heers|[Bb]est wishes|[Tt]hanks(?: a lot| again)?|[Ll]ove|[Bb]est|[Gg]rüße|[Gg]rüßen|[Gg]russ|[Gg]ruß|[Mm]fG|[Hh]ochachtungsvoll|[Cc]ordialement|[Ss]alutations|[Ss]aludos|[Aa]tentamente|[Ss]aluti|[Gg]roeten|[Gg]roet)(?: aus \\p{L}+| from \\p{L}+)?,?[ \\t]*(?:\\n\\s*|,\\s|\\s[-–]\\s)(${FULL})(?=\\s*$|\\s*[\\n.,])`,
      'gu',
    ),
    isSure: true,
  },
  {
    pattern: new RegExp(
      `(?:^|[\\n,;({"'|])\\s*(?:(?:[Ff]ull |[Ff]irst |[Ll]ast |[Cc]ustomer |[Pp]atient |[Cc]lient |[Cc]ontact |[Ee]mployee )?[Nn]ame|[Cc]ustomer|[Kk]unde|[Kk]undin|[Pp]atient(?:in)?|[Cc]lient|[Ee]mployee|[Cc]ontact|[Aa]uthor|[Aa]nsprechpartner(?:in)?|[Mm]itarbeiter(?:in)?|[Ee]mpfänger|[Rr]ecipient|[Ss]ender|[Aa]bsender|[Cc]lient|[Nn]om|[Nn]ombre|[Nn]ome|[Vv]orname|[Nn]achname|[Kk]ontoinhaber(?:in)?|[Cc]ardholder|[Bb]illed to|[Ss]hip to|[Ff]rom|[Tt]o|[Aa]n|[Vv]on)"?\\s*[:=]\\s*"?(${FULL})`,
      'gu',
    ),
    isSure: false,
  },
];

/** Given name, perhaps a second one or initials, surname. */
const GIVEN = new RegExp(
  `(?<!\\p{L}|\\p{L}['’-])(${WORD})((?:\\s(?:${WORD}|${INITIAL})){0,2}?\\s${SURNAME})(?!\\p{L})`,
  'gu',
);

/** Capitalised words that stand where names do and are none. */
const NO_NAMES = new Set(
  `Mr Mrs Ms Miss Mx Dr Prof Sr Sra Mme Mlle The This That These Those There Here It He She We You They What When Where Why Who How Yes No Not Please Thank Thanks Customer
  Customers Sir Madam Team Support Service Guest Guests All Everyone Everybody Friend Friends Colleague Colleagues Hiring Manager
  Committee Editor Editors Reader Readers User Users Member Members Student Students Parents Diary Santa World Folks Guys Ladies Gentlemen
  Applicant Applicants Valued Damen Herren Herr Frau Kunde Kundin Kunden Kundinnen Gast Gäste Freunde Freund Freundin Kollegen Kolleginnen
  Kollege Kollegin Leser Leserin Leserinnen Zusammen Nutzer Nutzerin Nutzerinnen Mitglieder Eltern Alle Alles Welt Monsieur Madame Mesdames Messieurs Cliente
  Clientes Amigo Amigos Señor Señora Señores Team-Mitglieder Ich Sie Wir Ihr Es Er Der Die Das Den Dem Ein Eine Und Oder Aber Wenn
  Wie Was Wo Wann Warum Wer Hier Heute Morgen Bitte Danke Sehr Guten Gute Viele Mit Von Für Auf Im In Am An Zu Bei Nach Aus Um Als
  Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August September October November December
  Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag Januar Februar März Mai Juni Juli Oktober Dezember
  English German French Spanish Italian Dutch American British European Chinese Japanese Indian Russian Deutsch Englisch
  Street Avenue Road Lane Drive Square Park University School College Hospital Church Bridge River Lake Mountain Island City Town County State
  Street's Inc Ltd Corp Company Institute Museum Library Bank Hotel House Airport Station Center Centre Foundation Award Prize Day Year Act
  Straße Platz Weg Universität Schule Krankenhaus Kirche Brücke Fluss Stadt Land GmbH AG Haus Museum Preis Tag Jahr Gesetz
  Doctor Doktor Professor President King Queen Prince Princess Pope Saint Lord Lady Sorry Great Good New Old Big Black White Red
  If In On At By For From With To Of And Or But So As Is Are Was Were Be Can Could Will Would Should May Might Must Do Does Did Has Have Had
  Our Your My His Her Their Its After Before During Since Until While Because Although Both Each Every Some Any Many Most More Best Order Number
  Happy Ready Interested Not Just Also Only Even Still Now Then Next First Second Third Last Open Chapter Part Section Figure Table
  Anyone Somebody Someone Nobody None Unknown Anonymous Home Work Mobile Office Address Email Phone Date Total Price Note Subject Re Fwd`
    .split(/\s+/)
    .filter(Boolean),
);

/** Without words at the end that are no part of a name; empty where the first is none. */
function nameLength(name: string): number {
  const words = name.split(/(\s+)/);
  let end = words.length;
  for (let i = 0; i < words.length; i += 2) {
    const word = words[i] ?? '';
    if (NO_NAMES.has(word) || NO_NAMES.has(word.replace(/['’]s$/, ''))) {
      end = Math.max(0, i - 1);
      break;
    }
  }
  const kept = words
    .slice(0, end)
    .join('')
    .replace(new RegExp(`\\s${OF}$`, 'u'), '');
  return kept.replace(/['’]s$/, '').length;
}

function find(text: string): Range[] {
  const ranges: Range[] = [];
  for (const { pattern, isSure, isLong = false } of CONTEXTS) {
    rangesOf(text, pattern, (found) => {
      const name = found[1] ?? '';
      const length = nameLength(name);
      const [first = '', ...more] = name.slice(0, length).split(/\s+/);
      // A field's value is a name when it has two words or is a known name: "Name: Blue Lamp" and "To: Berlin" are not.
      const isName = isSure
        ? length > 1 && (!isLong || more.length > 0)
        : GIVEN_NAMES.has(first) ||
          (more.length > 0 &&
            /name|nom|kund|patient|customer|client|employee|contact|ansprech|mitarbeiter|inhaber|holder/i.test(
              found[0],
            ) &&
            more.length <= 2);
      if (isName) {
        const start = found.index + found[0].lastIndexOf(name);
        ranges.push({ start, end: start + length });
      }
      return false;
    });
  }
  rangesOf(text, GIVEN, (found) => {
    const [name = '', first = ''] = found;
    const length = nameLength(name);
    if (GIVEN_NAMES.has(first) && length > first.length) {
      ranges.push({ start: found.index, end: found.index + length });
    } else {
      // The word before a given name ("Yesterday Anna Schmidt") must not hide it.
      GIVEN.lastIndex = found.index + first.length;
    }
    return false;
  });
  return mergeRanges(ranges);
}

export const name: TextCheck = {
  kind: 'name',
  severity: 'low',
  one: 'the name of a person',
  many: 'names of persons',
  fix: 'redact or replace it where the person is private; names without a title or a common given name can be missed',
  placeholder: '[name]',
  mayHold: /\p{Lu}\p{Ll}/u,
  find,
};
