"""What the files of a requirement are called."""

from __future__ import annotations

import pytest

from harness.plugin.identity import file_name


@pytest.mark.parametrize(
    "id_", ["../../x", "/etc/passwd", "a/b", "x" * 300, "a\x00b", "..", "", "Ω", "\ud800"]
)
def test_no_id_leads_out_of_the_folder(id_: str) -> None:
    name = file_name(id_)
    assert 1 <= len(name.encode()) <= 200
    assert "/" not in name
    assert name.strip(".") == name
    assert "\0" not in name


def test_ids_of_our_own_are_names_as_they_are_and_no_two_share_one() -> None:
    assert file_name("find.matching.star-matches-any-run") == "find.matching.star-matches-any-run"
    assert len({file_name(one) for one in ("a/b", "a-b", "a b", "a\\b")}) == 4
