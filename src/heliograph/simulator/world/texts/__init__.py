"""Sensible short texts in five languages and three scripts for seeded chats and the traffic generator.

A ``Phrasebook`` fills templates once and then joins ready sentences, so that a text costs a few microseconds. Entity
offsets count UTF-16 units, as Telegram does.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from heliograph.simulator.world.texts import arabic, english, german, russian, spanish

Entity = list[Any]

LANGUAGES: dict[str, ModuleType] = {"en": english, "es": spanish, "de": german, "ru": russian, "ar": arabic}
# English most, so that the corpus has about five characters a word.
LANGUAGE_CYCLE = ("en", "es", "en", "ru", "en", "de", "ar", "es")
SUBJECTS = ("community", "tech", "football", "cooking")

_SENTENCES = 500
_DECORATED = 240
_SLOT = re.compile(r"\{(\w+)\}")
# How many sentences a text has: the mean over all languages is 22 words, 110 characters.
_LENGTHS = (1, 1, 1, 1, 1, 1, 2, 2, 2, 3)
_EMOJI = ("🙂", "🎉", "⚽", "🍲", "🛠️", "🌧️", "👨‍👩‍👧", "🇫🇮", "❤️")
_CUSTOM_EMOJI = 5_368_324_170_671_202_286


def utf16_length(text: str) -> int:
    """Return the length in UTF-16 units."""
    return len(text) + sum(character > "\uffff" for character in text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """A ready sentence with its entities."""

    text: str
    units: int
    entities: tuple[tuple[Any, ...], ...] = ()


class Phrasebook:
    """Texts of one language about one subject."""

    def __init__(self, language: str, subject: str, seed: int, mention_ids: list[int] | None = None) -> None:
        self._rng = random.Random(f"{seed}:{language}:{subject}")  # noqa: S311 texts must repeat
        self._words = LANGUAGES[language]
        self._mention_ids = mention_ids or [777000]
        templates = [*self._words.TOPICS[subject], *self._words.TOPICS[subject], *self._words.GENERAL]
        texts = [self._fill(self._rng.choice(templates)) for _ in range(_SENTENCES)]
        self._plain = [Sentence(text=text, units=utf16_length(text)) for text in texts]
        self._decorated = [self._decorate(self._rng.choice(texts), kind % 16) for kind in range(_DECORATED)]
        self.short: tuple[str, ...] = self._words.SHORT

    def compose(self, rng: random.Random, *, decorated: bool) -> tuple[str, list[Entity] | None]:
        """Return a text and its entities, None when it has none."""
        roll = rng.random()
        count = _LENGTHS[int(roll * 10)]
        if not decorated:
            if roll > 0.985:
                return self.short[int(rng.random() * len(self.short))], None
            plain = self._plain
            text = " ".join([plain[int(rng.random() * _SENTENCES)].text for _ in range(count)])
            return (text + " " + _EMOJI[int(roll * 900) % 9], None) if roll < 0.06 else (text, None)
        parts = [self._plain[int(rng.random() * _SENTENCES)] for _ in range(count - 1)]
        parts.append(self._decorated[int(rng.random() * _DECORATED)])
        offset, entities = 0, []
        for part in parts:
            entities += [[kind, start + offset, *rest] for kind, start, *rest in part.entities]
            offset += part.units + 1
        return " ".join([part.text for part in parts]), entities

    def _fill(self, template: str) -> str:
        return _SLOT.sub(lambda match: str(self._rng.choice(self._words.SLOTS[match[1]])), template)

    def _decorate(self, text: str, kind: int) -> Sentence:
        head, _, tail = text.partition(" ")
        number = self._rng.randrange(1, 400)
        marked = utf16_length(head)
        word = utf16_length(tail.partition(" ")[0]) or 1
        appended: dict[int, tuple[str, tuple[Any, ...]]] = {
            0: (f"https://example.org/{number}", ("url",)),
            1: (f"#plan{number}", ("hashtag",)),
            2: ("@mill_lane_desk", ("mention",)),
            3: (f"make run-{number}", ("code",)),
            4: (f"for n in range({number}):\n    print(n)", ("pre", "python")),
            5: ("/help", ("bot_command",)),
            6: (f"desk{number}@example.org", ("email",)),
            7: ("👍", ("custom_emoji", _CUSTOM_EMOJI + number)),
        }
        if kind in appended:
            extra, (name, *argument) = appended[kind]
            units = utf16_length(text) + 1
            length = utf16_length(extra)
            whole = f"{text} {extra}"
            return Sentence(text=whole, units=units + length, entities=((name, units, length, *argument),))
        spans: dict[int, tuple[tuple[Any, ...], ...]] = {
            8: (("bold", 0, marked),),
            9: (("italic", 0, marked),),
            10: (("bold", 0, marked), ("italic", 0, marked)),
            11: (("spoiler", marked + 1, word),),
            12: (("strike", marked + 1, word),),
            13: (("text_url", 0, marked, f"https://example.org/page/{number}"),),
            14: (("mention_name", 0, marked, self._rng.choice(self._mention_ids)),),
            15: (("blockquote", 0, utf16_length(text)), ("underline", 0, marked)),
        }
        return Sentence(text=text, units=utf16_length(text), entities=spans[kind])
