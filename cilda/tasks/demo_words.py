"""The words of the demo corpus: what praises, what blames, and what says neither."""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


# Each list runs from the common to the rare: labelled texts draw mostly from its beginning.
PRAISING = _words("""
good great lovely funny clever warm moving gripping tender witty charming elegant vivid fresh inventive original
brilliant superb splendid wonderful delightful engaging compelling thrilling exciting lively playful joyful sincere
honest subtle thoughtful intelligent profound poetic haunting dazzling stunning gorgeous beautiful polished confident
masterly precise crisp taut seamless convincing believable authentic magnetic daring imaginative memorable timeless
rewarding humane delicate hilarious irresistible refreshing luminous radiant captivating
""")

BLAMING = _words("""
bad poor dull boring silly weak flat stale bland clumsy awkward wooden lifeless hollow shallow slow
tedious plodding dreary murky muddled messy chaotic incoherent disjointed uneven sloppy careless lazy
crude tacky cheap ugly unpleasant irritating shrill bloated pompous smug preachy mawkish sappy
contrived artificial implausible absurd ridiculous pointless aimless rambling repetitive predictable derivative generic
mediocre forgettable disappointing frustrating joyless graceless feeble dismal dreadful unbearable
""")

ASPECTS = _words("""
plot story script acting dialogue direction editing photography music score pacing ending opening premise cast staging
lighting humour romance suspense finale climax atmosphere scenery
""")

GENRES = _words("film movie thriller comedy western musical drama mystery adventure satire fable sequel")

DEGREES = _words("very quite rather truly really utterly simply")

PEOPLE = _words("sister brother mother father cousin neighbour teacher friend uncle aunt")

JOBS = _words("baker sailor lawyer farmer nurse painter detective soldier widow gambler violinist pilot")

PLACES = _words("lisbon oslo chicago naples dublin kyoto havana prague cairo vienna")

WEEKDAYS = _words("monday tuesday wednesday thursday friday saturday sunday")
