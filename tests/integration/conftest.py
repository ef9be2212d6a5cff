"""What tests with third-party programs share."""

from __future__ import annotations

import os

import pytest

from harness.peers.process import PeerMissing, find_program

PACKAGES = {"Orthanc": "orthanc"}
"""Debian packages of programs that have another name; every other program here is one of dcmtk's."""


def require_program(name: str) -> str:
    """The program's path.  Where it isn't installed the test is skipped, saying so.

    With PACS_HARNESS_REQUIRE_PEERS=1, as in CI, that is an error instead.
    """
    try:
        return find_program(name, PACKAGES.get(name, "dcmtk"))
    except PeerMissing as missing:
        if os.environ.get("PACS_HARNESS_REQUIRE_PEERS") == "1":
            raise
        pytest.skip(str(missing))
