"""Reports of a run: HTML, JUnit XML and CSV, rendered from a run folder and from nothing else."""

from harness.report.folder import NotARun, load_run
from harness.report.rendering import render

__all__ = ["NotARun", "load_run", "render"]
