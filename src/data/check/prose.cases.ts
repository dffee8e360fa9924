import type { FindingKind } from './finding.ts';

/** A sentence or two of books in the public domain, and what they hold. Nothing of it was written for these checks. */
export const PROSE: readonly { readonly text: string; readonly holds: readonly FindingKind[] }[] = [
  // Arthur Conan Doyle, A Study in Scarlet (1887)
  {
    text: 'In the year 1878 I took my degree of Doctor of Medicine of the University of London, and proceeded to Netley to go through the course prescribed for surgeons in the army.',
    holds: [],
  },
  { text: '“Dr. Watson, Mr. Sherlock Holmes,” said Stamford, introducing us.', holds: ['name'] },
  {
    text: '“How are you?” he said cordially, gripping my hand with a strength for which I should hardly have given him credit.',
    holds: [],
  },
  {
    text: 'We met next day as he had arranged, and inspected the rooms at No. 221B, Baker Street, of which he had spoken at our meeting.',
    holds: ['address'],
  },
  {
    text: 'The campaign brought honours and promotion to many, but for me it had nothing but misfortune and disaster.',
    holds: [],
  },
  // Jane Austen, Pride and Prejudice (1813)
  {
    text: 'It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a wife.',
    holds: [],
  },
  {
    text: '“My dear Mr. Bennet,” said his lady to him one day, “have you heard that Netherfield Park is let at last?”',
    holds: ['name'],
  },
  { text: '“Do you not want to know who has taken it?” cried his wife impatiently.', holds: [] },
  { text: 'Mr. Bingley had soon made himself acquainted with all the principal people in the room.', holds: ['name'] },
  {
    text: 'Elizabeth Bennet had been obliged, by the scarcity of gentlemen, to sit down for two dances.',
    holds: ['name'],
  },
  // Lewis Carroll, Alice’s Adventures in Wonderland (1865)
  {
    text: 'Alice was beginning to get very tired of sitting by her sister on the bank, and of having nothing to do: once or twice she had peeped into the book her sister was reading.',
    holds: [],
  },
  {
    text: '“Oh dear! Oh dear! I shall be late!” (when she thought it over afterwards, it occurred to her that she ought to have wondered at this)',
    holds: [],
  },
  {
    text: 'Either the well was very deep, or she fell very slowly, for she had plenty of time as she went down to look about her.',
    holds: [],
  },
  { text: '“What a curious feeling!” said Alice; “I must be shutting up like a telescope.”', holds: [] },
  // Charles Dickens, A Christmas Carol (1843)
  { text: 'Marley was dead: to begin with. There is no doubt whatever about that.', holds: [] },
  { text: '“Have I the pleasure of addressing Mr. Scrooge, or Mr. Marley?”', holds: ['name'] },
  {
    text: 'Once upon a time—of all the good days in the year, on Christmas Eve—old Scrooge sat busy in his counting-house.',
    holds: [],
  },
  // Herman Melville, Moby-Dick (1851)
  {
    text: 'Call me Ishmael. Some years ago—never mind how long precisely—having little or no money in my purse, I thought I would sail about a little.',
    holds: [],
  },
  // The Declaration of Independence (1776) and the Constitution of the United States (1787)
  {
    text: 'When in the Course of human events, it becomes necessary for one people to dissolve the political bands which have connected them with another, a decent respect requires that they should declare the causes.',
    holds: [],
  },
  {
    text: 'We the People of the United States, in Order to form a more perfect Union, establish Justice, insure domestic Tranquility.',
    holds: [],
  },
  // Abraham Lincoln, Gettysburg (1863)
  {
    text: 'Four score and seven years ago our fathers brought forth on this continent, a new nation, conceived in Liberty.',
    holds: [],
  },
  // Franz Kafka, Die Verwandlung (1915)
  {
    text: 'Als Gregor Samsa eines Morgens aus unruhigen Träumen erwachte, fand er sich in seinem Bett zu einem ungeheueren Ungeziefer verwandelt.',
    holds: ['name'],
  },
  {
    text: 'Er lag auf seinem panzerartig harten Rücken und sah, wenn er den Kopf ein wenig hob, seinen gewölbten, braunen Bauch.',
    holds: [],
  },
  { text: '»Was ist mit mir geschehen?« dachte er. Es war kein Traum.', holds: [] },
  { text: '»Herr Prokurist,« sagte Gregor, »ich werde mich gleich anziehen.«', holds: [] },
  // Johann Wolfgang von Goethe, Faust (1808)
  {
    text: 'Habe nun, ach! Philosophie, Juristerei und Medizin, und leider auch Theologie durchaus studiert, mit heißem Bemühn.',
    holds: [],
  },
  // Theodor Fontane, Effi Briest (1895)
  {
    text: 'In Front des schon seit Kurfürst Georg Wilhelm von der Familie von Briest bewohnten Herrenhauses zu Hohen-Cremmen fiel heller Sonnenschein auf die mittagsstille Dorfstraße.',
    holds: ['name'],
  },
  // Brüder Grimm, Kinder- und Hausmärchen (1812)
  {
    text: 'In den alten Zeiten, wo das Wünschen noch geholfen hat, lebte ein König, dessen Töchter waren alle schön.',
    holds: [],
  },
  {
    text: 'Es war einmal eine alte Geiß, die hatte sieben junge Geißlein und hatte sie lieb, wie eine Mutter ihre Kinder lieb hat.',
    holds: [],
  },
  // Grundgesetz, Artikel 1 und 5 (1949)
  {
    text: 'Die Würde des Menschen ist unantastbar. Sie zu achten und zu schützen ist Verpflichtung aller staatlichen Gewalt.',
    holds: [],
  },
  { text: 'Jeder hat das Recht, seine Meinung in Wort, Schrift und Bild frei zu äußern und zu verbreiten.', holds: [] },
  // Victor Hugo, Les Misérables (1862)
  {
    text: 'En 1815, M. Charles-François-Bienvenu Myriel était évêque de Digne. C’était un vieillard d’environ soixante-quinze ans.',
    holds: ['name'],
  },
  // Miguel de Cervantes, Don Quijote (1605)
  {
    text: 'En un lugar de la Mancha, de cuyo nombre no quiero acordarme, no ha mucho tiempo que vivía un hidalgo.',
    holds: [],
  },
  // Alessandro Manzoni, I promessi sposi (1827)
  { text: 'Quel ramo del lago di Como, che volge a mezzogiorno, tra due catene non interrotte di monti.', holds: [] },
  // The King James Bible (1611)
  {
    text: 'In the beginning God created the heaven and the earth. And the earth was without form, and void.',
    holds: [],
  },
  // Mark Twain, The Adventures of Tom Sawyer (1876)
  { text: '“Tom!” No answer. “TOM!” No answer. “What’s gone with that boy, I wonder?”', holds: [] },
  {
    text: 'Tom Sawyer stepped forward with conceited confidence and soared into the unquenchable speech.',
    holds: ['name'],
  },
];
