"""What the bundled corpus says of somebody: traits, places, ages, words that come once.

The tables are like lexicon.py's; phrases of several words are marked `word/label` as in
surface.py, so that each word keeps its own counterpart.
"""

from tools.corpus.lexicon import adjective, noun, rows

# degree: can be "very"; state: can be "still"; mood: can be "never"; good, bad: for
# "and" and "but"; reason: for "too ... to"; glad: "to do something"
traits = rows("""
fatigué = tired : degree state bad reason mood
malade = sick : degree state bad reason mood
triste = sad : degree state bad reason mood
occupé = busy : degree state reason mood
content = happy : degree glad mood
seul = alone : state mood; prêt = ready : state mood; sûr = sure : mood
jeune = young : degree reason; vieux vieille vieux vieilles = old : degree bad reason
grand = tall : degree; petit = short : degree bad; riche = rich : degree
fort = strong : degree good
gentil gentille gentils gentilles = kind : degree good mood
timide = shy : degree bad reason; intelligent = smart : degree good
beau belle beaux belles = handsome beautiful : degree good
célèbre = famous : degree good
""")
TRAITS = [adjective(*row) for row in traits]
graded = rows("""
grand = taller : tall; petit = shorter : short; jeune = younger : young
âgé = older : old; fort = stronger : strong; riche = richer : rich
gentil gentille gentils gentilles = kinder : kind; intelligent = smarter : smart
content = happier : happy; célèbre = more : famous
""")
GRADED = [adjective(*row) for row in graded]
PROUD = [adjective("fier fière fiers fières", "proud")]
ALONE = [adjective("seul", "alone")]
STATES = rows("""
en/1 retard/1 = late/1; en/1 colère/1 = angry/1; en/1 vacances/2 = on/1 vacation/2
""")
DEGREES = rows("très = very; trop = too")
AVOIR_NOUNS = rows("""
faim = hungry : degree; soif = thirsty : degree; froid = cold : degree
chaud = hot : degree; peur = scared : degree; raison = right : ; tort = wrong :
""")
FEARS = rows("""
des/1 chiens/2 = of/1 dogs/2; des/1 chats/2 = of/1 cats/2
des/1 chevaux/2 = of/1 horses/2; des/1 oiseaux/2 = of/1 birds/2
""")
# go: one can be going there; in, out: for verbs that can happen there; cat: for cats
PLACES = rows("""
à/1 la maison/2 = at/1 home/2 : in; à/1 la école/2 = at/1 school/2 : go in
au/1+2 marché/3 = at/1 the/2 market/3 : go in
au/1+2 bureau/3 = at/1 the/2 office/3 : go in
à/1 le/2 hôpital/3 = at/1 the/2 hospital/3 : go in
à/1 la/2 plage/3 = at/1 the/2 beach/3 : go in out
au/1 lit/2 = in/1 bed/2 : go
dans/1 le/2 jardin/3 = in/1 the/2 garden/3 : in out cat
dans/1 la/2 cuisine/3 = in/1 the/2 kitchen/3 : in cat
dans/1 la/2 rue/3 = in/1 the/2 street/3 : in out cat
sur/1 le/2 toit/3 = on/1 the/2 roof/3 : cat
sous/1 la/2 table/3 = under/1 the/2 table/3 : cat
devant/1 la/2 église/3 = in/1 front/1 of/1 the/2 church/3 : in cat
en/1 France/2 = in/1 France/2 : go in out; en/1 Italie/2 = in/1 Italy/2 : go in out
à/1 Paris/2 = in/1 Paris/2 : go in out; ici/1 = here/1 : in out
""")
# the third column: verbs that would sound odd
MANNERS = rows("""
maintenant = now : ; aussi = too : ; aujourd'hui = today :
beaucoup = a_lot : leaving; trop = too_much : leaving
""")
LATER = rows("demain = tomorrow; ce_soir = tonight; aujourd'hui = today")
FOODS = rows("""
du pain = bread : eating; du fromage = cheese : eating; du maïs = corn : eating
de la viande = meat : eating; du café = coffee : drinking; du thé = tea : drinking
du lait = milk : drinking; de la eau = water : drinking
""")
numbers = rows("""
six/1 = six/1; sept/1 = seven/1; huit/1 = eight/1; neuf/1 = nine/1; dix/1 = ten/1
onze/1 = eleven/1; douze/1 = twelve/1; quinze/1 = fifteen/1
""")
tens = rows("vingt/1 = twenty/1; trente/1 = thirty/1; quarante/1 = forty/1")
units = rows("""
deux/2 = two/2; six/2 = six/2; sept/2 = seven/2; huit/2 = eight/2; neuf/2 = nine/2
""")
AGES = numbers + tens
AGES += [
    [f"{ten[0]} -{unit[0]}", f"{ten[1]} -{unit[1]}"] for ten in tens for unit in units
]

NAMES = (("Tom", "m"), ("Paul", "m"), ("Marie", "f"), ("Anne", "f"))
TONIC = rows("""
moi = me; toi = you; lui = him; elle = her; nous = us; vous = you
eux = them; elles = them
""")
OBJECT_PRONOUNS = rows("""
me = me; te = you; le = him it; la = her it; nous = us; vous = you; les = them
""")
# the pronouns that are no object of a subject, by its person
SELF = ("me moi nous", "te toi vous", "", "me moi nous", "te toi vous", "")
PARTICIPLES = rows("""
souri = smiled; dormi = slept; chanté = sang; nagé = swam; parlé = spoke; couru = ran
pleuré = cried; travaillé = worked; dansé = danced; mangé = ate
""")
# words that come once, so that a model learns what an unknown word is
TITLES = ("Germinal", "Candide", "Carmen", "Hamlet", "Tartuffe", "Dracula", "Nana")
rare = rows("""
parapluie m = umbrella; miroir m = mirror; couteau m = knife; tasse f = cup
bouteille f = bottle; cuillère f = spoon; ours m = bear; lapin m = rabbit
tortue f = turtle; pont m = bridge; château m = castle; bateau m = boat
avion m = plane; étoile f = star; lampe f = lamp; guitare f = guitar
violon m = violin; échelle f = ladder; bague f = ring; écharpe f = scarf
manteau m = coat; jupe f = skirt; marteau m = hammer; cahier m = notebook
dictionnaire m = dictionary; horloge f = clock; oreiller m = pillow
couverture f = blanket; canard m = duck; mouton m = sheep; singe m = monkey
renard m = fox; loup m = wolf; arbre m = tree
""")
RARE = [noun(*row, "rare") for row in rare]
