"""The entries hold for what our own encoders make, and its beginnings; the driver says what it finds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from tests.coverage_guided import __main__ as driver
from tests.coverage_guided.entry import MODULES, Entry, all_entries, entries_in

CONNECTIONS = 1
"""Seeds of entries that open connections: each waits for its end."""


def beginnings(entry: Entry) -> Iterator[bytes]:
    """Each seed, and two parts of it."""
    if entry.name.startswith("serving."):
        yield from islice(entry.seeds(), CONNECTIONS)
        return
    for seed in entry.seeds():
        yield from (seed, seed[: len(seed) // 3], seed[: len(seed) - 1])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("module", MODULES)
def test_own_bytes_break_no_contract(module: str) -> None:
    found = entries_in(module)
    assert found
    for entry in found.values():
        for data in beginnings(entry):
            entry.run(data)


def test_all_are_known_by_name() -> None:
    assert len(all_entries()) >= 20


def raising(error: Exception) -> Entry:
    def check(data: bytes) -> None:
        raise error

    return Entry("made.up", check, (ValueError,), lambda: [b""])


def test_another_error_breaks_the_contract() -> None:
    raising(ValueError("wrong")).run(b"")
    with pytest.raises(KeyError):
        raising(KeyError("wrong")).run(b"")
    with pytest.raises(AssertionError, match="2 lines"):
        raising(ValueError("wrong\nand more")).run(b"")


SAID = """#2\tINITED cov: 210 ft: 640 corp: 3/90b exec/s: 0 rss: 70Mb
#4096\tpulse  cov: 214 ft: 655 corp: 9/1Kb lim: 40 exec/s: 1365 rss: 71Mb
stat::number_of_executed_units: 5211
"""


def test_what_libfuzzer_says_is_read(tmp_path: Path) -> None:
    came = driver.outcome(0, SAID, ())
    assert (came.executions, came.features, came.has_found) == (5211, 655, False)
    assert driver.outcome(77, SAID, ()).has_found
    assert driver.outcome(0, SAID, (tmp_path / "crash-1",)).has_found


def test_words_of_seeds() -> None:
    assert driver.dictionary([b"\0\1[dimse]\nport = 104", b"port"]) == '"dimse"\n"port"\n"104"\n'


@pytest.mark.parametrize(("code", "expected"), [(0, 0), (77, 1)])
def test_a_finding_is_the_exit_code(
    code: int,
    expected: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    said = f"{SAID} === Uncaught Python exception: ===\nKeyError: 'x'\n"
    shares: list[float] = []

    def run(name: str, seconds: float, output: Path) -> driver.Outcome:
        shares.append(seconds)
        return driver.outcome(code, said, (tmp_path / "crash-1",) if code else ())

    monkeypatch.setattr(driver, "run", run)
    assert driver.main(["--seconds", "10", "wire.pdus", "wire.files"]) == expected
    assert shares == [5.0, 5.0]
    out = capsys.readouterr().out
    assert "wire.pdus: 5,211 executions, 655 features" in out
    assert ("KeyError" in out) is bool(code)
    assert ("crash-1" in out) is bool(code)


def test_no_such_entry(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        driver.main(["nothing"])
    assert "wire.pdus" in capsys.readouterr().err
