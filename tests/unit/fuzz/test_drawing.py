"""The same seed draws the same, whatever is imported beside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DRAW = """
import sys
sys.path[:0] = {path!r}
{more}
from hypothesis import Phase, given, seed, settings, strategies as st
from harness.fuzz.drawing import draw_alone
draw_alone()
drawn = []
@seed(3)
@settings(max_examples=300, database=None, phases=[Phase.generate])
@given(st.integers(0, 2**40), st.binary(max_size=8))
def take(number, data):
    drawn.append((number, data))
take()
print(drawn)
"""


def drawn(more: str, path: list[str]) -> str:
    code = DRAW.format(path=path, more=more)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_what_is_imported_beside_changes_nothing(tmp_path: Path) -> None:
    constants = ", ".join(str(7919 * number) for number in range(1, 400))
    (tmp_path / "beside.py").write_text(f"NUMBERS = ({constants})\nTEXTS = (b'one', b'other')\n")
    path = [str(tmp_path), str(Path(__file__).parents[3])]
    assert drawn("import beside", path) == drawn("", path)
