/** Support messages and the ticket each should become. Category: what happened. Priority: how it is worded. Product: what it is about. */
const lines = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim());

export const products = [
  'desk lamp',
  'travel mug',
  'rain jacket',
  'yoga mat',
  'phone case',
  'bike helmet',
  'bread maker',
  'hair dryer',
  'camp stove',
  'photo frame',
  'water filter',
  'shower radio',
];

/** `{p}` is the product, `{c}` one of the class's cues. Training and held-out rows share the cues, not the sentences around them. */
interface Carriers {
  train: readonly string[];
  heldout: readonly string[];
}
const aboutProduct: Carriers = {
  train: lines(`The {p} {c}.
    My {p} {c}.
    I think the {p} {c}.
    Hello, my {p} {c}.
    My new {p} {c}.
    Help, the {p} {c}.
    This old {p} {c}.
    Well, my {p} {c}.`),
  heldout: lines(`Sadly my {p} {c}.
    It looks like the {p} {c}.
    Again, the {p} {c}.
    You should know that my {p} {c}.
    This {p} {c}.`),
};
const aboutCustomer: Carriers = {
  train: lines(`I {c} the {p}.
    I {c} my {p}.
    I think I {c} the {p}.
    Hello, I {c} my {p}.
    I {c} my new {p}.
    Help, I {c} the {p}.
    I {c} this old {p}.
    Well, I {c} my {p}.`),
  heldout: lines(`Sadly I {c} the {p}.
    It looks like I {c} my {p}.
    Again, I {c} the {p}.
    You should know that I {c} my {p}.
    I {c} this {p}.`),
};

export const events: readonly { label: string; cues: readonly string[]; carriers: Carriers }[] = [
  {
    label: 'delivery',
    cues: ['has not arrived', 'is late', 'never came', 'got lost on the way'],
    carriers: aboutProduct,
  },
  {
    label: 'defect',
    cues: ['is broken', 'does not work', 'has a crack', 'makes a strange noise'],
    carriers: aboutProduct,
  },
  {
    label: 'billing',
    cues: ['paid too much for', 'was charged twice for', 'got a wrong bill for', 'have no receipt for'],
    carriers: aboutCustomer,
  },
  {
    label: 'return',
    cues: ['want to return', 'want to send back', 'would like to exchange', 'no longer need'],
    carriers: aboutCustomer,
  },
];

/** The same sentences for every level: only the cue tells them apart. */
export const urgencyCarriers: Carriers = {
  train: lines(`Please answer {c}.
    I need help {c}.
    Help me {c}.
    Call me {c}.
    I hope to hear from you {c}.
    Do it {c}, please.
    Send me news {c}.
    Please solve it {c}.
    Let me have an answer {c}.`),
  heldout: lines(`Please write {c}.
    Please check it {c}.
    Look at it {c}.
    Could you reply {c}?
    Let us solve this {c}.`),
};

export const urgency: readonly { label: string; cues: readonly string[] }[] = [
  { label: 'high', cues: ['right now', 'at once', 'today'] },
  { label: 'medium', cues: ['this week', 'soon', 'before Friday'] },
  { label: 'low', cues: ['whenever you like', 'when you have time', 'without any rush'] },
];
