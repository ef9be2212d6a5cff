"""Documents that others write: whatever is in them, one line says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.documents import parsed_toml
from harness.findings import read_campaign
from harness.load.workload import WorkloadError, load_workload
from harness.measurement import read_bench
from harness.synthesis.recipe import RecipeError, load_recipe
from harness.target import TargetError
from harness.target_file import read_target
from harness.worklist import EntryError, read_entries

DEEP = "x = " + "[" * 5000
DIGITS = "x = " + "9" * 5000
BITS = "x = 0x" + "F" * 5000
LINES = '"a\\nb\\u001b" = 1'


@pytest.mark.parametrize("text", [DEEP, DIGITS, BITS, LINES], ids=["deep", "digits", "bits", "lines"])
@pytest.mark.parametrize(
    ("read", "error"),
    [
        (read_target, TargetError),
        (read_entries, EntryError),
        (load_workload, WorkloadError),
        (load_recipe, RecipeError),
    ],
    ids=["target", "worklist", "workload", "recipe"],
)
def test_toml_that_no_parser_takes(
    read: Callable[[Path], object], error: type[Exception], text: str, tmp_path: Path
) -> None:
    path = tmp_path / "file.toml"
    path.write_text(text)
    with pytest.raises(error) as caught:
        read(path)
    assert len(str(caught.value).splitlines()) == 1
    assert str(path) in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("read", [read_campaign, read_bench])
def test_json_that_no_parser_takes(read: Callable[[Path], object], tmp_path: Path) -> None:
    for name in ("campaign.json", "bench.json"):
        (tmp_path / name).write_text('{"x": ' + "[" * 5000)
    with pytest.raises(ValueError, match="of this version"):
        read(tmp_path)


def test_toml_is_parsed() -> None:
    assert parsed_toml("a = [1]") == {"a": [1]}
