/** Common given names of English, German, French, Spanish, Italian, Dutch, Polish, Turkish, Nordic and other speakers. Names that
 * are everyday words at the start of a sentence (Will, Rose, Grace, Hope, Mark, May, Frank, …) are left out. */
export const GIVEN_NAMES: ReadonlySet<string> = new Set(
  `Aaron Abigail Adam Adrian Agnes Agnieszka Ahmed Ahmet Aisha Alan Alana Albert Alberto Aleksander Aleksandra Alejandra Alejandro
  Alessandra Alessandro Alessia Alex Alexander Alexandra Alexandre Alexis Alfred Ali Alice Alicia Alina Alison Allison Alma Amanda
  Amar Amelia Amelie Amina Amir Amy Ana Anastasia Anders Andrea Andreas Andrew Andrej Andrzej Andy Angela Angelika Angelo Anita
  Anja Anke Anna Annabelle Anne Annegret Annette Annie Annika Ansgar Anthony Antje Antoine Anton Antonia Antonio Anya April Ariana
  Armin Arne Arthur Astrid Aurélie Ava Axel Ayla Aylin Ayşe Barbara Bart Bartosz Bastian Beate Beatrice Beatriz Ben Benedikt
  Benjamin Bernard Bernd Bernhard Bertha Beth Bettina Bianca Birgit Birte Björn Bob Boris Bradley Brandon Brenda Brian Bridget
  Brigitte Britta Bruno Burak Camila Camille Carina Carla Carlos Carmen Carol Carolin Caroline Carsten Catherine Catarina Cecilia
  Cem Charles Charlie Charlotte Chen Chiara Chloe Chloé Chris Christa Christian Christiane Christina Christine Christoph Christophe
  Christopher Cindy Claire Clara Claudia Clemens Colin Connor Constanze Cornelia Craig Cristina Curtis Cynthia Dagmar Damian Dan
  Daniel Daniela Danielle Danny Dave David Deborah Dennis Derek Derya Detlef Diana Diane Diego Dieter Dietmar Dimitri Dirk Dmitri
  Dmitry Dominic Dominik Donald Donna Doris Dorothea Dorothy Douglas Dylan Eberhard Eddie Edgar Edith Eduardo Edward Ekaterina
  Elena Eleanor Elif Elias Elisa Elisabeth Elise Elizabeth Elke Ella Ellen Elsa Elvira Emil Emilia Emilie Emilio Emily Emine Emma
  Emmanuel Emre Enrico Enrique Eric Erica Erich Erik Erika Erin Ernst Esra Esther Ethan Eugene Eva Evelyn Fabian Fatima Fatma
  Federico Felicia Felicitas Felipe Felix Ferdinand Fernando Filip Fiona Florence Florian Francesca Francesco Francis Francisco
  Franco François Françoise Franz Franziska Fred Frederic Frederick Friederike Friedrich Fritz Gabriel Gabriela Gabriele Gabriella
  Gareth Gary Gavin Geoffrey Georg George Georgia Gerald Gerard Gerda Gerhard Gertrud Gianni Gina Giorgio Giovanni Gisela Giulia
  Giuseppe Gloria Gordon Graham Greg Gregor Gregory Greta Gudrun Guido Guillaume Gunnar Günter Günther Gustav Hakan Hamza Hanna
  Hannah Hannelore Hannes Hans Harald Harold Harriet Harry Hartmut Hasan Hassan Heather Hedwig Heidi Heike Heiko Heiner Heinrich
  Heinz Helen Helena Helene Helga Helmut Hendrik Henning Henri Henrik Henry Herbert Hermann Hilde Hildegard Hiroshi Holger Horst
  Howard Hubert Hugh Hugo Hüseyin Ian Ibrahim Ida Ilona Ilse Imran Ines Inga Inge Ingo Ingrid Irene Irina Iris Irma Isaac Isabel
  Isabella Isabelle Isla Ivan Ivana Jack Jackson Jacob Jacqueline Jacques Jaime Jakob Jakub James Jamie Jan Jana Jane Janet Janina
  Jasmin Jasmine Jason Javier Jean Jeanette Jeff Jeffrey Jennifer Jenny Jens Jeremy Jerome Jérôme Jessica Jill Jim Jimmy Jo Joachim
  Joan Joana Joanna Joao João Jochen Joe Joel Joep Johan Johann Johanna Johannes John Jolanda Jon Jonas Jonathan Jordan Jorge Jörg
  José Josef Josefine Joseph Joshua Juan Juana Judith Julia Julian Juliana Juliane Julie Julien Juliette Julio Julius Jürgen Jutta
  Kai Kamil Karen Karim Karin Karl Karla Karolina Karsten Katarina Katarzyna Kate Katharina Katherine Kathleen Kathrin Kathryn Katie
  Katja Katrin Kay Keith Kelly Kemal Ken Kenneth Kenji Kerstin Kevin Kim Kirsten Klara Klaus Konrad Konstantin Kristin Kristina Kurt
  Kyle Lara Larissa Larry Lars Laszlo Laura Lauren Laurent Laurence Lea Leah Lena Leo Leon Leonard Leonardo Leonie Leslie Liam Lidia
  Lily Linda Lindsay Linus Lisa Lorenz Lorenzo Lothar Louis Louisa Louise Lubomir Luc Luca Lucas Lucia Lucie Lucy Ludwig Luigi Luis
  Luisa Luise Lukas Łukasz Luke Lydia Maarten Maciej Madeleine Madison Magda Magdalena Maik Maja Malik Małgorzata Manfred Manuel
  Manuela Marc Marcel Marcin Marco Marcos Marcus Marek Margaret Margarete Margarita Margit Margot Maria María Mariana Marianne Marie
  Marina Mario Marion Marius Marko Markus Marlene Marta Martha Martin Martina Martine Mary Mateo Mateusz Mathias Matilda Matteo
  Matthew Matthias Matthieu Maud Maureen Maurice Max Maximilian Maya Megan Mehmet Meike Melanie Melissa Mercedes Merle Meryem Mia
  Michael Michaela Michal Michał Michel Michelle Miguel Mikael Mike Mila Milan Milena Mina Miriam Mirko Mohamed Mohammad Mohammed
  Moira Molly Monica Monika Monique Moritz Muhammad Murat Mustafa Myriam Nadia Nadine Nadja Nancy Naomi Natalia Natalie Natascha
  Natasha Nathalie Nathan Neil Nele Nicholas Nick Nicola Nicolas Nicole Niklas Nikolai Nikolas Nils Nina Noah Nora Norbert Norman
  Nuria Oksana Ole Oleg Olga Oliver Olivia Olivier Omar Oscar Oskar Oswald Otto Pablo Pamela Paola Paolo Pascal Patricia Patrick Paul
  Paula Paulina Pauline Pawel Paweł Pedro Peggy Penelope Peter Petra Philip Philipp Philippe Phillip Phyllis Pia Pierre Pieter Pilar
  Piotr Priya Quentin Rachel Rafael Raimund Rainer Raj Ralf Ralph Ramona Raphael Raphaël Raquel Rashid Raymond Rebecca Regina Reinhard
  Renate Renata René Ricardo Richard Rita Robert Roberta Roberto Robin Roger Roland Rolf Roman Ronald Ronja Rosa Rosemarie Roxana Roy
  Ruben Rudolf Rüdiger Ruth Ryan Sabine Sabrina Sally Salma Salvatore Sam Samantha Samir Samira Samuel Sandra Sanjay Sara Sarah Saskia
  Scott Sean Sebastian Sebastián Selim Selina Serena Sergei Sergey Sergio Sharon Sheila Shirley Siegfried Sigrid Silke Silvia Simon
  Simona Simone Sina Sofia Sofie Sonja Sophia Sophie Stacy Stanislaw Stefan Stefania Stefanie Steffen Stella Stephan Stephanie Stéphane
  Stephen Steve Steven Stuart Sunita Susan Susann Susanna Susanne Suzanne Sven Svenja Svetlana Sybille Sylvia Sylvie Tamara Tania Tanja
  Tara Tatiana Ted Teresa Teresia Theo Theodor Theresa Thérèse Thiago Thomas Thorsten Tiffany Till Tim Timo Timothy Tina Tobias Todd
  Tom Tomás Tomasz Tony Torben Torsten Tracy Tristan Udo Ulf Ulrich Ulrike Ursula Uta Ute Uwe Valentina Valentin Valeria Valerie Vanessa
  Vera Verena Veronica Veronika Vicente Victor Victoria Viktor Viktoria Vincent Vincenzo Viola Virginia Vivian Vladimir Volker Walter
  Waltraud Wanda Wendy Werner Wiebke Wilhelm William Wioletta Wojciech Wolfgang Xavier Yannick Yasemin Yasmin Ying Yolanda Yuki Yusuf
  Yvette Yvonne Zachary Zainab Zeynep Zoe Zoé Zofia Zuzanna`.split(/\s+/),
);
