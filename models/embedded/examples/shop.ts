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

export const shopFacts: readonly ShopFact[] = [
  fact(
    'We open at half past nine.',
    'When do you open in the morning?|At what time does your shop open?',
    'What time do you open?|When is the shop open?|How early do you open?|Do you open at eight?|When can I come in the morning?',
  ),
  fact(
    'We close at six, on Saturday at four.',
    'When do you close?|How late is your shop open before you close?',
    'What time do you close?|Do you close early on Saturday?|When does the shop close?|At what hour do you close tonight?|Will you close at five?',
  ),
  fact(
    'Yes, you can park behind the shop.',
    'Can I park my car?|Is there a place to park?',
    'Where can I park?|May we park near the shop?|Do you have room to park a van?|Can customers park there?|Is it easy to park?',
  ),
  fact(
    'Posting a parcel costs four coins.',
    'How much is posting a parcel?|What do you ask for a parcel by post?',
    'What does a parcel cost?|Is a parcel by post expensive?|Must I pay for a parcel?|What is the price of posting?|Tell me the parcel cost, please.',
  ),
  fact(
    'Gift wrapping is free.',
    'Do you wrap gifts?|Can you wrap this as a gift?',
    'Could you wrap a gift for me?|What is the cost to wrap a gift?|Is gift wrapping possible?|Will you wrap my gift?|I need it wrapped as a gift.',
  ),
  fact(
    'You can pay with cash or card.',
    'How can I pay?|May I pay with a card?',
    'Can I pay in cash?|Is it possible to pay by card?|Which cards do you take?|Do I have to pay cash?|What ways to pay are there?',
  ),
  fact(
    'Dogs are welcome on a lead.',
    'May I bring my dog?|Are dogs allowed?',
    'Can my dog come in?|Do you like dogs?|Is a dog welcome?|Must the dog stay outside?|What about dogs?',
  ),
  fact(
    'The shop belongs to Maren Holt.',
    'Who owns the shop?|What is the owner called?',
    'Who is the owner?|Tell me about the owner.|Whose shop is it?|May I know who owns this shop?|Is the owner here?',
  ),
  fact(
    'We began in 1987.',
    'How old is the shop?|In what year did you begin?',
    'When did you begin?|How old is your shop?|Since what year are you here?|How many years old is it?|Did you begin long ago?',
  ),
  fact(
    'Call us on 555 0142.',
    'What is your phone number?|Which number can I call?',
    'How can I call you?|Do you have a phone?|What number should I call?|Give me the phone number, please.|Can I phone you?',
  ),
  fact(
    'Yes, we teach knitting on Tuesday evening.',
    'Do you teach knitting?|Is there a knitting class?',
    'When is the knitting class?|Can you teach me to knit?|Are there any classes?|I want to learn knitting.|Do you have a class for beginners?',
  ),
  fact(
    'You have thirty days to bring wool back.',
    'Can I bring back wool I did not use?|How long may I bring wool back?',
    'May I bring the wool back?|How many days do I have to bring it back?|Do you take wool back?|What if I want to bring wool back?|I did not use all the wool.',
  ),
  fact(
    'Our silk comes from Lyon.',
    'Where does your silk come from?|Is the silk from Italy?',
    'Where is the silk made?|From which town is your silk?|Do you know where the silk comes from?|Is it French silk?|Tell me about the silk.',
  ),
  fact(
    'Needles are on the left wall.',
    'Where are the needles?|I look for needles.',
    'Where can I find needles?|Do you have needles?|On which wall are the needles?|Show me the needles, please.|I need needles.',
  ),
  fact(
    'Students get ten percent off.',
    'Is there a discount for students?|Do students pay less?',
    'What discount do students get?|I am a student, do I pay less?|Any discount for a student?|Do you give students a discount?|How much off do students get?',
  ),
  fact(
    'Yes, we dye wool in any colour.',
    'Can you dye wool for me?|Do you dye to order?',
    'Could you dye my wool blue?|Which colours can you dye?|Do you dye wool here?|Is it possible to dye it red?|I want you to dye some wool.',
  ),
  fact(
    'Tea is served in the back room.',
    'Can I get tea?|Do you serve tea?',
    'Where do you serve tea?|Is there any tea?|I would like some tea.|May I drink tea here?|Do customers get tea?',
  ),
  fact(
    'We hire again in spring.',
    'Do you have a job for me?|Can I work for you?',
    'Are there any jobs?|I would like a job.|When do you hire?|May I work here?|Is there a job in your shop?',
  ),
  fact(
    'The bus stops at our door, line seven.',
    'Which bus goes to your shop?|Can I come by bus?',
    'What bus do I take?|Is there a bus?|Where does the bus stop?|Which line stops at the shop?|How do I come by bus?',
  ),
  fact(
    'Yes, we mend old sweaters for twelve coins.',
    'Do you mend sweaters?|Can you mend my old sweater?',
    'What is the cost to mend a sweater?|My sweater has a hole, can you mend it?|Could you mend this?|How much to mend a sweater?|Will you mend old sweaters?',
  ),
];
