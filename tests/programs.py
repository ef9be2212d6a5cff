"""Programs of others that a test needs: a skip that says so, and an error where CI demands them."""

from __future__ import annotations

import importlib.util
import os

import pytest

from harness.peers.process import PeerMissing, find_program

PACKAGES = {
    "Orthanc": "orthanc",
    "tshark": "tshark",
    "chromium": "chromium",
    "openssl": "openssl",
    "dciodvfy": "dicom3tools",
}
"""Debian packages by program; every other program is one of dcmtk's."""


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


PEER_PROGRAMS = {
    "orthanc": "Orthanc",
    "dcmtk": "dcmqrscp",
    "wlmscpfs": "wlmscpfs",
    "storescp": "storescp",
    "orthanc-hardened": "Orthanc",
    "orthanc-anonymising": "Orthanc",
    "dcmtk-tls": "storescp",
}
"""What starts a peer; qrscp is of our own Python and needs sqlalchemy."""


def require_peer(name: str) -> None:
    """As `require_program`, by the name that ``run --peer`` takes."""
    if name != "qrscp":
        require_program(PEER_PROGRAMS[name])
    elif importlib.util.find_spec("sqlalchemy") is None:
        words = "qrscp needs sqlalchemy, which the extra `test` brings"
        if os.environ.get("PACS_HARNESS_REQUIRE_PEERS") == "1":
            raise PeerMissing(words)
        pytest.skip(words)
