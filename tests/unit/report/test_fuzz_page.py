"""The page of a fuzzing campaign."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from markupsafe import escape

from harness.findings import (
    Area,
    AreaCounted,
    Aspect,
    Campaign,
    Difference,
    Finding,
    MemorySeen,
    Symptom,
    Weight,
    read_campaign,
    write_campaign,
)
from harness.report.fuzz_page import AREA_ABOUT, AREA_WORDS, SYMPTOM_WORDS, campaign_page, render_campaign
from tests.unit.report.conftest import NASTY

FINDING = Finding(
    folder="findings/01-altered",
    area=Area.DATA_SETS,
    symptom=Symptom.ALTERED,
    weight=Weight.FAILURE,
    signature="altered: value, PN",
    clause="PS3.4 B.4.1",
    expected="every value as it was stored",
    observed="(0010,0010) was 'A' and came back as 'B'",
    about="private block",
    size=512,
    size_found=20_480,
    found_after=3.25,
    dump="(0010,0010) PN 'A'",
)
CAMPAIGN = Campaign(
    tool_version="0.1.0",
    target={
        "name": "PACS of the house",
        "dimse": {"called_ae_title": "PACS", "host": "127.0.0.1", "port": 104},
    },
    peer={},
    seed=77,
    started="2026-11-29T10:00:00+00:00",
    finished="2026-11-29T10:01:00+00:00",
    command=("pacs-harness", "fuzz"),
    environment={},
    exit_code=1,
    ended_because="completed",
    areas=(AreaCounted(Area.DATA_SETS, 300, 40, 60.0, 12.0, 3.0, {"stored": 290, "refused": 10}),),
    findings=(FINDING,),
)

DIFFERENCE = Difference(
    folder="differences/01-kept-gone",
    area=Area.DATA_SETS,
    aspect=Aspect.ELEMENT,
    signature="an element that came back: kept / gone: private, OB",
    what="(0029,1001), private, OB",
    a="kept: 'private'",
    b="gone",
    clause="PS3.4 B.4.1.1",
    breaks="",
    times=1234,
    about="private block",
    size=512,
    dump="found  yes  yes",
)
OTHER = {"name": "The one before", "dimse": {"called_ae_title": "OLD", "host": "127.0.0.1", "port": 105}}


def page(**fields: object) -> str:
    return campaign_page(msgspec.structs.replace(CAMPAIGN, **fields))  # type: ignore[arg-type]


def test_a_finding_with_its_proof_and_how_to_see_it_again() -> None:
    html = page()
    for words in (
        *("One way to go wrong was found", "A value was altered", "(0010,0010) was", "private block"),
        *(
            "PS3.4 B.4.1",
            "512 bytes; found with 20,480",
            "pacs-harness replay findings/01-altered TARGET.toml",
        ),
        *("300", "290 stored", "10 refused", "25%", "77"),
    ):
        assert str(escape(words)) in html, words


def test_memory_is_drawn_where_it_was_seen() -> None:
    seen = MemorySeen(
        80_000_000, 120_000_000, 100_000_000, ((0, 80_000_000), (10, 120_000_000), (20, 100_000_000))
    )
    html = page(areas=(msgspec.structs.replace(CAMPAIGN.areas[0], memory=seen),))
    assert "80 → 100, at most 120" in html
    assert 'points="0.0,7.0 50.0,1.0 100.0,4.0"' in html
    assert "Product&#39;s memory" in html or "Product's memory" in html
    assert "memory" not in page()


def test_several_cases_are_said_to_be_needed() -> None:
    html = page(findings=(msgspec.structs.replace(FINDING, cases=40),))
    assert "40, one after the other" in html
    assert "Last case" in html
    assert "Last case" not in page()


def test_nothing_found_says_what_that_means() -> None:
    html = page(findings=(), exit_code=0)
    assert "Nothing was found that counts as a failure" in html
    assert 'class="verdict conforms"' in html
    assert "not that there is nothing" in html
    assert "--intrusive" in html


def test_an_observation_is_no_failure() -> None:
    seen = msgspec.structs.replace(FINDING, weight=Weight.OBSERVATION, symptom=Symptom.DROPPED)
    html = page(findings=(seen,), exit_code=0)
    assert "Nothing was found that counts as a failure" in html
    assert "1 observation: allowed" in html
    assert 'id="observations"' in html
    assert 'id="failures"' not in html


def test_what_was_not_finished_is_no_pass() -> None:
    html = page(findings=(), ended_because="interrupted", exit_code=130)
    assert "Not complete: interrupted" in html
    assert 'class="verdict incomplete"' in html
    lost = page(ended_because="the product no longer answers", exit_code=4)
    assert "The campaign is not complete: the product no longer answers." in lost


def test_the_worst_comes_first() -> None:
    died = msgspec.structs.replace(
        FINDING, symptom=Symptom.DIED, area=Area.DAMAGED, folder="findings/02-died"
    )
    html = page(findings=(FINDING, died), restarts=1)
    assert html.index("findings/02-died") < html.index("findings/01-altered")
    assert "replay findings/02-died --intrusive" in html
    assert "started again once" in html


def test_whatever_a_product_says_is_text() -> None:
    nasty = NASTY
    seen = msgspec.structs.replace(FINDING, observed=nasty, about=nasty, dump=nasty, log=nasty)
    html = page(
        findings=(seen,),
        target=CAMPAIGN.target | {"name": nasty},
        left_out=(nasty,),
        areas=(msgspec.structs.replace(CAMPAIGN.areas[0], outcomes={nasty: 1}),),
    )
    assert nasty not in html
    assert "<script" not in html


def test_every_area_and_symptom_has_words() -> None:
    assert set(AREA_WORDS) == set(AREA_ABOUT) == set(Area)
    assert set(SYMPTOM_WORDS) == set(Symptom)


def test_a_campaign_is_written_and_read_again(tmp_path: Path) -> None:
    write_campaign(CAMPAIGN, tmp_path)
    assert read_campaign(tmp_path) == CAMPAIGN
    assert render_campaign(tmp_path).read_text() == page()
    (tmp_path / "campaign.json").write_text("{}")
    with pytest.raises(ValueError, match="no campaign of this version"):
        read_campaign(tmp_path)


def test_where_two_products_differ() -> None:
    html = page(against=OTHER, differences=(DIFFERENCE,))
    for words in (
        *("Where the two differ", "PACS of the house, beside The one before", "OLD at 127.0.0.1:105"),
        *("(0029,1001), private, OB", "kept: 'private'", "gone", "1,234", "PS3.4 B.4.1.1", "found  yes  yes"),
        *("pacs-harness replay differences/01-kept-gone TARGET.toml", "in one way, which is no failure"),
    ):
        assert str(escape(words)) in html, words
    assert "breaks it</span>" not in html


def test_who_breaks_a_clause_comes_first_in_its_aspect() -> None:
    breaks = msgspec.structs.replace(DIFFERENCE, breaks="B", times=1, what="broken")
    answer = msgspec.structs.replace(DIFFERENCE, aspect=Aspect.ANSWER, times=2, what="answered")
    html = page(against=OTHER, differences=(DIFFERENCE, breaks, answer))
    rows = [html.index(f"<strong>{words}") for words in ("answered", "broken", "(0029,1001)")]
    assert rows == sorted(rows)
    assert "B breaks it" in html


def test_a_campaign_of_one_product_says_nothing_of_two() -> None:
    assert "Where the two differ" not in page()
    same = page(against=OTHER)
    assert "In none of the cases" in same
    assert "in nothing that was seen" in same


def test_whatever_two_products_say_is_text() -> None:
    apart = msgspec.structs.replace(DIFFERENCE, what=NASTY, a=NASTY, b=NASTY, about=NASTY, dump=NASTY)
    html = page(against=OTHER | {"name": NASTY}, differences=(apart,))
    assert NASTY not in html
    assert "<script" not in html
