"""The sentences of the demo corpus, as templates over its words.

A name in braces stands for a template or a word of that name which says what is wanted: `{clause}` praises where praise
is wanted. A minus turns the wish round, and neutral words such as `{aspect}` have none.
So each template serves both polarities, and a text's label follows from its form.
"""

from __future__ import annotations

from cilda.tasks import demo_words as words

# Words by polarity: first those that blame, then those that praise.
OPINIONS: dict[str, tuple[list[str], list[str]]] = {"adjective": (words.BLAMING, words.PRAISING)}

# Words that say nothing about the film.
NEUTRAL: dict[str, list[str]] = {
    "aspect": words.ASPECTS,
    "genre": words.GENRES,
    "degree": words.DEGREES,
    "person": words.PEOPLE,
    "job": words.JOBS,
    "place": words.PLACES,
    "weekday": words.WEEKDAYS,
}

TEMPLATES: dict[str, tuple[str, ...]] = {
    "review": ("{verdict}.", "{verdict}.", "{fact}. {verdict}.", "{verdict}. {fact}."),
    # Half of them agree with themselves, and a bag of words gets those right.
    "verdict": (
        "{clause}, and {clause}",
        "{clause}, {clause}, and {clause}",
        "{clause}, and {fact}",
        "{-clause}, but {clause}",
        "although {-clause}, {clause}",
        "{clause}, despite the {-adjective} {aspect}",
    ),
    "clause": ("{plain}", "{plain}", "{plain}", "{turned}"),
    "plain": (
        "the {aspect} is {adjective}",
        "the {aspect} is {degree} {adjective}",
        "the {aspect} is {adjective} and {adjective}",
        "this is a {adjective} {genre}",
    ),
    "turned": ("the {aspect} is not {-adjective}", "the {aspect} is never {-adjective}"),
    "fact": (
        "it was filmed in {place}",
        "we saw it on {weekday} with my {person}",
        "it is the story of a {job} and a {job}",
    ),
}
