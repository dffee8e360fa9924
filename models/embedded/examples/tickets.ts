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
    Help, the {p} {c}.`),
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
    Help, I {c} the {p}.`),
  heldout: lines(`Sadly I {c} the {p}.
    It looks like I {c} my {p}.
    Again, I {c} the {p}.
    You should know that I {c} my {p}.
    I {c} this {p}.`),
};

export const events: readonly { label: string; cues: readonly string[]; carriers: Carriers }[] = [
  {
    label: 'delivery',
    cues: ['has not arrived', 'is late', 'never came', 'got lost on the way', 'went to a wrong address'],
    carriers: aboutProduct,
  },
  {
    label: 'defect',
    cues: ['is broken', 'does not work', 'has a crack', 'makes a strange noise', 'fell apart'],
    carriers: aboutProduct,
  },
  {
    label: 'billing',
    cues: [
      'paid too much for',
      'was charged twice for',
      'got a wrong bill for',
      'have no receipt for',
      'found a wrong price for',
    ],
    carriers: aboutCustomer,
  },
  {
    label: 'return',
    cues: ['want to return', 'want to send back', 'would like to exchange', 'no longer need', 'changed my mind about'],
    carriers: aboutCustomer,
  },
];

export const urgency: readonly { label: string; train: readonly string[]; heldout: readonly string[] }[] = [
  {
    label: 'high',
    train: lines(`This is urgent.
      It is very urgent.
      Urgent, please answer.
      Please help right now.
      I need help right now.
      Answer today, please.
      I need it solved today.
      Please answer at once.`),
    heldout: lines(`My matter is urgent.
      Can you help right now?
      Please solve it today.
      I want an answer at once.
      Urgent, please help.`),
  },
  {
    label: 'medium',
    train: lines(`Please answer this week.
      This week is fine.
      I want an answer this week.
      Please answer soon.
      I hope to hear from you soon.
      Write to me soon.
      Some days are fine.
      Please answer within some days.`),
    heldout: lines(`I hope for an answer this week.
      Could you write this week?
      Tell me more soon.
      Please help soon.
      Within some days would be good.`),
  },
  {
    label: 'low',
    train: lines(`There is no rush.
      No rush at all.
      No rush, please.
      Take your time.
      Please take your time.
      It is not important.
      This is not important.
      Answer whenever you like.`),
    heldout: lines(`No rush with this.
      You may take your time.
      My question is not important.
      Write whenever you like.
      You see, there is no rush.`),
  },
];
