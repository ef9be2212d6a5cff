"""What a text gives away, and what a version is known for."""

from __future__ import annotations

import pytest

from harness.security.revealing import revealed, speaks_sql
from harness.security.versions import date_of_table, known

TELLING = (
    "cannot open /var/lib/pacs/db/1f/2a",
    r"C:\PACS\data not found",
    r"\\server\share is full",
    "SQLITE_CONSTRAINT",
    'near "\'": syntax error near 1',
    "SELECT uid FROM study",
    "duplicate key value violates unique",
    "ORA-00942",
    "Traceback (most recent call last):",
    "at org.dcm4che.Find(Find.java:120)",
    "java.lang.NullPointerException",
    "KeyError: 'level'",
    "store.cpp:1021 assertion",
    "object at 0x00007ffd12345678",
    "no route to 192.168.17.4",
    "pacs-node-7: disk full",
)
PLAIN = (
    "",
    "no wild card in the unique key of STUDY",
    "Error: Failed - Unable to process",
    "SOP Instance UID and/or SOP Class UID do not match",
    "status 0xA900, element (0008,0052)",
    "1.2.840.10008.5.1.4.1.1.2",
    "2.25.10.3.4.5.6.7",
    "application/dicom is not selected from the list",
    "Please update the set of keys, or select some from the list",
    "move destination 'PHNOWHERE' isn't configured",
    "2024/02/29 is no date",
    "DIMSE No valid Presentation Context ID",
    "ValidationError: the Patient ID is missing",
)


@pytest.mark.parametrize("text", TELLING)
def test_telling(text: str) -> None:
    assert revealed(text, "pacs-node-7")


@pytest.mark.parametrize("text", PLAIN)
def test_plain(text: str) -> None:
    assert revealed(text, "pacs-node-7") is None


def test_what_the_request_said_is_not_given_away() -> None:
    key = "1' UNION SELECT a FROM b"
    assert speaks_sql(f"no patient {key}")
    assert not speaks_sql(f"no patient {key}", own=(key,))


@pytest.mark.parametrize(
    ("name", "version", "ids"),
    [
        ("OFFIS_DCMTK_366", "3.6.6", {"CVE-2022-2119", "CVE-2024-34508", "CVE-2026-50003"}),
        ("OFFIS_DCMTK_368 ", "3.6.8", {"CVE-2024-34508", "CVE-2026-50003"}),
        ("OFFIS_DCMTK_370", "3.7.0", set()),
        ("PYNETDICOM_303", "3.0.3", {"CVE-2026-56445"}),
        ("PYNETDICOM_304", "3.0.4", set()),
    ],
)
def test_versions(name: str, version: str, ids: set[str]) -> None:
    seen = known(name)
    assert seen is not None
    assert seen.version == version
    listed = {id_ for one in seen.affected for id_ in one.ids}
    assert ids <= listed
    assert bool(ids) == bool(listed)
    assert all(one.source and one.published and one.what for one in seen.affected)


@pytest.mark.parametrize("name", ["", "HARNESS_ARCHIVE", "OFFIS_DCMTK_3610"])
def test_unknown_versions(name: str) -> None:
    assert known(name) is None


def test_the_table_is_dated() -> None:
    assert len(date_of_table()) == len("2026-11-29")
