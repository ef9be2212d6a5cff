"""`init` writes a file that can be read back, `doctor` says what is in the way; both end with their codes."""

from __future__ import annotations

import argparse
import builtins
import socket
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from harness.cli import doctor, init
from harness.cli.target_file import target_file
from harness.target import Claims, Control, Destination, Dimse, TargetError, Tls, UserIdentity
from harness.target_file import read_target
from tests.unit.acceptor import acceptor


def command(*words: object) -> int:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers()
    init.add_parser(commands)
    doctor.add_parser(commands)
    options = parser.parse_args([str(word) for word in words])
    return int(options.run(options))


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Answers that are typed, in order; afterwards the questions are in their place."""
    answers: list[str] = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)

    def typed(question: str) -> str:
        if not answers:
            raise EOFError
        return answers.pop(0)

    monkeypatch.setattr(builtins, "input", typed)
    yield answers
    assert answers == []


def flags(port: int, path: Path) -> tuple[object, ...]:
    return "init", "--host", "127.0.0.1", "--port", port, "--called", "PACS", "--output", path


# ---------------------------------------------------------------- the file


def test_every_key_is_in_the_file() -> None:
    text = target_file("h", 104, "PACS", "ME", ())
    words = {word.lstrip("# ").split(" ")[0] for word in text.splitlines()}
    for kind in (Dimse, Tls, UserIdentity, Claims, Destination, Control):
        for one in fields(kind):
            assert one.name in words or f"[dimse.{one.name}]" in words, f"{kind.__name__}.{one.name}"


def test_what_is_commented_out_can_be_used(tmp_path: Path) -> None:
    text = target_file("h", 104, "PACS", "ME", ())
    lines = [
        line.removeprefix("# ")
        if line.startswith(("# [", "# name =")) or (line.startswith("# ") and line.split()[2:3] == ["="])
        else line
        for line in text.splitlines()
    ]
    # [dimse] has to come before its own tables, and its keys before them: the template's order allows it.
    path = tmp_path / "target.toml"
    path.write_text("\n".join(lines))
    target = read_target(path)
    assert target.dimse.tls
    assert target.dimse.user_identity
    assert target.claims.storage_level == 2
    assert target.destinations == (Destination("HARNESSDEST", 11113, "0.0.0.0"),)
    assert target.control.delete_study
    assert target.claims.security_profiles
    assert target.security.audit


@pytest.mark.parametrize("title", ["A B", 'Q"UOTE', "#HASH", "[X]", "'"])
def test_unusual_titles_survive(title: str, tmp_path: Path) -> None:
    path = tmp_path / "target.toml"
    path.write_text(target_file("h", 104, title, title, (Destination(title, 5),)))
    target = read_target(path)
    assert (target.dimse.called_ae_title, target.destinations[0].ae_title) == (title, title)


# ---------------------------------------------------------------- init


def test_init_writes_and_echoes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "target.toml"
    with acceptor() as port:
        code = command(*flags(port, path), "--calling", "ME", "--destination", "A:5", "--destination", "B:6")
        target = read_target(path)
        assert (target.dimse.port, target.dimse.calling_ae_title) == (port, "ME")
    assert target.destinations == (Destination("A", 5), Destination("B", 6))
    assert code == 0
    assert "C-ECHO: PACS answers (PACS-HARNESS" in capsys.readouterr().out


def test_init_keeps_the_file_where_the_product_is_down(
    tmp_path: Path, closed_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "target.toml"
    assert command(*flags(closed_port, path)) == 4
    assert read_target(path).dimse.port == closed_port
    assert "refuses the connection" in capsys.readouterr().out


def test_init_overwrites_by_force_alone(tmp_path: Path, closed_port: int) -> None:
    path = tmp_path / "target.toml"
    path.write_text("precious")
    with pytest.raises(TargetError, match="exists; --force"):
        command(*flags(closed_port, path))
    assert path.read_text() == "precious"
    assert command(*flags(closed_port, path), "--force") == 4
    assert read_target(path).dimse.port == closed_port


@pytest.mark.parametrize(
    ("flag", "value", "words"),
    [
        ("--port", "0", "--port: 0 is not a TCP port"),
        ("--port", "dicom", "--port: 'dicom' is not a TCP port"),
        ("--called", "12345678901234567", "--called: .* has 17 characters"),
        ("--calling", "", "--calling: an AE title has at least one"),
        ("--host", " ", "--host: a name or an address"),
        ("--destination", "HARNESS", "--destination: 'HARNESS' is not AE:PORT"),
        ("--destination", "HARNESS:x", "--destination: 'x' is not a TCP port"),
        ("--destination", ":5", "--destination: an AE title has at least one"),
    ],
)
def test_init_with_a_bad_flag_writes_nothing(flag: str, value: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "target.toml"
    with pytest.raises(TargetError, match=words):
        command(*flags(104, path), flag, value)
    assert not path.exists()


def test_init_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"target\.toml cannot be written: No such file or directory"):
        command(*flags(104, tmp_path / "nowhere" / "target.toml"))


def test_init_without_a_terminal_needs_its_flags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    with pytest.raises(TargetError, match="--host is needed"):
        command("init", "--output", tmp_path / "target.toml")


def test_init_asks(tmp_path: Path, terminal: list[str]) -> None:
    path = tmp_path / "target.toml"
    with acceptor() as port:
        # A wrong answer is asked for again; an empty one takes the default.
        terminal += ["127.0.0.1", "x", str(port), "PACS", "", "DEST:11113", ""]
        assert command("init", "--output", path) == 0
    target = read_target(path)
    assert target.dimse.calling_ae_title == "PACSHARNESS"
    assert target.destinations == (Destination("DEST", 11113),)


def test_init_gives_up_on_answers_that_stay_wrong(tmp_path: Path, terminal: list[str]) -> None:
    terminal += ["127.0.0.1", "x", "y", "z"]
    with pytest.raises(TargetError, match="--port: 'z'"):
        command("init", "--output", tmp_path / "target.toml")


def test_init_at_the_end_of_the_input(tmp_path: Path, terminal: list[str]) -> None:
    terminal += ["127.0.0.1"]
    with pytest.raises(TargetError, match="nothing is written"):
        command("init", "--output", tmp_path / "target.toml")


def test_a_destination_for_another_machine_listens_everywhere(tmp_path: Path) -> None:
    path = tmp_path / "target.toml"
    words = ["init", "--host", "no-such-host.invalid", "--port", "104", "--called", "PACS", "--output", path]
    assert command(*words, "--destination", "A:5") == 4
    assert read_target(path).destinations == (Destination("A", 5, "0.0.0.0"),)


# ---------------------------------------------------------------- doctor


def with_worklist(text: str) -> str:
    """The target file with its example of a worklist folder in use."""
    return text.replace("# [worklist]", "[worklist]").replace("# folder =", "folder =")


def test_doctor(tmp_path: Path, closed_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "target.toml"
    with acceptor(move_statuses={"KNOWN": 0}) as port:
        destinations = (Destination("KNOWN", closed_port),)
        path.write_text(with_worklist(target_file("127.0.0.1", port, "PACS", "ME", destinations)))
        assert command("doctor", path) == 0
        assert "Nothing stands in the way" in capsys.readouterr().out
        destinations = (Destination("DEST", closed_port),)
        path.write_text(with_worklist(target_file("127.0.0.1", port, "PACS", "ME", destinations)))
        assert command("doctor", path) == 0
        printed = capsys.readouterr().out
        assert "LIMITED  move destination DEST is not registered" in printed
        assert "A run is possible; 1 thing limits it." in printed
        assert command("doctor", path, "--no-destinations") == 0
        assert "DEST" not in capsys.readouterr().out


def test_doctor_blocked(tmp_path: Path, closed_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "target.toml"
    path.write_text(target_file("127.0.0.1", closed_port, "PACS", "ME"))
    assert command("doctor", path) == 4
    printed = capsys.readouterr().out
    assert printed.startswith("BLOCKED  ")
    assert printed.endswith("No run is possible yet.\n")


def test_doctor_with_a_bad_file(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no such file"):
        command("doctor", tmp_path / "target.toml")
