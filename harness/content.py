"""Where the content that ships with the package lies: scenarios, datasets and report templates.

In a wheel they are data of the package (``harness/_content``); in an editable install they are the
folders beside ``harness/`` in the working tree.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).resolve().parent


def content_folder(name: Literal["scenarios", "datasets", "reports"]) -> Path:
    """The folder of that name, absolute.  Raises FileNotFoundError if this install is damaged."""
    for candidate in (_PACKAGE / "_content" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"the installed package lacks its {name} folder: install pacs-harness again")
