/** The word lists that all grammars share. One string per list keeps them readable. */
const words = (text: string): string[] => text.trim().split(/\s*,\s*/);

export const names =
  words(`Tom, Anna, Ben, Clara, David, Emma, Frank, Grace, Henry, Ida, Jack, Kate, Leo, Mary, Nick, Olive,
Paul, Rosa, Sam, Tina, Victor, Wendy, Adam, Bella, Carl, Daisy, Eric, Flora, George, Helen, Ivan, Jane, Karl, Lucy, Mark,
Nora, Oscar, Peter, Ruth, Simon, Sara, Theo, Vera, Walter, Zoe, Alice, Bruno, Cora, Dan, Eva, Fred, Gina, Hugo, Iris, Joe,
Kim, Liam, Mia, Noah, Olga, Pia, Ralph, Sally, Tim, Una, Will, Amir, Beth, Chen, Dora, Elias, Fatima, Greta, Hassan, Ines,
Jonas, Kofi, Lena, Marco, Nina, Omar, Priya, Rafael, Sofia, Tariq, Yuki, Arthur, Betty, Cecil, Dinah, Edith, Felix, Gloria,
Harold, Irene, Jacob, Kitty, Lewis, Martha, Nathan, Otto, Polly, Quinn, Robert, Susan, Thomas, Ursula, Vincent, Wanda`);

export const surnames =
  words(`Baker, Carter, Hill, Stone, Wood, Fisher, Miller, Green, White, Brown, Black, Young, King, Price,
Reed, Marsh, Field, Brook, Lane, Ford, Hunt, Moore, Turner, Walker, Wright, Cook, Bell, Rose, Frost, Snow, Winter, Summer,
Park, Silva, Costa, Rossi, Meyer, Weber, Novak, Kim, Tanaka, Okoro, Haddad, Lopez, Garcia, Larsen, Berg, Lund, Fox, Wolf`);

export const places =
  words(`London, Paris, Rome, Berlin, Madrid, Oslo, Lisbon, Vienna, Dublin, Athens, Prague, Warsaw, Cairo,
Delhi, Tokyo, Boston, Chicago, Dallas, Denver, Toronto, Lima, Bristol, Leeds, York, Oxford, Bath, Cardiff, Glasgow, Geneva,
Milan, Turin, Naples, Lyon, Nice, Porto, Seville, Bergen, Malmo, Ghent, Bruges, Cologne, Munich, Hamburg, Dresden, Salem,
Austin, Tampa, Ottawa, Quebec, Sydney, Perth, Nairobi, Accra, Lagos, Tunis, Seoul, Osaka, Hanoi, Riverton, Millbrook,
Greenhill, Ashford, Stonebridge, Westbury, Northgate, Oakdale, Fairview, Redwood, Lakeside, Brookfield`);

export const animals =
  words(`dog, cat, horse, cow, pig, sheep, goat, duck, hen, goose, rabbit, mouse, rat, fox, wolf, bear,
lion, tiger, elephant, monkey, deer, frog, fish, owl, crow, eagle, swan, parrot, turtle, snake, bee, ant, spider, whale,
seal, otter, badger, hedgehog, squirrel, donkey, camel, zebra, giraffe, kangaroo, penguin, pigeon, robin, crab, snail`);

export const foods =
  words(`bread, cheese, soup, rice, pasta, pizza, salad, cake, pie, honey, butter, eggs, toast, porridge,
beans, fish, chicken, noodles, pancakes, stew, jam, yogurt, biscuits, curry, corn, mushrooms, chips, sandwiches, pudding`);
export const fruits = words(
  `apple, pear, plum, peach, cherry, grape, lemon, orange, banana, melon, fig, date, mango, kiwi, berry`,
);
export const vegetables = words(
  `carrot, potato, onion, cabbage, pea, bean, leek, pumpkin, tomato, beet, radish, spinach, garlic`,
);
export const drinks = words(`water, milk, tea, coffee, juice, lemonade, cocoa, cider, soda`);
export const colours = words(
  `red, blue, green, yellow, black, white, brown, grey, pink, purple, orange, golden, silver`,
);
export const sizes = words(`small, big, tiny, large, tall, short, long, little, huge, wide, narrow`);
export const tempers = words(
  `happy, sad, angry, kind, brave, shy, clever, lazy, proud, gentle, quiet, noisy, calm, funny, wise`,
);
export const objects =
  words(`book, pen, key, coin, ball, cup, plate, spoon, knife, bell, candle, mirror, ring, map, letter,
stick, stone, rope, box, bag, basket, bottle, bucket, brush, button, card, clock, coat, comb, doll, drum, fan, feather, flag,
flute, glass, glove, hammer, hat, kite, ladder, lamp, leaf, lock, nail, needle, paper, pencil, pillow, pin, pipe, pot, purse,
ribbon, sack, saw, scarf, shell, shoe, shovel, sock, stamp, string, sword, toy, umbrella, vase, violin, watch, wheel, whistle`);
export const holders = words(
  `box, bag, basket, drawer, cupboard, jar, chest, pocket, bucket, tin, desk, shelf, trunk, sack`,
);
export const rooms =
  words(`kitchen, garden, bedroom, attic, cellar, hall, barn, garage, library, bathroom, office, yard, school,
park, market, church, museum, station, forest, field, harbour, beach, castle, tower, cave, island, village, mill, stable`);
export const jobs =
  words(`baker, teacher, doctor, farmer, sailor, painter, writer, singer, cook, nurse, pilot, driver, judge,
soldier, tailor, carpenter, miner, hunter, fisherman, gardener, butcher, blacksmith, lawyer, dentist, actor, dancer, clerk,
engineer, mechanic, librarian, postman, waiter, potter, weaver, plumber, scientist, shepherd, musician, guard, photographer`);
export const hobbies =
  words(`reading, swimming, running, painting, singing, dancing, fishing, cooking, sewing, skating, chess,
football, tennis, sailing, climbing, knitting, gardening, cycling, drawing, hiking, rowing, riding, baking, juggling`);
export const days = words(`Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday`);
export const months = words(
  `January, February, March, April, May, June, July, August, September, October, November, December`,
);
export const seasons = words(`spring, summer, autumn, winter`);
export const weathers = words(
  `sunny, rainy, cloudy, windy, snowy, foggy, stormy, dry, hot, cold, warm, mild, icy, humid`,
);
export const materials = words(
  `wood, stone, glass, iron, gold, silver, paper, clay, wool, cotton, leather, silk, copper, brass`,
);
export const vehicles = words(
  `car, bus, train, bike, boat, ship, plane, tram, truck, van, wagon, sled, canoe, ferry, taxi`,
);
export const instruments = words(`piano, violin, guitar, drum, flute, trumpet, harp, cello, organ, banjo, horn`);
export const sports = words(
  `football, tennis, hockey, golf, rugby, cricket, basketball, boxing, rowing, archery, fencing`,
);
export const languages = words(
  `English, French, Spanish, German, Italian, Dutch, Greek, Polish, Arabic, Hindi, Japanese, Swahili`,
);
export const moodsGood = words(`happy, glad, pleased, cheerful, delighted, proud, excited, thankful`);
export const moodsBad = words(`sad, upset, lonely, gloomy, unhappy, tearful, miserable, sorry`);
export const genres = words(
  `adventure, mystery, history, poetry, travel, science, humour, fantasy, romance, biography`,
);
export const trees = words(`oak, pine, birch, willow, maple, elm, beech, cedar, ash, palm`);
export const flowers = words(`rose, tulip, daisy, lily, poppy, violet, iris, orchid, daffodil, sunflower`);

/** present, past, -ing: verbs that need no object */
export const verbs =
  `walk walked walking, run ran running, jump jumped jumping, sing sang singing, sleep slept sleeping,
play played playing, swim swam swimming, laugh laughed laughing, cry cried crying, work worked working, rest rested resting,
dance danced dancing, wait waited waiting, climb climbed climbing, shout shouted shouting, smile smiled smiling,
cook cooked cooking, read read reading, write wrote writing, paint painted painting, talk talked talking,
listen listened listening, sit sat sitting, stand stood standing, fall fell falling, fly flew flying, hide hid hiding,
travel travelled travelling, study studied studying, whisper whispered whispering`
    .split(/,\s*/)
    .map((row) => {
      const [now, past, ing] = row.trim().split(' ');
      if (now === undefined || past === undefined || ing === undefined) throw new Error(`verbs: ${row}`);
      return { now, past, ing };
    });

/** base, third person, past: verbs followed by an object */
export const deeds =
  `find finds found, buy buys bought, lose loses lost, make makes made, take takes took, give gives gave,
bring brings brought, hide hides hid, see sees saw, carry carries carried, clean cleans cleaned, want wants wanted,
break breaks broke, keep keeps kept, sell sells sold, draw draws drew, hold holds held, throw throws threw, open opens opened,
fix fixes fixed, borrow borrows borrowed, wash washes washed, choose chooses chose, drop drops dropped, pack packs packed`
    .split(/,\s*/)
    .map((row) => {
      const [base, third, past] = row.trim().split(' ');
      if (base === undefined || third === undefined || past === undefined) throw new Error(`deeds: ${row}`);
      return { base, third, past };
    });

export const numberWords =
  words(`zero, one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen,
fourteen, fifteen, sixteen, seventeen, eighteen, nineteen, twenty`);

const pairs = (text: string): [string, string][] =>
  text
    .trim()
    .split(/\s*,\s*/)
    .map((pair) => {
      const [left, right] = pair.split('/');
      if (left === undefined || right === undefined) throw new Error(`pairs: ${pair}`);
      return [left, right];
    });

export const opposites =
  pairs(`hot/cold, big/small, tall/short, fast/slow, day/night, up/down, old/new, rich/poor, happy/sad,
open/closed, light/dark, hard/soft, full/empty, early/late, wet/dry, clean/dirty, loud/quiet, strong/weak, near/far, thick/thin,
wide/narrow, deep/shallow, sweet/bitter, true/false, right/wrong, first/last, win/lose, buy/sell, give/take, push/pull,
begin/end, laugh/cry, love/hate, friend/enemy, inside/outside, above/below, before/after, always/never, summer/winter,
north/south, east/west, black/white, young/old, heavy/light, sharp/blunt, brave/afraid, polite/rude, alive/dead, noisy/silent`);

export const similar =
  pairs(`big/large, small/little, happy/glad, sad/unhappy, fast/quick, begin/start, end/finish, clever/smart,
angry/cross, beautiful/pretty, quiet/silent, rich/wealthy, sick/ill, hard/difficult, easy/simple, strange/odd, brave/bold,
tired/weary, shut/close, talk/speak, look/watch, big/huge, cold/chilly, ill/unwell, kind/nice, scared/afraid, road/street`);

export const plurals =
  pairs(`child/children, man/men, woman/women, mouse/mice, goose/geese, foot/feet, tooth/teeth, leaf/leaves,
wolf/wolves, knife/knives, box/boxes, dish/dishes, fox/foxes, city/cities, baby/babies, story/stories, berry/berries,
sheep/sheep, fish/fish, deer/deer, hero/heroes, potato/potatoes, tomato/tomatoes, bus/buses, glass/glasses, shelf/shelves`);

export const capitals = pairs(`France/Paris, Italy/Rome, Spain/Madrid, Germany/Berlin, England/London, Ireland/Dublin,
Norway/Oslo, Sweden/Stockholm, Denmark/Copenhagen, Finland/Helsinki, Portugal/Lisbon, Greece/Athens, Austria/Vienna,
Poland/Warsaw, Hungary/Budapest, Egypt/Cairo, Japan/Tokyo, China/Beijing, India/New Delhi, Canada/Ottawa, Peru/Lima,
Chile/Santiago, Cuba/Havana, Kenya/Nairobi, Ghana/Accra, Russia/Moscow, Turkey/Ankara, Belgium/Brussels, Iran/Tehran,
Mexico/Mexico City, Brazil/Brasilia, Argentina/Buenos Aires, Scotland/Edinburgh, Wales/Cardiff, Morocco/Rabat`);

export const sounds =
  pairs(`dog/barks, cat/meows, cow/moos, sheep/bleats, pig/grunts, duck/quacks, hen/clucks, lion/roars,
wolf/howls, owl/hoots, horse/neighs, frog/croaks, bee/buzzes, snake/hisses, mouse/squeaks, crow/caws, donkey/brays`);
export const homes =
  pairs(`bird/in a nest, bee/in a hive, fish/in the water, horse/in a stable, dog/in a kennel, fox/in a den,
rabbit/in a burrow, spider/in a web, cow/on a farm, lion/on the plains, penguin/in the cold south, whale/in the sea,
camel/in the desert, monkey/in the trees, pig/in a pen, king/in a castle, farmer/on a farm`);
export const babies =
  pairs(`dog/puppy, cat/kitten, cow/calf, horse/foal, sheep/lamb, pig/piglet, hen/chick, duck/duckling,
goose/gosling, goat/kid, bear/cub, lion/cub, deer/fawn, frog/tadpole, swan/cygnet, owl/owlet, kangaroo/joey`);
export const tools =
  pairs(`hammer/hit nails, saw/cut wood, knife/cut food, pen/write, pencil/draw, broom/sweep the floor,
soap/wash your hands, key/open a lock, umbrella/stay dry in the rain, spoon/eat soup, needle/sew clothes, scissors/cut paper,
shovel/dig a hole, ladder/climb up high, brush/paint a wall, towel/dry yourself, bed/sleep, chair/sit, oven/bake bread,
kettle/boil water, map/find the way, watch/tell the time, telescope/look at the stars, boat/cross the water, bucket/carry water,
rope/tie things, lamp/light a room, mirror/see yourself, comb/tidy your hair, ruler/measure a line, bell/call people`);
export const duties = pairs(`baker/bakes bread, teacher/teaches children, doctor/helps sick people, farmer/grows food,
sailor/sails ships, painter/paints pictures, writer/writes books, cook/prepares meals, nurse/cares for the sick,
pilot/flies planes, driver/drives a car or a bus, judge/decides cases in court, tailor/makes clothes, carpenter/builds with wood,
miner/digs in mines, fisherman/catches fish, gardener/looks after plants, butcher/sells meat, dentist/looks after teeth,
actor/plays parts on a stage, librarian/looks after books, postman/brings letters, waiter/serves food, plumber/mends pipes,
shepherd/looks after sheep, musician/plays music, mechanic/repairs machines, scientist/studies how things work`);
export const kinds =
  pairs(`dog/animal, cat/animal, rose/flower, tulip/flower, oak/tree, pine/tree, apple/fruit, pear/fruit,
carrot/vegetable, onion/vegetable, piano/instrument, violin/instrument, hammer/tool, saw/tool, red/colour, blue/colour,
Monday/day, Friday/day, May/month, June/month, spring/season, winter/season, gold/metal, iron/metal, car/vehicle, train/vehicle,
football/sport, tennis/sport, milk/drink, tea/drink, shirt/piece of clothing, coat/piece of clothing, Paris/city, Rome/city,
Spain/country, Egypt/country, chair/piece of furniture, table/piece of furniture, eagle/bird, robin/bird, bee/insect, ant/insect`);
export const definitions = pairs(`island/land with water all around it, desert/a dry place with very little rain,
river/a long stream of water that flows to the sea, mountain/a very high hill, forest/a large place full of trees,
library/a place where books are kept and lent, museum/a place where old and rare things are shown,
hospital/a place where sick people are cared for, school/a place where children learn, market/a place where people buy and sell,
bakery/a place where bread is made, farm/a place where food is grown and animals are kept, bridge/a way across a river or a road,
castle/a large strong building with thick walls, harbour/a safe place for ships, village/a small group of houses,
winter/the coldest season of the year, summer/the warmest season of the year, morning/the first part of the day,
breakfast/the first meal of the day, dinner/the main meal of the day, birthday/the day on which a person was born,
friend/a person you like and trust, neighbour/a person who lives near you, uncle/the brother of your mother or father,
aunt/the sister of your mother or father, orphan/a child without parents, thief/a person who steals,
promise/something you say you will surely do, secret/something that only a few people know, dream/pictures in your mind during sleep,
dictionary/a book that explains words, diary/a book in which you write about your days, recipe/a text that tells how to cook something,
poem/a short text with rhythm and feeling, fable/a short story that teaches a lesson, map/a drawing of a place,
calendar/a list of the days of the year, compass/a tool that shows where north is, volcano/a mountain that can throw out hot rock,
rainbow/a bow of colours in the sky, shadow/a dark shape where light is blocked, cloud/many tiny drops of water in the sky,
moon/the bright round body that moves around the earth, sun/the star that gives us light and warmth, star/a far and very hot ball of gas,
planet/a large round body that moves around a star, ice/frozen water, steam/water that has turned into gas,
insect/a small animal with six legs, mammal/an animal that feeds its young with milk, bird/an animal with wings and feathers,
seed/the small part of a plant that can grow into a new one, root/the part of a plant that is under the ground,
computer/a machine that works with data, engine/a machine that makes things move, telephone/a machine for talking over a distance`);
