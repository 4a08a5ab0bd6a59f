"""In which of the six UN languages a text is: told only where it is sure.

Script decides for Arabic, Chinese and Russian, function words for English, French and Spanish.
Short texts, and languages that share words or script with one of the six, are never judged.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from domain.refusals import InvalidInput

NAMES = {
    "ar": "Arabic",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "ru": "Russian",
    "zh": "Chinese",
}

letters_min = 24
"""Letters that a text must have to be judged by its script; a Chinese character counts as four."""

function_words_min = 4
"""Function words that a text must have to be judged by them."""

texts_share_min = 80
"""From this share (per cent) of a file's judged texts on, the file is in that language."""

# Words of one of the three only. Words that Spanish or French shares with a neighbour decide
# nothing between them, so neighbours are not judged at all (`_NEIGHBOURS`).
_WORDS = {
    "en": "the of and to in that with for by its all from which are is be on this as",
    "fr": "le les des du et à aux dans pour par qui une sur ses leur leurs est ce cette afin ou",
    "es": "el los las del y en con para por una sus su al que e o como sobre este esta",
}
_LANGUAGE_OF = {
    word: language
    for language, words in _WORDS.items()
    for word in words.split()
    if sum(word in other.split() for other in _WORDS.values()) == 1
}
_SCRIPTS = {"ARABIC": "ar", "CYRILLIC": "ru", "CJK": "zh", "LATIN": "latin"}
_NEIGHBOURS = {
    "es": frozenset("pt gl ca oc an ast it ro la lad".split()),
    "fr": frozenset("ca oc it ro wa ht rm la".split()),
    "en": frozenset({"sco"}),
}
_LATIN = frozenset({"en", "fr", "es"})
_WORD = re.compile(r"[^\W\d_]+")


def language_of(text: str) -> str | None:
    """Which of the six languages a text is in; None where that is not sure."""
    script = _script(text)
    if script != "latin":
        return script
    found = Counter(
        language
        for word in _WORD.findall(text.casefold())
        if (language := _LANGUAGE_OF.get(word)) is not None
    )
    (best, count), *others = [*found.most_common(2), ("", 0), ("", 0)][:2]
    return best if count >= function_words_min and count >= 4 * others[0][1] else None


def contradicts(text: str, tag: str) -> str | None:
    """The language that a text is clearly in where its tag says another one; None otherwise."""
    said = tag.casefold().split("-")[0]
    found = language_of(text)
    if found is None or found == said or said in _NEIGHBOURS.get(found, ()):
        return None
    # Many languages are written in the scripts of Arabic, Russian and Chinese.
    return found if found in _LATIN or said in NAMES else None


def language_of_file(texts: Iterable[tuple[str, str]]) -> str | None:
    """The language that a file of texts and tags is clearly in where its tags say another one."""
    judged, wrong = 0, Counter[str]()
    together: dict[str, list[str]] = {}
    for text, tag in texts:
        together.setdefault(tag, []).append(text)
        judged += language_of(text) is not None
        if found := contradicts(text, tag):
            wrong[found] += 1
    if wrong:
        found, count = wrong.most_common(1)[0]
        return found if count * 100 >= texts_share_min * judged else None
    # Texts that are too short one by one may be enough together.
    if judged or len(together) != 1:
        return None
    ((tag, all_texts),) = together.items()
    return contradicts(" ".join(all_texts), tag)


def judge_language(texts: Iterable[tuple[str, str]]) -> None:
    """Refuses texts, each with its tag, that are clearly in another language than they say."""
    said = list(texts)
    if found := language_of_file(said):
        raise language_differs(found, said[0][1])


def language_differs(found: str, said: str) -> InvalidInput:
    """The refusal of a file in another language than is said."""
    return InvalidInput(
        f"The texts of this file are in {NAMES.get(found, found)}, not in “{said}”: give "
        f"--language {found}, or choose the right file.",
        reason="language-differs",
    )


def _script(text: str) -> str | None:
    found: Counter[str] = Counter()
    for letter in filter(str.isalpha, text[:2_000]):
        if letter < "\u0250":
            found["latin"] += 1
            continue
        name = unicodedata.name(letter, "").split(" ")[0]
        script = _SCRIPTS.get(name, "other")
        found[script] += 4 if script == "zh" else 1
    ((script, count),) = found.most_common(1) or [("other", 0)]
    if script == "other" or count < letters_min or count * 10 < found.total() * 7:
        return None
    return script
