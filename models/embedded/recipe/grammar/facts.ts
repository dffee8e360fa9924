/** Facts of the world: few, asked often and in many wordings. */
import { article, capital, turn, type Example, type Random } from './random.ts';
import { capitals as firstCapitals } from './words.ts';

const pairs = (text: string): [string, string][] =>
  text
    .trim()
    .split(/\s*,\s*/)
    .map((pair) => {
      const [left, right] = pair.split('/');
      if (left === undefined || right === undefined) throw new Error(`facts: ${pair}`);
      return [left, right];
    });

const capitals = [
  ...firstCapitals,
  ...pairs(`Switzerland/Bern, the Netherlands/Amsterdam, Romania/Bucharest, Bulgaria/Sofia, Serbia/Belgrade, Croatia/Zagreb,
  Ukraine/Kyiv, Iceland/Reykjavik, Estonia/Tallinn, Latvia/Riga, Lithuania/Vilnius, Slovakia/Bratislava, Slovenia/Ljubljana,
  Albania/Tirana, Malta/Valletta, Cyprus/Nicosia, Israel/Jerusalem, Iraq/Baghdad, Syria/Damascus, Jordan/Amman,
  Saudi Arabia/Riyadh, Pakistan/Islamabad, Nepal/Kathmandu, Thailand/Bangkok, Vietnam/Hanoi, Indonesia/Jakarta, South Korea/Seoul,
  Mongolia/Ulaanbaatar, Australia/Canberra, New Zealand/Wellington, the United States/Washington, Colombia/Bogota, Ecuador/Quito,
  Bolivia/La Paz, Uruguay/Montevideo, Venezuela/Caracas, Jamaica/Kingston, Algeria/Algiers, Tunisia/Tunis, Ethiopia/Addis Ababa,
  Nigeria/Abuja, Senegal/Dakar, Uganda/Kampala, Tanzania/Dodoma, Zambia/Lusaka, Afghanistan/Kabul, Lebanon/Beirut, Qatar/Doha`),
];
const spoken =
  pairs(`France/French, Spain/Spanish, Germany/German, Austria/German, Italy/Italian, Greece/Greek, Poland/Polish,
  Japan/Japanese, China/Chinese, Portugal/Portuguese, Brazil/Portuguese, Mexico/Spanish, Argentina/Spanish, Egypt/Arabic,
  Morocco/Arabic, Russia/Russian, Sweden/Swedish, Norway/Norwegian, Denmark/Danish, Finland/Finnish, Hungary/Hungarian,
  Turkey/Turkish, England/English, Australia/English, Thailand/Thai, Vietnam/Vietnamese, Iran/Persian, Israel/Hebrew`);
const continents =
  pairs(`France/Europe, Spain/Europe, Germany/Europe, Italy/Europe, Poland/Europe, Norway/Europe, Greece/Europe,
  Egypt/Africa, Kenya/Africa, Ghana/Africa, Nigeria/Africa, Morocco/Africa, Japan/Asia, China/Asia, India/Asia, Nepal/Asia,
  Thailand/Asia, Vietnam/Asia, Brazil/South America, Peru/South America, Chile/South America, Argentina/South America,
  Canada/North America, Mexico/North America, Cuba/North America`);
const hues =
  pairs(`grass/green, snow/white, blood/red, coal/black, the sky on a clear day/blue, a banana/yellow, a tomato/red,
  a lemon/yellow, milk/white, an elephant/grey, a carrot/orange, chocolate/brown, a swan/white, a crow/black, a ripe plum/purple,
  a fire engine/red, the sun/yellow, salt/white, a leaf in summer/green, a flamingo/pink`);
const counts =
  pairs(`legs has a spider/eight, legs has an ant/six, legs has a dog/four, legs has a bird/two, legs has a snake/none,
  wheels has a bicycle/two, wheels has a car/four, days has a week/seven, months has a year/twelve, hours has a day/twenty-four,
  minutes has an hour/sixty, seconds has a minute/sixty, seasons has a year/four, fingers has a hand/five, sides has a triangle/three,
  sides has a square/four, strings has a violin/four, letters has the alphabet/twenty-six, players has a football team/eleven,
  continents are there/seven, colours has a rainbow/seven, weeks has a year/fifty-two`);
const stuff =
  pairs(`bread/flour, butter/milk, cheese/milk, wine/grapes, paper/wood, a candle/wax, glass/sand, a brick/clay, a coin/metal,
  chocolate/cocoa, an omelette/eggs, cider/apples, leather/skin, a tyre/rubber, a sail/cloth, juice/fruit, jam/fruit and sugar`);
const where =
  pairs(`Paris/France, London/England, Berlin/Germany, Rome/Italy, Madrid/Spain, Tokyo/Japan, Boston/the United States,
  Chicago/the United States, Toronto/Canada, Sydney/Australia, Milan/Italy, Naples/Italy, Munich/Germany, Hamburg/Germany, Porto/Portugal,
  Seville/Spain, Oxford/England, Glasgow/Scotland, Geneva/Switzerland, Osaka/Japan, Lagos/Nigeria, Nairobi/Kenya, Cologne/Germany,
  Bergen/Norway, Ghent/Belgium, Krakow/Poland, Nice/France, Lyon/France, Bristol/England, York/England`);
const first =
  pairs(`the telephone/Alexander Bell, the theory of relativity/Albert Einstein, Romeo and Juliet/William Shakespeare,
  Oliver Twist/Charles Dickens, the Mona Lisa/Leonardo da Vinci, Alice in Wonderland/Lewis Carroll, Treasure Island/Robert Louis Stevenson,
  Peter Pan/J. M. Barrie, the light bulb/Thomas Edison, the printing press/Johannes Gutenberg, the Jungle Book/Rudyard Kipling,
  Tom Sawyer/Mark Twain, the laws of motion/Isaac Newton, Heidi/Johanna Spyri, Pinocchio/Carlo Collodi, Black Beauty/Anna Sewell`);
const plain = pairs(`boils water/one hundred degrees, freezes water/zero degrees`);

export function facts(r: Random): Example {
  const bank: readonly (readonly [number, () => readonly [string, string]])[] = [
    [
      8,
      () => {
        const [land, city] = r.pick(capitals);
        return r.chance(0.75)
          ? [
              r.pick([
                `What is the capital of ${land}?`,
                `Which city is the capital of ${land}?`,
                `Name the capital of ${land}.`,
                `${land}: what is its capital?`,
                `Tell me the capital city of ${land}.`,
                `Do you know the capital of ${land}?`,
                `In ${land}, which city is the capital?`,
                `Where does the government of ${land} sit?`,
                `Capital of ${land}?`,
                `Please give me the capital of ${land}.`,
              ]),
              `The capital of ${land} is ${city}.`,
            ]
          : [
              r.pick([
                `Of which country is ${city} the capital?`,
                `${city} is the capital of which country?`,
                `What country has ${city} as its capital?`,
              ]),
              `${city} is the capital of ${land}.`,
            ];
      },
    ],
    [
      2,
      () => {
        const [land, tongue] = r.pick(spoken);
        return [
          r.pick([
            `Which language do people speak in ${land}?`,
            `What do they speak in ${land}?`,
            `What is the language of ${land}?`,
            `In ${land}, what language is spoken?`,
          ]),
          `People speak ${tongue} in ${land}.`,
        ];
      },
    ],
    [
      2,
      () => {
        const [land, part] = r.pick(continents);
        return [
          r.pick([
            `On which continent is ${land}?`,
            `${land} is on which continent?`,
            `Which part of the world is ${land} in?`,
            `Where in the world is ${land}?`,
          ]),
          `${land} is in ${part}.`,
        ];
      },
    ],
    [
      2,
      () => {
        const [city, land] = r.pick(where);
        return [
          r.pick([
            `Where is ${city}?`,
            `In which country is ${city}?`,
            `What country is ${city} in?`,
            `${city} is a city in which country?`,
          ]),
          `${city} is in ${land}.`,
        ];
      },
    ],
    [
      2,
      () => {
        const [thing, hue] = r.pick(hues);
        return [
          r.pick([`What colour is ${thing}?`, `Which colour has ${thing}?`, `Tell me the colour of ${thing}.`]),
          r.pick([hue, `${capital(thing)} is ${hue}.`]),
        ];
      },
    ],
    [
      2,
      () => {
        const [what, n] = r.pick(counts);
        return [`How many ${what}?`, n];
      },
    ],
    [
      1,
      () => {
        const [thing, from] = r.pick(stuff);
        return [
          r.pick([`What is ${thing} made of?`, `What do you make ${thing} from?`, `From what is ${thing} made?`]),
          `${capital(thing)} is made from ${from}.`,
        ];
      },
    ],
    [
      1,
      () => {
        const [work, who] = r.pick(first);
        return [
          r.pick([
            `Who made ${work}?`,
            `Who is behind ${work}?`,
            `Whose work is ${work}?`,
            `To whom do we owe ${work}?`,
          ]),
          `${capital(work)}: that was ${who}.`,
        ];
      },
    ],
    [
      0.3,
      () => {
        const [verb, at] = r.pick(plain);
        const [does = '', what = ''] = verb.split(' ');
        return [`At how many degrees does ${what} ${does.replace(/s$/, '')}?`, `${capital(what)} ${does} at ${at}.`];
      },
    ],
  ];
  let at = r.next() * bank.reduce((sum, [share]) => sum + share, 0);
  for (const [share, make] of bank) {
    at -= share;
    if (at < 0) {
      const [q, a] = make();
      return turn('facts', capital(q), capital(a));
    }
  }
  return turn('facts', 'What is the capital of France?', 'The capital of France is Paris.');
}

const invented = ['Zorland', 'Quendor', 'Mirovia', 'Ostrana', 'Veldia', 'Karpania', 'Lumeria'];
const never = [
  'my dog',
  'my teacher',
  'the man next door',
  'my first school',
  'your sister',
  'the cat in this street',
  'my grandmother',
  'our neighbour',
];
/** What nobody can know: the model says so. */
export function unknowable(r: Random): Example {
  const who = r.pick(never);
  const land = r.pick(invented);
  const question = r.pick([
    `What is the name of ${who}?`,
    `How old is ${who}?`,
    `What did ${who} eat today?`,
    `What does ${who} think?`,
    `What is the capital of ${land}?`,
    `How many people live in ${land}?`,
    'What will happen tomorrow?',
    'What number am I thinking of?',
    'What do I have in my pocket?',
    'What is the weather like today?',
    'What time is it?',
    'Which day is it today?',
    'Who will win the game?',
    `Did ${who} call?`,
    `Where is ${who} now?`,
  ]);
  return turn(
    'unknowable',
    question,
    r.pick([
      'I do not know.',
      'I cannot know that.',
      `I do not know. I am only ${article('small language model')}.`,
      'I am sorry, I do not know.',
    ]),
  );
}
