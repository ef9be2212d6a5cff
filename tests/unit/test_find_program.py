"""Programs of third parties are found, and Python's namesakes passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.peers.process import PeerMissing, find_program


def put(folder: Path, first_line: str) -> str:
    folder.mkdir()
    program = folder / "phtestscp"
    program.write_text(first_line + "\nexit 0\n")
    program.chmod(0o755)
    return str(program)


def test_a_python_script_of_the_name_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "environment", "#!/some/environment/bin/python3")
    real = put(tmp_path / "system", "#!/bin/sh")
    monkeypatch.setenv("PATH", f"{tmp_path / 'environment'}:{tmp_path / 'system'}")
    assert find_program("phtestscp", "dcmtk") == real


def test_what_is_missing_is_said_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "environment", "#!/usr/bin/env python3")
    monkeypatch.setenv("PATH", str(tmp_path / "environment"))
    with pytest.raises(PeerMissing, match="apt-get install dcmtk"):
        find_program("phtestscp", "dcmtk")
