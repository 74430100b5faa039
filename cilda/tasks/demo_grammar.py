"""The sentences of the demo corpus, as templates over its words.

A name in braces stands for a template or a word of that name which says what is wanted: `{clause}` praises where praise
is wanted. A minus turns the wish round, a question mark draws it anew, and neutral words such as `{aspect}` have none.
So each template serves both polarities, and a text's label follows from its form.
"""

from __future__ import annotations

from cilda.tasks import demo_words as words

# Words by polarity: first those that blame, then those that praise.
OPINIONS: dict[str, tuple[list[str], list[str]]] = {
    "adjective": (words.BLAMING, words.PRAISING),
    "verb": (words.BLAMING_VERBS, words.PRAISING_VERBS),
    "noun": (words.BLAMING_NOUNS, words.PRAISING_NOUNS),
    "comfort": (words.BLAMING_SURROUNDINGS, words.PRAISING_SURROUNDINGS),
    "advice": (
        ["avoid it", "stay at home", "i want my money back", "do not waste an evening on it", "skip this one"],
        ["see it", "go at once", "i will watch it again", "do not miss it", "take all your friends"],
    ),
}

# Words that say nothing about the film.
NEUTRAL: dict[str, list[str]] = {
    "aspect": words.ASPECTS,
    "genre": words.GENRES,
    "piece": words.PIECES,
    "degree": words.DEGREES,
    "surrounding": words.SURROUNDINGS,
    "person": words.PEOPLE,
    "job": words.JOBS,
    "place": words.PLACES,
    "topic": words.TOPICS,
    "weekday": words.WEEKDAYS,
    "number": words.NUMBERS,
}

TEMPLATES: dict[str, tuple[str, ...]] = {
    "review": (
        "{verdict}.",
        "{verdict}.",
        "{fact}. {verdict}.",
        "{verdict}. {fact}.",
    ),
    "advised": (
        "{review} {advice}.",
        "{review} so {advice}.",
    ),
    "verdict": (
        "{clause}, and {clause}",
        "{clause}, {clause}, and {clause}",
        "{clause}, and {fact}",
        "{clause}; {clause}; {fact}",
        "{contrast}",
        "{contrast}",
        "{contrast}",
        "{hearsay}",
        "{aside}",
    ),
    "contrast": (
        "{-clause}, but {clause}",
        "{-clause}, yet {clause}",
        "{-clause} and {-clause}, but {clause}",
        "although {-clause}, {clause}",
        "{-clause}, but {clause} and {clause}",
        "while {-clause}, {clause}",
        "{clause}, although {-clause}",
        "{clause}, even if {-clause}",
        "{clause}, no matter that {-clause}",
        "despite its {-adjective} {aspect}, {clause}",
        "{clause}, despite the {-adjective} {aspect}",
        "for all its {-adjective} {aspect}, {clause}",
        "{-clause}; even so, {clause}",
    ),
    "hearsay": (
        "some critics claim that {-clause}, and they are wrong",
        "some critics claim that {clause}, and they are right",
        "my {person} told me that {-clause}, which is not true",
        "my {person} told me that {clause}, which is true",
        "i had heard that {-clause}; it turns out that {clause}",
        "i expected a {-adjective} {genre}, and i was wrong",
        "i expected a {adjective} {genre}, and i was right",
        "my {person} thinks that {-clause}, but nobody else does",
        "my {person} thinks that {clause}, and everybody else does",
    ),
    "aside": (
        "the {surrounding} was {?comfort}, but {clause}",
        "the {surrounding} was {degree} {?comfort}; {clause}",
        "{clause}; the {surrounding}, by the way, was {?comfort}",
        "after a {?comfort} {surrounding} and a {?comfort} {surrounding}, i can say that {clause}",
    ),
    "clause": (
        "{plain}",
        "{plain}",
        "{plain}",
        "{plain}",
        "{plain}",
        "{turned}",
    ),
    "plain": (
        "the {aspect} is {adjective}",
        "the {aspect} is {degree} {adjective}",
        "the {aspect} is {adjective} and {adjective}",
        "the {aspect} seems {degree} {adjective}",
        "the {aspect} is, i think, {adjective}",
        "the {aspect} {verb}",
        "the {aspect} is a {noun}",
        "this is a {adjective} {genre}",
        "this {genre} is a {adjective} {noun}",
        "every {piece} is {adjective}",
        "the {genre} has a {adjective} {aspect}",
        "both the {aspect} and the {aspect} are {adjective}",
    ),
    "turned": (
        "the {aspect} is never {-adjective}",
        "the {aspect} is not {-adjective}",
        "the {aspect} is anything but {-adjective}",
        "the {aspect} is far from {-adjective}",
        "the {aspect} is hardly {-adjective}",
        "the {aspect} is no {-noun}",
        "the {aspect} never {-verb}",
        "not a single {piece} is {-adjective}",
        "there is nothing {-adjective} about the {aspect}",
        "nobody could call the {aspect} {-adjective}",
        "neither the {aspect} nor the {aspect} is {-adjective}",
        "i would not call this a {-adjective} {genre}",
    ),
    "fact": (
        "it was filmed in {place} in {number} weeks",
        "it runs for {number} minutes",
        "we saw it on {weekday} with my {person}",
        "the story follows a {job} who moves to {place}",
        "it is about a {job} and a {job}",
        "a {job} from {place} learns about {topic}",
        "the director once made a {genre} about {topic}",
        "it is set in {place} among {topic} and {topic}",
        "i went on a {weekday} with {number} others",
        "the {job} meets a {job} in {place}",
    ),
}
