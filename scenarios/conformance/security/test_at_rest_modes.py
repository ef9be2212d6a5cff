"""Who else on the machine gets at what lies on the disk (CWE-732): modes of files and folders.

Looked at is what ``[security] data`` and ``logs`` name.
"""

from __future__ import annotations

from harness.plugin.placing import places
from harness.scenario import CRITICAL, HIGH, not_tested, safeguard
from harness.security.keys import private_keys
from harness.security.modes import HAS_MODES, Open, Way, open_to_others
from harness.security.places import listed
from harness.synthesis import SyntheticStudy
from harness.target import Target

SHOWN = 3
"""Files that a finding names."""


@safeguard(
    "CWE-732",
    HIGH,
    "Other users of the machine may not read patients' data, nor logs.",
    remedy="Run the product as a user of its own with umask 077, and take the rights of others from its"
    " folders (chmod -R o-rwx).",
)
def test_others_cannot_read(stored_study: SyntheticStudy, target: Target) -> None:
    readable = opened(target, Way.READ)
    assert not readable, f"may be read: {shown(readable)}"


@safeguard(
    "CWE-732",
    HIGH,
    "Other users of the machine may not change patients' data, nor logs.",
    remedy="Take the right to write from others and from shared groups (chmod -R go-w).",
)
def test_others_cannot_write(stored_study: SyntheticStudy, target: Target) -> None:
    writable = opened(target, Way.WRITE)
    assert not writable, f"may be changed: {shown(writable)}"


@safeguard(
    "CWE-732",
    CRITICAL,
    "Other users of the machine may not read the product's private keys.",
    remedy="chmod 600 on the key, owned by the product's user; and a new key, since this one was readable.",
)
def test_private_keys_guarded(target: Target) -> None:
    places(target)
    keys = private_keys(target)
    if not keys:
        raise not_tested("no private key was found on the product's command line or near its files")
    must_have_modes()
    readable = list(open_to_others(keys, Way.READ))
    assert not readable, f"a private key may be read: {shown(readable)}"


def opened(target: Target, way: Way) -> list[Open]:
    """The product's files and folders that others get at."""
    roots = places(target)
    must_have_modes()
    seen = listed(roots)
    return list(open_to_others((*seen.folders, *seen.files), way))


def must_have_modes() -> None:
    if not HAS_MODES:
        raise not_tested("this system has no modes of files to look at")


def shown(found: list[Open]) -> str:
    """The first of them, and how many more there are."""
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return "; ".join(f"{one.path} by {one.words}" for one in found[:SHOWN]) + more
