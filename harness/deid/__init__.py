"""Judges a de-identification after PS3.15 annex E: objects before and after in, a Judgement out.

`judge` works in memory, on what came from files (`read_objects`) or over the network (`Instance`).
"""

from harness.deid.findings import Judgement
from harness.deid.instances import Instance
from harness.deid.judge import judge
from harness.deid.profile import Option
from harness.deid.reading import read_objects

__all__ = ["Instance", "Judgement", "Option", "judge", "read_objects"]
