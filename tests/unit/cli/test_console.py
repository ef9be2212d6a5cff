"""What a product says is shown on the console, and does nothing to it."""

from __future__ import annotations

import pytest

from harness.cli.console import RunConsole, say

ODD = "[/x] [bold]:smile: \x1b]0;title\x07\x1b[31m\x9b2J\u202e"


def test_brackets_are_no_markup_and_no_sequence_reaches_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    RunConsole().print(ODD, soft_wrap=True)
    say(ODD)
    out, err = capsys.readouterr()
    for text in (out, err):
        assert "[/x] [bold]:smile: ␛]0;title␇␛[31m" in text
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(text)


def test_lines_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    RunConsole().print("one\ntwo", end="\r")
    assert capsys.readouterr().out == "one\ntwo\r"
