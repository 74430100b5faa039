"""The words of the demo corpus: what praises, what blames, and what says neither."""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


# Each list runs from the common to the rare: labelled texts draw mostly from its beginning.
PRAISING = _words("""
good great lovely funny fine clever warm moving gripping touching tender witty charming elegant graceful vivid fresh
inventive original inspired brilliant superb splendid wonderful delightful engaging absorbing compelling riveting
thrilling exciting spirited lively energetic playful joyful uplifting heartfelt sincere honest truthful subtle nuanced
layered thoughtful intelligent perceptive insightful profound poetic lyrical haunting hypnotic mesmerising dazzling
stunning gorgeous beautiful exquisite sumptuous polished assured confident masterly accomplished skilful deft precise
crisp taut lean brisk fluid seamless coherent convincing believable credible authentic magnetic commanding fearless
daring bold ambitious imaginative visionary memorable unforgettable timeless rewarding satisfying fulfilling generous
humane gentle sweet delicate amusing hilarious infectious buoyant irresistible refreshing luminous radiant enchanting
captivating marvellous
""")

BLAMING = _words("""
bad poor dull boring silly weak flat tired stale bland lame clumsy awkward wooden stiff lifeless hollow empty shallow
thin slow sluggish tedious plodding dreary drab murky muddled confused messy chaotic incoherent disjointed choppy uneven
sloppy careless lazy amateurish crude coarse vulgar tasteless tacky cheap gaudy garish ugly unpleasant irritating
annoying grating shrill overblown bloated pompous pretentious smug preachy manipulative mawkish sappy cloying syrupy
contrived forced artificial phoney implausible absurd ridiculous pointless aimless meandering rambling repetitive
predictable derivative formulaic generic unoriginal mechanical routine mediocre forgettable disappointing frustrating
exhausting wearying numbing deadening joyless humourless charmless graceless soulless heartless cold inert limp feeble
flimsy pathetic dismal abysmal awful terrible horrible dreadful atrocious wretched unwatchable unbearable insufferable
""")

PRAISING_VERBS = _words("""
works shines delights sparkles soars dazzles enchants glows triumphs impresses succeeds flows resonates captivates
surprises charms excels lingers sings blossoms
""")

BLAMING_VERBS = _words("""
fails drags disappoints bores stumbles crumbles collapses annoys sags flounders plods falters irritates backfires stalls
wobbles misfires sinks limps fizzles
""")

PRAISING_NOUNS = _words("""
joy triumph delight treat marvel gem wonder pleasure treasure masterpiece revelation success jewel feast knockout
sensation classic beauty blessing winner
""")

BLAMING_NOUNS = _words("""
mess bore failure disaster chore waste letdown misfire shambles flop blunder dud travesty fiasco nuisance muddle
catastrophe embarrassment trainwreck loser
""")

ASPECTS = _words("""
plot story script acting dialogue direction editing photography music score pacing ending opening premise cast staging
lighting soundtrack narration humour romance suspense drama finale prologue climax tone atmosphere characterisation
choreography storytelling writing casting costuming animation scenery melody commentary structure imagery camerawork
subplot framing montage introduction
""")

GENRES = _words("""
film movie picture thriller comedy western musical documentary mystery adventure biography satire fable remake debut
sequel romance melodrama caper parable
""")

PIECES = _words("scene moment minute line shot episode chapter sequence")

DEGREES = _words("very quite rather truly really utterly deeply simply thoroughly remarkably")

# Things around the visit: what is said of them says nothing about the film.
SURROUNDINGS = _words("""
popcorn queue parking weather lobby coffee seating trailer ticket foyer lemonade restaurant bus hotel
""")
PRAISING_SURROUNDINGS = _words("good great lovely fine wonderful delightful superb pleasant")
BLAMING_SURROUNDINGS = _words("bad poor awful terrible horrible dreadful dismal unpleasant")

PEOPLE = _words("""
sister brother mother father cousin neighbour teacher friend uncle aunt colleague dentist landlord niece nephew
flatmate
""")

JOBS = _words("""
baker sailor lawyer farmer nurse painter detective soldier teacher widow gambler violinist pilot gardener tailor
fisherman librarian miner judge barber courier architect beekeeper clockmaker
""")

PLACES = _words("""
lisbon oslo bombay chicago naples dublin kyoto havana prague cairo vienna glasgow tangier lima warsaw istanbul bergen
montreal seville athens
""")

TOPICS = _words("""
whales railways chess boxing glaciers divorce lighthouses insurance mushrooms espionage cycling volcanoes tennis bees
opera smuggling
""")

WEEKDAYS = _words("monday tuesday wednesday thursday friday saturday sunday")

NUMBERS = _words("""
two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty seventy eighty ninety
""")
