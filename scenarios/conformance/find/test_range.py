"""Range matching of dates and times (PS3.4 C.2.2.2.5)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.dimse.negotiation import ExtendedNegotiation
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, not_supported, requirement
from harness.scu.find import find_with, study_uids
from harness.scu.identifier import keys_of
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy

StoreStudy = Callable[[SyntheticStudy], SyntheticStudy]

DATES = ("20231231", "20240101", "20240110", "20240115", "20240120", "20240121")
TIMES = ("090000", "100000", "110000.5", "120000", "133000")


@pytest.fixture(scope="module")
def by_date(corpus: Corpus, store_study: StoreStudy) -> dict[str, SyntheticStudy]:
    """Studies of one patient by Study Date."""
    patient = corpus.identity.patient_id()
    return {date: store_study(corpus.new_study(PatientID=patient, StudyDate=date)) for date in DATES}


@pytest.fixture(scope="module")
def by_time(corpus: Corpus, store_study: StoreStudy) -> dict[str, SyntheticStudy]:
    """Studies of one patient by Study Time."""
    patient = corpus.identity.patient_id()
    return {time: store_study(corpus.new_study(PatientID=patient, StudyTime=time)) for time in TIMES}


def check(scu: Scu, studies: dict[str, SyntheticStudy], key: str, value: str, wanted: list[str]) -> None:
    patient = next(iter(studies.values())).patient_id
    by_uid = {study.study_uid: name for name, study in studies.items()}
    found = sorted(by_uid.get(uid, uid) for uid in study_uids(scu, PatientID=patient, **{key: value}))
    assert found == sorted(wanted), (
        f"{key} {value!r} finds {', '.join(found) or 'nothing'}; {', '.join(wanted) or 'nothing'} would match"
    )


@requirement("PS3.4 C.2.2.2.5.1", SHALL, "A date range includes both of its ends and nothing outside.")
def test_date_closed(scu: Scu, by_date: dict[str, SyntheticStudy]) -> None:
    check(scu, by_date, "StudyDate", "20240110-20240120", ["20240110", "20240115", "20240120"])


@requirement("PS3.4 C.2.2.2.5.1", SHALL, "A date range without an end matches that day and all later ones.")
def test_date_open_end(scu: Scu, by_date: dict[str, SyntheticStudy]) -> None:
    check(scu, by_date, "StudyDate", "20240115-", ["20240115", "20240120", "20240121"])


@requirement(
    "PS3.4 C.2.2.2.5.1", SHALL, "A date range without a start matches that day and all earlier ones."
)
def test_date_open_start(scu: Scu, by_date: dict[str, SyntheticStudy]) -> None:
    check(scu, by_date, "StudyDate", "-20240110", ["20231231", "20240101", "20240110"])


@requirement("PS3.4 C.2.2.2.5.1", SHALL, "A date range of one day matches that day.")
def test_date_single_day(scu: Scu, by_date: dict[str, SyntheticStudy]) -> None:
    check(scu, by_date, "StudyDate", "20240115-20240115", ["20240115"])


@requirement("PS3.4 C.2.2.2.5.1", SHALL, "A date range over New Year matches both days.")
def test_date_year_boundary(scu: Scu, by_date: dict[str, SyntheticStudy]) -> None:
    check(scu, by_date, "StudyDate", "20231231-20240101", ["20231231", "20240101"])


@requirement("PS3.4 C.2.2.2.5.2", SHALL, "A time range includes both of its ends and nothing outside.")
def test_time_closed(scu: Scu, by_time: dict[str, SyntheticStudy]) -> None:
    check(scu, by_time, "StudyTime", "100000-120000", ["100000", "110000.5", "120000"])


@pytest.mark.parametrize(
    ("value", "wanted"),
    [("-100000", ["090000", "100000"]), ("120000-", ["120000", "133000"])],
    ids=["open-start", "open-end"],
)
@requirement("PS3.4 C.2.2.2.5.2", SHALL, "A time range may be open on either side.")
def test_time_open(scu: Scu, by_time: dict[str, SyntheticStudy], value: str, wanted: list[str]) -> None:
    check(scu, by_time, "StudyTime", value, wanted)


@requirement("PS3.4 C.2.2.2.5.2", SHALL, "The ends of a time range may be given in the short form HHMM.")
def test_time_short_form(scu: Scu, by_time: dict[str, SyntheticStudy]) -> None:
    check(scu, by_time, "StudyTime", "1030-1200", ["110000.5", "120000"])


@requirement(
    "PS3.4 C.5.1.1",
    SHALL,
    "Date and time ranges are matched each for itself unless combining was negotiated.",
)
def test_date_and_time_independent(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    study = store_study(corpus.new_study(StudyDate="20240111", StudyTime="080000"))
    found = study_uids(
        scu, PatientID=study.patient_id, StudyDate="20240110-20240112", StudyTime="100000-120000"
    )
    assert not found, "a study at 08:00 matches the time range 10:00 to 12:00 over three days"


@requirement(
    "PS3.4 C.2.2.2.5.4",
    SHALL,
    "Once negotiated, date and time ranges are matched as one range of date-times.",
)
def test_date_and_time_combined(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    inside = store_study(corpus.new_study(StudyDate="20240111", StudyTime="080000"))
    store_study(corpus.new_study(PatientID=inside.patient_id, StudyDate="20240110", StudyTime="090000"))
    offer = ExtendedNegotiation(Root.STUDY.find, b"\x00\x01")
    with scu.open(Root.STUDY.find, extended=(offer,)) as association:
        answers = [
            item.data for item in association.accepted.user.extended if item.sop_class == offer.sop_class
        ]
        if not answers or answers[0][1:2] != b"\x01":
            raise not_supported("combined date-time matching is not agreed to")
        keys = {
            "PatientID": inside.patient_id,
            "StudyInstanceUID": None,
            "StudyDate": "20240110-20240112",
            "StudyTime": "100000-120000",
        }
        matches = find_with(association, Root.STUDY.find, keys_of(QueryLevel.STUDY, keys)).require_success()
    found = matches.texts("StudyInstanceUID")
    assert found == [inside.study_uid], (
        f"from the 10th at 10:00 to the 12th at 12:00: {len(found)} of 2 studies found, 1 lies in it"
    )


@requirement(
    "PS3.4 C.2.2.2", SHALL, "A range may be longer than its Value Representation allows a value to be."
)
def test_keys_longer_than_vr(scu: Scu, by_time: dict[str, SyntheticStudy]) -> None:
    check(scu, by_time, "StudyTime", "095959.999999-110000.999999", ["100000", "110000.5"])
