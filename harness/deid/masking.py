"""What a report shows of a value: enough to find it, too little to know a person by it."""

from __future__ import annotations

import re
from collections.abc import Callable

_WORD = re.compile(r"[^\W_]+(?:\.\d+){3,}|[^\W_]+")


def masked(value: str) -> str:
    """``D***``; a value of one character, or none that can be shown, is ``***``."""
    shown = value.strip()[:1]
    return f"{shown}***" if len(value.strip()) > 1 and shown.isprintable() else "***"


def masked_words(text: str, tells: Callable[[str], bool]) -> str:
    """A file's name, say: the words that tell are masked, and the rest stays to find it by."""
    words = _WORD.sub(lambda found: masked(found[0]) if tells(found[0]) else found[0], text)
    # What tells only as a whole, over several words, goes as a whole.
    return masked(text) if tells(words) else words
