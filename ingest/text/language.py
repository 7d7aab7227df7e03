"""Which language a text is in, roughly: by its script, and for Latin letters by the small words it uses.

Enough to say that a whole file is not English; not covered: mixtures, short texts, close neighbours
(Danish and Norwegian are one here), languages without a list below.
"""

from __future__ import annotations

from collections import Counter

import regex  # type: ignore[import-untyped]

LEAST_LETTERS, LEAST_WORDS = 200, 60  # less text than this is not judged
SCRIPT_SHARE = 0.5  # of the letters
WORD_SHARE = 0.12  # of the words are small words of a language …
AHEAD = 1.3  # … and this many times as many as those of English
SAMPLE = 40_000  # characters looked at

_SCRIPTS = {
    "Japanese": r"[\p{Hiragana}\p{Katakana}]",
    "Chinese": r"\p{Han}",
    "Korean": r"\p{Hangul}",
    "Arabic": r"\p{Arabic}",
    "Hebrew": r"\p{Hebrew}",
    "Greek": r"\p{Greek}",
    "Cyrillic": r"\p{Cyrillic}",
    "Hindi": r"\p{Devanagari}",
    "Thai": r"\p{Thai}",
}
_SCRIPT = {name: regex.compile(pattern) for name, pattern in _SCRIPTS.items()}
JAPANESE_SHARE = 0.1  # of its letters are kana; Chinese has none
_LETTER, _WORD = regex.compile(r"\p{L}"), regex.compile(r"\p{L}+")

_SMALL_WORDS = {
    "English": "the of and to in is that for it with as was on be by at are this from or an not",
    "German": "der die und das den von zu ist mit sich des auf für nicht dem ein eine als auch es an werden wird im",
    "French": "de la le et les des en un une du est que dans qui par pour au sur pas il ne sont avec aux cette",
    "Spanish": "de la que el en y los del las un por con no una para es al lo como más su se o",
    "Italian": "di e il la che in un per è una non del le con si da dei della al nel sono gli i delle",
    "Portuguese": "de a o que e do da em um para é com não uma os no na por mais as dos como ao das",
    "Dutch": "de van het een en in is dat op te zijn met voor niet aan er om ook als door bij wordt",
    "Swedish": "och att det i en som är på av för med den till inte om ett har de vid eller från",
    "Danish or Norwegian": "og i det at en er som på de til den med av af for ikke har et om fra kan",
    "Polish": "w i na z do się nie jest że o to jak dla przez od po oraz są za lub jego",
    "Czech": "a v se na je že s z do o to jako by pro který jsou ve nebo po při jeho",
    "Romanian": "de și în la cu a pe din este care pentru un nu mai sau prin ce o al că fi",
    "Hungarian": "a az és hogy nem is egy ez van meg de el vagy csak mint volt ha kell azt",
    "Finnish": "ja on ei että se oli hän ovat myös joka mutta kun tai sen ole voi niin jos sekä",
    "Turkish": "ve bir bu için ile da de olarak olan daha çok gibi ne kadar en sonra her ya",
    "Indonesian": "yang dan di dengan untuk dari dalam pada ini itu adalah tidak oleh atau ke akan sebagai",
}
_LISTS = {name: frozenset(words.split()) for name, words in _SMALL_WORDS.items()}


def language_of(text: str) -> str:
    """The English name of the language ("Cyrillic" of the script) of most of `text`; "" where it is unsure."""
    sample = text[:SAMPLE]
    letters = len(_LETTER.findall(sample))
    if letters < LEAST_LETTERS:
        return ""
    counts = {name: len(pattern.findall(sample)) / letters for name, pattern in _SCRIPT.items()}
    if counts["Japanese"] >= JAPANESE_SHARE and counts["Japanese"] + counts["Chinese"] >= SCRIPT_SHARE:
        return "Japanese"
    script = max(counts, key=counts.__getitem__)
    if counts[script] >= SCRIPT_SHARE:
        return script
    words = [word.casefold() for word in _WORD.findall(sample)]
    if len(words) < LEAST_WORDS:
        return ""
    seen = Counter(words)
    shares = {name: sum(seen[each] for each in small) / len(words) for name, small in _LISTS.items()}
    best = max(shares, key=shares.__getitem__)
    if shares[best] < WORD_SHARE or (best != "English" and shares[best] < AHEAD * shares["English"]):
        return ""
    return best
