"""What an error comment gives away of the server behind it: paths, SQL, stack traces, addresses (CWE-209)."""

from __future__ import annotations

import re

_SIGNS = (
    (
        "a piece of a stack trace",
        re.compile(
            r"Traceback \(most recent|\bat [\w$.<>]+\([\w.]+:\d+\)|File \"[^\"]+\"|"
            r"\b[\w-]+\.(?:py|cpp|cc|cxx|java|cs|go|rs|js|ts|php):\d+|"
            r"\b(?:java|javax|org|com|System)\.[\w.]+Exception\b|"
            r"\b(?:Key|Value|Type|Attribute|Index|Runtime|OS|IO|EOF|Unicode\w+|Assertion)Error: |"
            r"\b\w+Exception: |\b(?:std|boost)::\w+|\b0x[0-9A-Fa-f]{12,16}\b"
        ),
    ),
    (
        "words of a database",
        re.compile(
            r"(?-i:\b(?:SELECT|DELETE)\b.*\bFROM\b|\bINSERT INTO\b|\bUPDATE\b.*\bSET\b)|"
            r"\bSQLSTATE\b|\bORA-\d{5}\b|\bSQLITE_[A-Z]+|\bsqlite3?\b|\bpsycopg|\bmysql\b|\bpostgres|"
            r"syntax error (?:at or )?near|"
            r"\bno such (?:table|column)\b|\bconstraint failed\b|duplicate key value",
            re.IGNORECASE,
        ),
    ),
    (
        "a path of the server",
        re.compile(r"(?<![\w./])(?:/[\w.+@-]+){2,}|\b[A-Za-z]:\\\w+|\\\\[\w.-]+\\\w+"),
    ),
    (
        "an address inside of the network",
        re.compile(
            r"(?<![\d.])(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01])|127\.0)\.\d{1,3}\.\d{1,3}(?![\d.])"
        ),
    ),
)
_SHORTEST_HOST = 5


def revealed(text: str, host: str = "", own: tuple[str, ...] = ()) -> str | None:
    """What the text gives away, in words; None where it is nothing.

    `host` is the server's host name, which is looked for where it can be no word of the language; `own` is
    what the request itself said, which an answer may repeat.
    """
    for said in own:
        if said:
            text = text.replace(said, "")
    for words, sign in _SIGNS:
        if found := sign.search(text):
            return f"{words}: {found[0][:64]!r}"
    if (
        not host.isalpha()
        and len(host) >= _SHORTEST_HOST
        and re.search(rf"(?<![\w.]){re.escape(host)}(?![\w.])", text)
    ):
        return f"the server's host name: {host!r}"
    return None


def speaks_sql(text: str, own: tuple[str, ...] = ()) -> bool:
    """Whether the text has words of a database that the request did not have."""
    return (revealed(text, own=own) or "").startswith("words of a database")
