"""The verdict in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.report.wording import Tone, headline, repeat_command, verdict
from harness.verdict import RESTARTED_AFTER, Level, Outcome, Result, Run

P, F, W, S, T, E = (
    Outcome.PASS,
    Outcome.FAIL,
    Outcome.WARN,
    Outcome.NOT_SUPPORTED,
    Outcome.NOT_TESTED,
    Outcome.ERROR,
)


def made(run: Run, *outcomes: tuple[str, Level, Outcome, int]) -> Run:
    """`run` with so many results of each group, level and outcome."""
    template = run.results[0]
    results: list[Result] = []
    for group, level, outcome, number in outcomes:
        for _ in range(number):
            requirement = replace(
                template.requirement, id=f"{group}.{len(results)}", group=group, level=level
            )
            results.append(replace(template, requirement=requirement, outcome=outcome))
    return replace(run, results=tuple(results), target={"name": "Acme PACS"})


SHALL, QUALITY = Level.SHALL, Level.QUALITY


@pytest.mark.parametrize(
    ("outcomes", "sentence", "tone"),
    [
        (
            [("find", SHALL, P, 87), ("storage", SHALL, F, 1), ("move", SHALL, F, 2), ("get", SHALL, T, 2)],
            "Acme PACS answered 87 of 92 mandatory requirements as DICOM asks; 3 failed. "
            "2 could not be tested.",
            Tone.DEVIATES,
        ),
        (
            [("find", SHALL, P, 3)],
            "Acme PACS answered all 3 mandatory requirements of this run as DICOM asks.",
            Tone.CONFORMS,
        ),
        (
            [("find", SHALL, P, 1), ("find", QUALITY, W, 4)],
            "Acme PACS answered the one mandatory requirement of this run as DICOM asks.",
            Tone.CONFORMS,
        ),
        (
            [("find", SHALL, P, 3), ("find", SHALL, S, 2)],
            "Acme PACS answered all 3 mandatory requirements of this run as DICOM asks. "
            "2 more concern what it does not offer.",
            Tone.CONFORMS,
        ),
        (
            [("find", SHALL, P, 3), ("move", SHALL, T, 1)],
            "Acme PACS answered 3 of 4 mandatory requirements as DICOM asks. 1 could not be tested.",
            Tone.INCOMPLETE,
        ),
        (
            [("find", SHALL, P, 3), ("move", QUALITY, E, 1)],
            "Acme PACS answered all 3 mandatory requirements of this run as DICOM asks. "
            "1 check broke down in the test tool itself and says nothing of the product.",
            Tone.INCOMPLETE,
        ),
        (
            [("find", SHALL, P, 3), ("get", Level.MAY, F, 1)],
            "Acme PACS answered all 3 mandatory requirements of this run as DICOM asks. "
            "1 failed where the product does not keep its own claims.",
            Tone.DEVIATES,
        ),
        (
            [("find", QUALITY, P, 3)],
            "No mandatory requirement was tested on Acme PACS.",
            Tone.INCOMPLETE,
        ),
        ([], "Nothing was tested on Acme PACS.", Tone.INCOMPLETE),
    ],
)
def test_headline(
    made_up_run: Run, outcomes: list[tuple[str, Level, Outcome, int]], sentence: str, tone: Tone
) -> None:
    run = made(made_up_run, *outcomes)
    assert headline(run) == sentence
    assert verdict(run).tone is tone


def test_what_is_touched_and_what_is_sound(made_up_run: Run) -> None:
    run = made(
        made_up_run,
        ("verification", SHALL, P, 2),
        ("verification", QUALITY, W, 1),
        ("storage", SHALL, F, 1),
        ("storage", SHALL, P, 5),
        ("find", SHALL, P, 3),
        ("find", SHALL, T, 1),
        ("move", SHALL, P, 3),
        ("move", Level.MAY, F, 2),
        ("get", SHALL, S, 3),
    )
    words = verdict(run)
    assert [(service.group, number) for service, number in words.touched] == [("storage", 1), ("move", 2)]
    assert [service.group for service in words.sound] == ["verification"]


def test_a_run_cut_short_never_conforms(made_up_run: Run) -> None:
    run = replace(made(made_up_run, ("find", SHALL, P, 3)), ended_because="target lost after find.0")
    assert verdict(run).tone is Tone.INCOMPLETE
    assert verdict(run).sentence.startswith("The run did not go to its end.")
    assert any("target lost after find.0" in paragraph for paragraph in verdict(run).meaning)


@pytest.mark.parametrize(
    ("command", "repeated"),
    [
        (("pacs-harness", "run", "t.toml"), "pacs-harness run t.toml --select a.b"),
        (("/venv/bin/pacs-harness", "run", "t.toml"), "pacs-harness run t.toml --select a.b"),
        (
            (
                "pacs-harness",
                "run",
                "--select",
                "find.*",
                "t.toml",
                "--output=x",
                "-k",
                "date",
                "--level",
                "MAY",
            ),
            "pacs-harness run t.toml --select a.b",
        ),
        (
            ("pacs-harness", "run", "-kdate", "--peer", "orthanc"),
            "pacs-harness run --peer orthanc --select a.b",
        ),
        (("pacs-harness", "run", "my target.toml"), "pacs-harness run 'my target.toml' --select a.b"),
        ((), "pacs-harness run --select a.b"),
    ],
)
def test_repeat_command(command: tuple[str, ...], repeated: str) -> None:
    assert repeat_command(command, "a.b") == repeated


def test_a_product_that_had_to_be_restarted_has_not_conformed(made_up_run: Run) -> None:
    after = {RESTARTED_AFTER: "find.cancel.ends, storage.pdv.empty"}
    restarted = replace(made(made_up_run, ("find", SHALL, P, 3)), environment=after)
    assert verdict(restarted).tone is Tone.INCOMPLETE
    assert headline(restarted).endswith("It stopped answering 2 times, and had to be restarted.")
