"""What de-identifiers from PyPI leave of two made-up patients, judged as `pacs-harness deid` does.

    python -m benchmarks.deidentifiers [--python VENV/bin/python] [--output DIR] [NAME ...]

Without ``--python`` a virtual environment is made and the packages installed into it, in the versions that
docs/PEERS.md speaks of.  Each gets the same files, of tests/deid_sample.py, by its ordinary call.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness.decide.deid_summary import concluded, percent
from harness.deid import Judgement, Option, judge, read_objects
from harness.deid.findings import Severity, write_judgement
from harness.report.deid_page import render_judgement
from tests.deid_sample import content_of, sample

TIMEOUT = 300.0
"""Seconds for one package."""


@dataclass(frozen=True)
class Package:
    """A package, how it is called, and what it says that it does."""

    requirement: str
    program: tuple[str, ...]
    """For the interpreter; IN and OUT stand for folders."""
    options: frozenset[Option] = frozenset()


_DEID = """
import sys
from pathlib import Path
from deid.dicom import get_identifiers, replace_identifiers
files = sorted(map(str, Path(sys.argv[1]).glob("*.dcm")))
replace_identifiers(dicom_files=files, ids=get_identifiers(files), output_folder=sys.argv[2], save=True,
                    remove_private=True, strip_sequences=True)
"""
PACKAGES = {
    # "Dates and times will be shifted into the past", and descriptions are left to those who need them.
    "dicognito": Package(
        "dicognito==0.19.0", ("-m", "dicognito", "-o", "OUT", "IN"), frozenset({Option.MODIFIED_DATES})
    ),
    "dicom-anonymizer": Package(
        "dicom-anonymizer==2.1.0", ("-m", "dicomanonymizer.anonymizer", "IN", "OUT"), frozenset()
    ),
    "deid": Package("deid==0.4.13", ("-c", _DEID, "IN", "OUT")),
}


def judged(package: Package, python: Path, originals: Path, results: Path) -> Judgement:
    """What it made of the originals.  Raises SystemExit where it made nothing."""
    words = [{"IN": str(originals), "OUT": str(results)}.get(one, one) for one in package.program]
    done = subprocess.run(
        [str(python), *words], capture_output=True, text=True, timeout=TIMEOUT, check=False, cwd=results
    )
    if not any(results.iterdir()):
        left = f"{package.requirement} left nothing (exit code {done.returncode})"
        raise SystemExit(f"{left}:\n{done.stderr[-2000:]}")
    before, after = read_objects(originals), read_objects(results)
    return judge(before.instances, after.instances, package.options)


def installed(folder: Path) -> Path:
    """An environment with the packages; its interpreter."""
    python = folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    wanted = [package.requirement for package in PACKAGES.values()]
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *wanted], check=True)
    return python


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PACKAGES)} (all)")
    parser.add_argument("--python", type=Path, help="an interpreter that has the packages")
    parser.add_argument("--output", type=Path, help="where reports go, a folder for each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pacs-deidentifiers-") as scratch:
        python = options.python or installed(Path(scratch) / "venv")
        originals = Path(scratch) / "originals"
        originals.mkdir()
        for number, one in enumerate(sample()):
            (originals / f"{number}.dcm").write_bytes(content_of(one))
        print(f"{'package':<26}{'score':>9}  {'critical':>8} {'high':>5} {'medium':>6} {'low':>4}  verdict")
        for name in options.names or PACKAGES:
            results = Path(scratch) / name
            results.mkdir()
            judgement = judged(PACKAGES[name], python, originals, results)
            counts = [judgement.count(severity) for severity in Severity]
            print(
                f"{PACKAGES[name].requirement:<26}{percent(judgement.right, judgement.actions):>9}  "
                f"{counts[0]:>8} {counts[1]:>5} {counts[2]:>6} {counts[3]:>4}  {concluded(judgement).label}"
            )
            if options.output:
                folder = options.output / name
                folder.mkdir(parents=True, exist_ok=True)
                write_judgement(judgement, folder)
                render_judgement(folder)


if __name__ == "__main__":
    main()
