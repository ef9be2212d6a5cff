"""Reading run folders: whole, killed, damaged, and no run at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.capabilities import Capabilities
from harness.cli import main
from harness.documents import LONGEST, read_whole
from harness.report import NotARun, load_run, render
from harness.report.junit import junit_report
from harness.verdict import Outcome, Run, to_json


def write(folder: Path, run: Run, results: Run | None = None, tail: str = "") -> None:
    (folder / "run.json").write_text(json.dumps(to_json(run)), encoding="utf-8")
    if results is not None:
        lines = "".join(json.dumps(to_json(result)) + "\n" for result in results.results)
        (folder / "results.jsonl").write_text(lines + tail, encoding="utf-8")


def test_a_whole_run_comes_back_as_it_was(tmp_path: Path, made_up_run: Run) -> None:
    write(tmp_path, made_up_run, made_up_run)
    assert load_run(tmp_path) == made_up_run


def test_a_killed_run_keeps_what_it_saw(tmp_path: Path, made_up_run: Run) -> None:
    started = replace(made_up_run, results=(), finished="", exit_code=None, ended_because="running")
    write(tmp_path, started, made_up_run, tail='{"id": "half.writ')
    run = load_run(tmp_path)
    assert run.results == made_up_run.results
    assert "killed" in run.ended_because
    assert "last line of results.jsonl is half written" in run.ended_because


def test_results_that_run_json_lacks_are_added(tmp_path: Path, made_up_run: Run) -> None:
    write(tmp_path, replace(made_up_run, results=made_up_run.results[:5]), made_up_run)
    assert load_run(tmp_path).results == made_up_run.results


def test_the_last_line_of_an_id_counts(tmp_path: Path, made_up_run: Run) -> None:
    first = made_up_run.results[0]
    twice = replace(made_up_run, results=(first, replace(first, reason="again")))
    write(tmp_path, replace(made_up_run, results=()), twice)
    assert [result.reason for result in load_run(tmp_path).results] == ["again"]


def test_results_alone_make_a_run(tmp_path: Path, made_up_run: Run) -> None:
    write(tmp_path, made_up_run, made_up_run)
    (tmp_path / "run.json").write_text('{"target": {', encoding="utf-8")
    run = load_run(tmp_path)
    assert len(run.results) == len(made_up_run.results)
    assert "run.json can't be read" in run.ended_because


def test_a_damaged_line_in_the_middle_is_no_run(tmp_path: Path, made_up_run: Run) -> None:
    write(tmp_path, replace(made_up_run, results=()), made_up_run)
    path = tmp_path / "results.jsonl"
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[3] = lines[3][:40]
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(NotARun, match=r"results\.jsonl:4: not JSON"):
        load_run(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "holds neither run.json nor results.jsonl"),
        ("[]", "not a JSON object"),
        ("{}", "target is missing"),
        ("[" * 100_000, "not JSON"),
        ('{"target": 3}', "not a run of this version"),
        ('{"target": NaN}', "NaN is no number"),
    ],
)
def test_what_is_no_run_ends_with_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content, encoding="utf-8")
    assert main(["report", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert not printed.out


def test_a_folder_that_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path / "nowhere")]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_rendering_names_its_files_and_leaves_the_run_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], made_up_run: Run
) -> None:
    write(tmp_path, made_up_run, made_up_run)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert main(["report", str(tmp_path)]) == 0
    written = {"report.html", "junit.xml", "results.csv", "by_group.csv"}
    assert {Path(line).name for line in capsys.readouterr().out.splitlines()} == written
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(after) == set(before) | written
    assert {name: after[name] for name in before} == before


def test_rendering_twice_gives_the_same_bytes(tmp_path: Path, made_up_run: Run) -> None:
    write(tmp_path, made_up_run)
    first = [path.read_bytes() for path in render(tmp_path)]
    assert first == [path.read_bytes() for path in render(tmp_path)]


def test_an_unwritable_place_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], made_up_run: Run
) -> None:
    write(tmp_path, made_up_run)
    (tmp_path / "report.html").mkdir()
    assert main(["report", str(tmp_path)]) == 2
    assert "can't be written" in capsys.readouterr().err


def leaves(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where in a document its texts and numbers stand, and what holds them."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(one, (*path, key))


def test_a_run_whose_values_are_of_other_kinds_is_rendered_or_refused_in_one_line(
    tmp_path: Path, capabilities: Capabilities, made_up_run: Run
) -> None:
    small = replace(
        made_up_run,
        results=made_up_run.results[:1],
        measurements=made_up_run.measurements[:1],
        unselected=made_up_run.unselected[:1],
        capabilities=replace(capabilities, classes=capabilities.classes[:1], levels=capabilities.levels[:1]),
    )
    text = json.dumps(to_json(small))
    refused = []
    for path in leaves(json.loads(text)):
        for odd in (3, [], {"x": [1]}, 10**400):
            document = json.loads(text)
            place = document
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = odd
            (tmp_path / "run.json").write_text(json.dumps(document), encoding="utf-8")
            try:
                run = load_run(tmp_path)
            except NotARun as error:
                refused.append(str(error))
            else:
                junit_report(run)
    assert len(refused) > 200
    assert not [words for words in refused if len(words.splitlines()) != 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"target": ' + "[" * 60 + "]" * 60 + "}", "deeper than"),
        ('{"target": 1e999}', "1e999 is no number"),
    ],
)
def test_what_json_allows_and_no_page_can_show(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(NotARun, match=message):
        load_run(tmp_path)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "bench.json")
    (tmp_path / "run.json").write_bytes(b"")
    os.truncate(tmp_path / "run.json", LONGEST + 1)  # it takes no room on the disk
    with pytest.raises(OSError, match="no ordinary file"):
        read_whole(tmp_path / "bench.json")
    with pytest.raises(NotARun, match=r"run.json: can't be read: longer than"):
        load_run(tmp_path)


def test_rendering_writes_into_its_folder_alone(tmp_path: Path, made_up_run: Run) -> None:
    folder, private = tmp_path / "run", tmp_path / "private"
    folder.mkdir()
    private.write_text("mine")
    write(folder, made_up_run)
    for name in ("report.html", "report.html.partial", "junit.xml", "results.csv.partial"):
        (folder / name).symlink_to(private)
    render(folder)
    assert private.read_text() == "mine"
    assert not (folder / "report.html").is_symlink()


def test_a_recording_that_lies_elsewhere_is_not_linked_to(tmp_path: Path, made_up_run: Run) -> None:
    failed = next(one for one in made_up_run.results if one.outcome is Outcome.FAIL)
    names = ("there.pcapng", "link.pcapng", "a\x00b", "x" * 5000, "\ud800")
    result = replace(failed, evidence=replace(failed.evidence, captures=names))
    write(tmp_path, replace(made_up_run, results=(result,)))
    (tmp_path / "there.pcapng").touch()
    (tmp_path / "link.pcapng").symlink_to("/etc/hostname")
    render(tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert 'href="./there.pcapng"' in page
    assert 'href="./link' not in page
    assert page.count("(not in this folder)") == len(names) - 1
