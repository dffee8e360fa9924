/** Support messages and the ticket each should become. Category: what happened. Priority: how it is worded. Product: what it is about. */
export interface Part {
  label: string;
  frames: readonly string[];
}
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

export const events: readonly { label: string; train: readonly string[]; heldout: readonly string[] }[] = [
  {
    label: 'delivery',
    train: lines(`The {p} has not arrived.
      I am still waiting for my {p}.
      My {p} is late.
      The parcel with the {p} is lost.
      The {p} never came.
      Tracking says nothing about my {p}.
      The driver did not bring the {p}.
      No parcel, no {p}.
      My {p} was sent to a wrong address.
      Where is the {p} I ordered?
      The post lost my {p}.
      You said the {p} would come last Monday, and now it is late.`),
    heldout: lines(`I ordered a {p} and it has not arrived.
      We have been waiting for the {p} for days.
      The parcel never came, so I have no {p}.
      It seems the post lost the {p}.
      The {p} is very late.
      According to tracking the {p} is lost.
      The driver went to a wrong address with my {p}.`),
  },
  {
    label: 'defect',
    train: lines(`The {p} is broken.
      My {p} does not work.
      The {p} stopped working.
      There is a crack in the {p}.
      The {p} came apart in my hands.
      A part of the {p} is missing.
      The {p} makes a strange noise and stops.
      My {p} broke after a day.
      The new {p} has a hole.
      The {p} will not turn on.
      I opened the box and the {p} was broken.
      There is a scratch on the {p}.`),
    heldout: lines(`My new {p} is already broken.
      This {p} simply does not work.
      After one day the {p} stopped working.
      I found a crack on my {p}.
      The {p} has a missing part.
      Our {p} broke.
      It will not turn on, I mean the {p}.`),
  },
  {
    label: 'billing',
    train: lines(`I was charged twice for the {p}.
      The bill for my {p} is wrong.
      I paid too much for the {p}.
      The price of the {p} on my bill is wrong.
      My card was charged for a {p} I never bought.
      I need a receipt for the {p}.
      Please send the bill for the {p}.
      You took the money for the {p} two times.
      I paid for one {p} and the bill says two.
      The discount for the {p} is not on the bill.
      My card was charged before the {p} was sent.
      The {p} cost more than the price you showed.`),
    heldout: lines(`You charged me twice for one {p}.
      My bill shows a wrong price for the {p}.
      I think I paid too much money for my {p}.
      There is no receipt for my {p}.
      My card was charged two times for the {p}.
      The discount is missing from the bill of my {p}.
      Someone charged my card for a {p}.`),
  },
  {
    label: 'return',
    train: lines(`I want to return the {p}.
      Can I send the {p} back?
      I changed my mind about the {p}.
      I do not want the {p} any more.
      I would like to swap my {p} for a larger one.
      How can I give back the {p}?
      The {p} is too small, can I exchange it?
      The {p} was a gift and I do not need it.
      Please take back my {p}.
      I want to exchange the {p} for another colour.
      The {p} is the wrong size for me.
      My wife does not like the {p}, can I return it?`),
    heldout: lines(`How do I return my {p}?
      I wish to send back the {p}.
      We changed our mind and do not want the {p}.
      Could I swap the {p} for a larger size?
      May I exchange my {p} for a small one?
      I do not need the {p} any more.
      Will you take the {p} back?`),
  },
];

export const urgency: readonly { label: string; train: readonly string[]; heldout: readonly string[] }[] = [
  {
    label: 'high',
    train: lines(`This is urgent.
      Please help right now.
      I need an answer today.
      It cannot wait.
      Answer at once, please.
      I must have this solved today.
      Hurry, please!
      Do something right now!`),
    heldout: lines(`It is urgent, please.
      Solve it today!
      I cannot wait for this.
      Please hurry with it.
      I need this at once.`),
  },
  {
    label: 'medium',
    train: lines(`Please look at it this week.
      I hope to hear from you soon.
      An answer this week would be good.
      Within some days is fine.
      Please tell me soon.
      A reply in some days is fine.`),
    heldout: lines(`Could you look at this soon?
      This week would be fine.
      Please answer within some days.
      Let me know this week.`),
  },
  {
    label: 'low',
    train: lines(`There is no hurry.
      Take your time.
      No rush.
      Answer whenever you like.
      It is not important.
      It can wait.
      Do it when you have time.
      This is a small matter.`),
    heldout: lines(`No hurry at all.
      Please take all your time.
      It is no rush for me.
      Whenever you have time is fine.
      It is not so important.`),
  },
];
