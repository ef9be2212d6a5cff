"""Dates under the option with modified dates: all are moved, a patient's by one offset (PS3.15 E.3.6)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from pydicom.datadict import keyword_dict

from harness.deid.aligning import Aligned, Outcome
from harness.deid.findings import Category, Severity
from harness.deid.instances import Attribute, name_of
from harness.deid.ledger import Fault, Ledger
from harness.deid.profile import Action, Option, rule_of
from harness.dimse.walker import shown_tag

_DAY = 86400
_CLAUSE = "PS3.15 E.3.6, table E.1-1"


@dataclass(frozen=True)
class Moved:
    """A date before and after, in one file."""

    one: Attribute
    old: datetime
    new: datetime
    timed: bool
    """Whether both times of day are known."""
    file: str
    study: str
    """Its Study Instance UID before."""

    @property
    def days(self) -> int:
        return (self.new.date() - self.old.date()).days

    @property
    def seconds(self) -> float:
        return (self.new - self.old).total_seconds()


def moved(
    one: Aligned, before: Mapping[str, Attribute], after: Mapping[str, Attribute], file: str, study: str
) -> Moved | None:
    """What became of a date that is to be modified; None for what is none, or has no value any more."""
    rule = rule_of(one.before.tag)
    if rule is None or rule.actions({Option.MODIFIED_DATES}) != {Action.CLEAN} or not one.exact:
        return None
    if one.before.vr not in ("DA", "DT") or one.after is None or one.outcome is Outcome.EMPTY:
        return None
    old, old_timed = _moment(one.before, before)
    new, new_timed = _moment(one.after, after)
    if old is None or new is None:
        return None
    return Moved(one.before, old, new, old_timed and new_timed, file, study)


def _moment(one: Attribute, around: Mapping[str, Attribute]) -> tuple[datetime | None, bool]:
    """A date with its time of day, where an attribute of the same name says that one."""
    text = one.text
    if one.vr == "DA":
        keyword = name_of(one.tag).replace("Date", "Time")
        tag = keyword_dict.get(keyword)
        place = one.path.rpartition("/")
        time = around.get(f"{place[0]}{place[1]}{shown_tag(tag)}") if tag else None
        text = text[:8] + (time.text if time is not None else "")
    digits = text.partition(".")[0].partition("+")[0].partition("-")[0][:14]
    for form, length in (("%Y%m%d%H%M%S", 14), ("%Y%m%d%H%M", 12), ("%Y%m%d", 8)):
        if len(digits) >= length:
            try:
                return datetime.strptime(digits[:length], form), length > 8
            except ValueError:
                continue
    return None, False


def judge_dates(found: Mapping[str, Sequence[Moved]], ledger: Ledger) -> None:
    """`found` by patient.  Dates that were only made coarser have no offset, which is said.

    Within a study one offset is due.  Studies of a patient that moved by different ones keep their order, or
    the gross relationship in time is lost; what their distances are worth nobody can tell from the files.
    """
    for dates in found.values():
        if _are_aggregated(dates):
            ledger.remark(
                "the dates of a patient were set to the first of a month or a year (E.3.6 note 1), so that "
                "there is no offset to compare"
            )
            ledger.right(Category.DATE_SHIFTED, len(dates))
            continue
        studies: dict[str, list[Moved]] = defaultdict(list)
        for one in dates:
            studies[one.study].append(one)
        offsets = {_judge_study(study, ledger) for study in studies.values()}
        if len(offsets - {None}) > 1:
            _judge_order(list(studies.values()), ledger)


def _are_aggregated(dates: Sequence[Moved]) -> bool:
    return all(one.new.day == 1 and one.new <= one.old and one.days > -366 for one in dates)


def _judge_study(dates: Sequence[Moved], ledger: Ledger) -> int | None:
    """The seconds by which most dates of a study were moved; None where no offset is that of most."""
    days, times = Counter(one.days for one in dates).most_common(1)[0]
    seconds = Counter(round(one.seconds) for one in dates if one.timed).most_common(1)
    offset = seconds[0][0] if seconds else days * _DAY
    has_one = times * 2 > len(dates)
    if not has_one:
        ledger.remark(
            "the dates of a study were moved by offsets of which none is that of most: what distances in "
            "time are worth there, the conformance statement has to say (E.3.6)"
        )
    for one in dates:
        near = abs(one.days - offset / _DAY) < 1 and (not one.timed or abs(one.seconds - offset) <= 2)
        if not one.seconds:
            ledger.wrong(_fault(one, "date-kept", "is unchanged, where it is to be modified"), one.file)
        elif one.days == days or near or not has_one:
            ledger.right(Category.DATE_SHIFTED)
        else:
            apart = f"is moved by {_span(one)}, most dates of the study by {_days(days)}"
            ledger.wrong(_fault(one, "date-offset", apart), one.file)
    return offset if has_one else None


def _judge_order(studies: Sequence[Sequence[Moved]], ledger: Ledger) -> None:
    firsts = sorted((min(study, key=lambda one: one.old) for study in studies), key=lambda one: one.old)
    turned = [
        later
        for earlier, later in pairwise(firsts)
        if earlier.old.date() < later.old.date() and earlier.new.date() > later.new.date()
    ]
    for one in turned:
        seen = "is now before that of a study that was made earlier"
        ledger.wrong(_fault(one, "date-order", seen), one.file)
    if not turned:
        ledger.remark(
            "the studies of a patient were moved by different offsets: they are in order, and what the "
            "distances between them are worth, the conformance statement has to say (E.3.6)"
        )


def _span(one: Moved) -> str:
    return _days(one.days) if one.days else str(timedelta(seconds=one.seconds))


def _days(number: int) -> str:
    return f"{number:+} day{'s' if abs(number) != 1 else ''}"


def _fault(one: Moved, rule: str, seen: str) -> Fault:
    return Fault(
        rule,
        Severity.MEDIUM,
        Category.DATE_SHIFTED,
        _CLAUSE,
        one.one.path,
        seen,
        "One date that stays gives away the offset of all the others; one that goes elsewhere breaks the "
        "order in time that the option is for.",
        "Move every date of a patient by the same offset, wherever it stands.",
        one.one.tag,
    )
