/** Questions to a small yarn shop. Each fact: two wordings for training, at least five others held out. */
export interface ShopFact {
  answer: string;
  train: readonly [string, string];
  heldout: readonly string[];
}
const fact = (answer: string, train: string, heldout: string): ShopFact => {
  const [first, second] = train.split('|');
  if (first === undefined || second === undefined) throw new Error(`shop: two wordings wanted: ${train}`);
  return { answer, train: [first, second], heldout: heldout.split('|') };
};

/** Every wording of a fact names its subject; the sentences around it are shared by many facts, so only the subject tells them apart. */
export const shopFacts: readonly ShopFact[] = [
  fact(
    'We open at half past nine.',
    'At what hour do you open?|Tell me when you open.',
    'When do you open?|What time do you open?|How early do you open?|Do you open at eight?|Please say when you open.',
  ),
  fact(
    'We close at six, on Saturday at four.',
    'At what hour do you close?|Tell me when you close.',
    'When do you close?|What time do you close?|How late do you close?|Do you close at five?|Please say when you close.',
  ),
  fact(
    'Park behind the shop.',
    'Where can I park?|Is there a place to park?',
    'Can I park near you?|May we park there?|I need to park my car.|Tell me where to park.|Do customers park here?',
  ),
  fact(
    'A parcel costs four coins.',
    'How much is a parcel?|Can you send a parcel?',
    'What does a parcel cost?|Is a parcel expensive?|I need a parcel sent.|The price of a parcel, please.|May I ask about a parcel?',
  ),
  fact(
    'Gift wrapping is free.',
    'Can you wrap a gift?|What about gift paper?',
    'Could you wrap my gift?|Do you wrap a gift?|I need a gift wrapped.|Is this gift wrapped for free?|It is a gift, can you wrap it?',
  ),
  fact(
    'Cash and card are both fine.',
    'Can I use a card?|Do you take cash or card?',
    'Is a card fine?|May I use my card?|I only have cash or a card.|Which card do you take?|Do you like cash or card?',
  ),
  fact(
    'Dogs are welcome on a lead.',
    'Can I bring my dog?|What about a dog?',
    'May my dog come in?|Is a dog welcome?|I have a dog with me.|Must the dog stay outside?|Do you like a dog in the shop?',
  ),
  fact(
    'The owner is Maren Holt.',
    'Who is the owner?|I look for the owner.',
    'Is the owner here?|Tell me about the owner.|May I speak to the owner?|Do you know the owner?|The owner, who is that?',
  ),
  fact(
    'We began in 1987.',
    'When did you begin?|In what year did the shop begin?',
    'How did the shop begin?|Did you begin long ago?|When did it all begin?|What year did you begin?|Did the shop begin last year?',
  ),
  fact(
    'Call us on 555 0142.',
    'What is your phone number?|Can I have a number to call?',
    'Do you have a phone number?|Which number do I call?|I need your phone number.|Tell me the number, please.|May I have the phone number?',
  ),
  fact(
    'We teach knitting on Tuesday evening.',
    'Do you teach knitting?|Is there a knitting class?',
    'When is the knitting class?|Can you teach me knitting?|I want a knitting class.|What about a class?|Tell me about knitting.',
  ),
  fact(
    'Wool can come back for thirty days.',
    'Can I bring wool back?|How long can wool come back?',
    'May I bring my wool back?|Do you take wool back?|I want to bring some wool back.|Is wool taken back?|What about wool I bring back?',
  ),
  fact(
    'Our silk comes from Lyon.',
    'Where is your silk from?|Do you have silk?',
    'Is it silk from Italy?|Tell me about the silk.|From where is the silk?|Which silk is it?|May I ask about silk?',
  ),
  fact(
    'Needles are on the left wall.',
    'Where are the needles?|Do you have needles?',
    'I need needles.|Can I see the needles?|Tell me where the needles are.|Is there a wall with needles?|May I look at needles?',
  ),
  fact(
    'Students get ten percent off.',
    'Do students pay less?|What about students?',
    'What do students get?|Is there something off for students?|Can students pay less?|Tell me about prices for students.|We are students.',
  ),
  fact(
    'We dye wool in any colour.',
    'Can you dye this?|Do you dye it blue?',
    'Could you dye it red?|I want you to dye this.|Is it possible to dye it?|Which colour can you dye?|Will you dye it?',
  ),
  fact(
    'Tea is in the back room.',
    'Can I get tea?|Where is the tea?',
    'Do you have tea?|Is there tea?|I want some tea.|May I have tea?|Tell me where the tea is.',
  ),
  fact(
    'We hire again in spring.',
    'Is there a job?|Do you have a job for me?',
    'I want a job.|Can I get a job?|Tell me about a job.|May I ask about a job?|What about a job here?',
  ),
  fact(
    'Bus seven stops at our door.',
    'Which bus do I take?|Can I come by bus?',
    'Is there a bus?|Tell me the bus.|I come by bus.|Where does the bus stop?|What about the bus?',
  ),
  fact(
    'We mend a sweater for twelve coins.',
    'Can you mend my sweater?|Do you mend a sweater?',
    'How much to mend a sweater?|I have an old sweater to mend.|May I bring a sweater to mend?|Could you mend this sweater?|What about a sweater with a hole?',
  ),
];
