"""Text in pixels: read where there is a reader for it, and said to be unread where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.deid import judge
from harness.deid.findings import Category
from harness.deid.ocr import FRAMES, tesseract
from tests.deid_sample import sample
from tests.unit.deid.reference import Deidentifier


def test_a_name_in_the_pixels() -> None:
    before = sample()
    judgement = judge(before, Deidentifier().files(before), reader=lambda pixels: "Adele SOMMERFELD\n120 kV")
    assert {one.rule for one in judgement.findings} == {"burned-in"}
    assert {one.category for one in judgement.findings} == {Category.PIXELS_HIDDEN}


def test_no_name_in_the_pixels() -> None:
    before = sample()
    judgement = judge(before, Deidentifier().files(before), reader=lambda pixels: "R 120 kV")
    assert judgement.findings == ()
    hidden = next(score for score in judgement.scores if score.category is Category.PIXELS_HIDDEN)
    assert hidden.right == len(before)


def test_pixels_that_nobody_has_looked_at_are_said() -> None:
    before = sample()
    remarks = judge(before, Deidentifier().files(before)).remarks
    assert any("not looked at" in one.text for one in remarks)


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 3), (9, 4, 6)])
def test_tesseract_gets_grey_pictures(
    shape: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "tesseract"
    program.write_text(f"#!/bin/sh\nhead -c 10 | tr -d '\\n'; cat >> {tmp_path}/seen\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    reader = tesseract()
    assert reader is not None
    text = reader(np.arange(np.prod(shape)).reshape(shape))
    frames = min(FRAMES, shape[0] if len(shape) == 3 and shape[-1] != 3 else 1)
    assert text.splitlines() == ["P5 6 4 255"[:10]] * 2 * frames


def test_without_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tesseract() is None
