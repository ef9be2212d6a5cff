"""Options about who shares a load: what goes together, and a line for what does not."""

from __future__ import annotations

import argparse
from dataclasses import replace

import pytest

from harness.cli.sharing import add_options, address, announced, crew_of, web_of
from harness.load.plan import ALONE, Crew
from harness.load.workload import Closed, Echo, Stop, Workload
from harness.target import Dimse, Target, TargetError

ECHO = Workload(
    about="A test.", operation=(Echo(),), arrival=Closed(clients=4), stop=Stop(seconds=1), name="echo"
)
ELSEWHERE = Target(Dimse("192.0.2.7", 104, "PACS"))
HERE = replace(ELSEWHERE, dimse=Dimse("127.0.0.1", 104, "PACS"))


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser)
    parser.add_argument("--find-limit", action="store_true")
    return parser.parse_args(words)


@pytest.mark.parametrize(
    ("words", "crew"),
    [
        ((), ALONE),
        (("--processes", "1"), ALONE),
        (("--processes", "4"), Crew(processes=4)),
        (("--processes", "2", "--find-limit"), Crew(processes=2)),
        (("--expect-workers", "2"), Crew(processes=0, expected=2, bind=("127.0.0.1", 5557))),
        (
            ("--processes", "1", "--expect-workers", "3", "--bind", "192.0.2.1:7000"),
            Crew(processes=1, expected=3, bind=("192.0.2.1", 7000)),
        ),
    ],
)
def test_a_crew(words: tuple[str, ...], crew: Crew) -> None:
    assert crew_of(options(*words), ECHO, ELSEWHERE) == crew


@pytest.mark.parametrize(
    ("words", "target", "said"),
    [
        (("--processes", "5"), HERE, "the workload echo has 4 clients, and each of 5 workers needs one"),
        (("--processes", "3", "--expect-workers", "2"), HERE, "each of 5 workers needs one"),
        (("--processes", "91"), HERE, "at most 90 workers"),
        (("--processes", "0"), HERE, "take numbers from 1"),
        (("--expect-workers", "-1"), HERE, "take numbers from 1"),
        (("--bind", "127.0.0.1:7000"), HERE, "--bind goes with --expect-workers"),
        (("--expect-workers", "1", "--find-limit"), HERE, "--find-limit goes with --processes"),
        (("--expect-workers", "1", "--bind", "0.0.0.0:7000"), HERE, "the product is at 127.0.0.1"),
        (("--expect-workers", "1", "--bind", "0.0.0.0:7000"), None, "the product is at 127.0.0.1"),
    ],
)
def test_what_does_not_go_together(words: tuple[str, ...], target: Target | None, said: str) -> None:
    with pytest.raises(TargetError, match=said):
        crew_of(options(*words), ECHO, target)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("127.0.0.1:5557", ("127.0.0.1", 5557)),
        ("pacs.example:1", ("pacs.example", 1)),
        ("[::1]:65535", ("::1", 65535)),
    ],
)
def test_an_address(text: str, read: tuple[str, int]) -> None:
    assert address(text) == read


@pytest.mark.parametrize(
    "text", ["", "5557", ":5557", "host", "host:", "host:0", "host:65536", "host:x", "::1:5557"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        address(text)


def test_the_page() -> None:
    assert web_of(options()) is None
    assert web_of(options("--web")) == ("127.0.0.1", 8089)
    assert web_of(options("--web", "9000")) == ("127.0.0.1", 9000)
    with pytest.raises(TargetError, match="1 to 65535, not 70000"):
        web_of(options("--web", "70000"))


def test_what_people_have_to_know() -> None:
    assert list(announced(ALONE, None)) == []
    crew = Crew(processes=0, expected=2, bind=("::1", 5557))
    assert list(announced(crew, ("127.0.0.1", 8089))) == [
        "for each load 2 of `pacs-harness bench-worker [::1]:5557` are waited for",
        "Locust's own page, while a load runs: http://127.0.0.1:8089/",
    ]
