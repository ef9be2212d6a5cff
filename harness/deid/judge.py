"""Is AFTER a de-identified BEFORE?  One function from objects to a Judgement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from harness.deid.actions import judge_attribute, judge_structure
from harness.deid.aligning import aligned
from harness.deid.content import judge_content
from harness.deid.dates import Moved, judge_dates, moved
from harness.deid.findings import Judgement, Paired
from harness.deid.header import judge_header
from harness.deid.identifiers import Identifiers, identifiers
from harness.deid.instances import Instance
from harness.deid.leaks import leaks, tell
from harness.deid.ledger import Ledger
from harness.deid.marks import judge_marks
from harness.deid.masking import masked_words
from harness.deid.pairing import STUDY, Pair, paired
from harness.deid.patients import judge_patients
from harness.deid.pixels import Reader, judge_burned_in, judge_pixels
from harness.deid.private import judge_private
from harness.deid.profile import Option, rule_of
from harness.deid.uids import UidMap, judge_uid

_PATIENT_ID = 0x00100020
ENCAPSULATED = "(0042,0011)"


def judge(
    before: Sequence[Instance],
    after: Sequence[Instance],
    options: Collection[Option] = (),
    *,
    reader: Reader | None = None,
) -> Judgement:
    """What is to be said of `after` as a de-identification of `before` under PS3.15 annex E, 2020c.

    `options` are those that are claimed.  `reader` makes text of pixels; without one they are not looked at.
    Raises DecodeError where one of the objects is damaged.
    """
    claimed = frozenset(options)
    known = identifiers(before, claimed)
    objects = [one for one in after if not one.is_directory]
    pairing = paired([one for one in before if not one.is_directory], objects)
    ledger, uids = Ledger(), UidMap()
    dates: dict[str, list[Moved]] = defaultdict(list)
    dummies = _dummies(pairing.pairs)

    def called(one: Instance) -> str:
        return masked_words(one.name, known.tells)

    for pair in pairing.pairs:
        _judge_pair(pair, claimed, dummies, called(pair.after), uids, dates, known, ledger)
    for one in objects:
        judge_marks(one, claimed, called(one), ledger)
        judge_burned_in(one, known, reader, called(one), ledger)
        if ENCAPSULATED in one.attributes:
            ledger.remark("there are encapsulated documents (0042,0011), whose pages were not looked at")
    for one in (*pairing.after_alone, *(one for one in after if one.is_directory)):
        tell(leaks(one, None, known, claimed), called(one), ledger)
    uids.judge(ledger)
    judge_dates(dates, ledger)
    judge_patients(pairing.pairs, called, ledger)
    return Judgement(
        options=tuple(sorted(claimed)),
        findings=tuple(ledger.findings()),
        remarks=tuple(ledger.remarks()),
        scores=tuple(ledger.scores()),
        pairs=tuple(Paired(called(pair.before), called(pair.after), pair.by) for pair in pairing.pairs),
        before_alone=tuple(map(called, pairing.before_alone)),
        after_alone=tuple(map(called, pairing.after_alone)),
    )


def _judge_pair(
    pair: Pair,
    claimed: frozenset[Option],
    dummies: Collection[int],
    file: str,
    uids: UidMap,
    dates: dict[str, list[Moved]],
    known: Identifiers,
    ledger: Ledger,
) -> None:
    old, new = pair.before.attributes, pair.after.attributes
    said: set[str] = set()
    for one in aligned(pair):
        if one.before.tag >> 16 == 0x0002 and not pair.after.meta:
            continue  # came without a header
        if not judge_attribute(one, claimed, dummies, file, ledger) and one.after is not None:
            said.add(one.after.path)
        judge_uid(one, file, ledger)
        uids.add(one, file, ledger)
        if Option.MODIFIED_DATES in claimed and Option.FULL_DATES not in claimed:
            date = moved(one, old, new, file, pair.before.text(STUDY))
            if date is not None:
                dates[pair.before.text(_PATIENT_ID)].append(date)
    judge_structure(pair.before, pair.after, file, ledger)
    judge_private(pair, claimed, file, ledger)
    judge_header(pair, file, ledger)
    judge_content(pair, claimed, file, ledger)
    judge_pixels(pair, claimed, file, ledger)
    tell(leaks(pair.after, pair.before, known, claimed, said), file, ledger)


def _dummies(pairs: Sequence[Pair]) -> frozenset[int]:
    """Attributes that had several values, and have one and the same now: that one is a dummy for all."""
    values: dict[int, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for pair in pairs:
        for path, one in pair.before.attributes.items():
            other = pair.after.attributes.get(path)
            if other is not None and other.text and rule_of(one.tag) is not None:
                values[one.tag][0].add(one.text)
                values[one.tag][1].add(other.text)
    return frozenset(tag for tag, (old, new) in values.items() if len(old) > 1 and len(new) == 1)
