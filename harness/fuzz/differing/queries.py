"""In what two products differ over a query that both were asked."""

from __future__ import annotations

from collections.abc import Iterator

from harness.findings import Aspect, Symptom
from harness.fuzz.differing.contrast import OF_ANSWERS, Contrast, Rows, broken
from harness.fuzz.identifiers import KEYS, QuerySeen

_OPTIONAL = ("StudyDescription", "ModalitiesInStudy")
_CLAUSES = {key.keyword: "PS3.4 C.2.2.1.2 and C.2.2.2" for key in KEYS}
_CLAUSES |= dict.fromkeys(_OPTIONAL, "PS3.4 C.2.2.1.3") | {"PatientName": "PS3.4 C.2.2.2.1.1"}
"""What is matched how, and what not: names nearly as a product likes, optional keys if it likes."""

MOST_STUDIES = 10
"""Of those that one product alone finds that are listed."""


def differ_over_query(a: QuerySeen, b: QuerySeen) -> Iterator[Contrast]:
    """The differences.  `studies` hold those alone that both products have."""
    keyword = a.case.keyword
    if a.answer.words != b.answer.words:
        clause, breaks = broken(a.trouble, b.trouble, OF_ANSWERS, "PS3.4 C.4.1.1.4")
        is_silent = a.answer.is_silent or b.answer.is_silent
        yield Contrast(
            *(Aspect.ANSWER, f"C-FIND by {keyword}", a.answer.words, b.answer.words),
            f"C-FIND by {keyword}, {a.answer.words} / {b.answer.words}",
            clause,
            breaks,
            is_told_once=True,
            is_silent=is_silent,
            may_be_late=is_silent,
        )
    elif a.studies is not None and b.studies is not None and a.studies != b.studies:
        clause, breaks = broken(a.trouble, b.trouble, frozenset((Symptom.LEAKED,)), _CLAUSES[keyword])
        more = [bool(a.studies - b.studies), bool(b.studies - a.studies)]
        which = "either has matches of its own" if all(more) else f"{'A' if more[0] else 'B'} has more"
        yield Contrast(
            *(Aspect.MATCHES, f"C-FIND by {keyword}", _counted(a.studies), _counted(b.studies)),
            f"{keyword}, {which}",
            clause,
            breaks,
            is_told_once=keyword in _OPTIONAL,  # one product does not match it, whatever the value
            may_be_late=True,
        )


def query_rows(a: QuerySeen, b: QuerySeen) -> Rows:
    """What was seen of both."""
    rows = [("answered", a.answer.words, b.answer.words)]
    if a.studies is not None and b.studies is not None:
        rows.append(("of the studies that both have", _counted(a.studies), _counted(b.studies)))
        for uid in sorted(a.studies ^ b.studies)[:MOST_STUDIES]:
            rows.append((uid, _matches(uid in a.studies), _matches(uid in b.studies)))
    return tuple(rows)


def _counted(studies: frozenset[str]) -> str:
    return f"{len(studies)} match" if studies else "none matches"


def _matches(does: bool) -> str:
    return "matches" if does else "does not"
