"""Who may read files, what they lie on, and where a path in a UID would lead."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.security.escapes import escaped, escapes, remove
from harness.security.medium import Rest, medium_of
from harness.security.modes import Way, is_private_key, open_to_others
from harness.target import Dimse, Security, Target


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody gets into, unlike those of pytest, which are their owner's alone."""
    with tempfile.TemporaryDirectory(prefix="pacs-harness-test-") as above:
        Path(above).chmod(0o711)
        made = Path(above) / "data"
        made.mkdir(mode=0o755)
        yield made


def who(path: Path, way: Way) -> list[str]:
    return [one.who for one in open_to_others([path], way)]


@pytest.mark.parametrize(
    ("mode", "read", "write"),
    [(0o600, False, False), (0o640, False, False), (0o644, True, False), (0o602, False, True)],
)
def test_modes(folder: Path, mode: int, read: bool, write: bool) -> None:
    path = folder / "file"
    path.touch()
    path.chmod(mode)
    assert bool(who(path, Way.READ)) is read
    assert bool(who(path, Way.WRITE)) is write


def test_a_folder_above_guards(folder: Path) -> None:
    path = folder / "file"
    path.touch()
    path.chmod(0o666)
    folder.chmod(0o700)
    assert who(path, Way.READ) == who(path, Way.WRITE) == []


def test_a_sticky_folder_is_not_open_to_change(folder: Path) -> None:
    folder.chmod(0o1777)
    assert who(folder, Way.WRITE) == []
    folder.chmod(0o777)
    assert who(folder, Way.WRITE) == ["every user of the machine"]


@pytest.mark.parametrize(
    ("text", "is_key"),
    [
        ("-----BEGIN PRIVATE KEY-----\n", True),
        ("-----BEGIN RSA PRIVATE KEY-----\n", True),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\n", False),
        ("-----BEGIN CERTIFICATE-----\n", False),
    ],
)
def test_private_keys(tmp_path: Path, text: str, is_key: bool) -> None:
    (tmp_path / "pem").write_text(text)
    assert is_private_key(tmp_path / "pem") is is_key


class System:
    """A system whose only disk is what a test says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "file"
        self.path.touch()
        device = self.path.stat().st_dev
        self.block = folder / "sys" / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}"
        self.block.mkdir(parents=True)
        self.mounts = folder / "mountinfo"
        self.mount("ext4", "/dev/sda1")

    def mount(self, kind: str, source: str) -> None:
        self.mounts.write_text(f"22 1 8:1 / / rw,relatime - {kind} {source} rw\n", encoding="utf-8")

    def crypt(self, block: Path) -> None:
        (block / "dm").mkdir(parents=True)
        (block / "dm" / "uuid").write_text("CRYPT-LUKS2-0123-data\n", encoding="ascii")

    @property
    def rest(self) -> Rest:
        return medium_of(self.path, self.folder / "sys", self.mounts).rest


@pytest.fixture
def system(tmp_path: Path) -> System:
    return System(tmp_path)


def test_a_disk_in_clear(system: System) -> None:
    assert system.rest is Rest.CLEAR


def test_dm_crypt(system: System) -> None:
    system.crypt(system.block)
    assert system.rest is Rest.ENCRYPTED


def test_a_volume_on_dm_crypt(system: System) -> None:
    system.crypt(system.block / "slaves" / "dm-0")
    assert system.rest is Rest.ENCRYPTED
    (system.block / "slaves" / "sdb").mkdir()
    assert system.rest is Rest.CLEAR, "half of the volume lies in clear"


def test_a_partition_of_dm_crypt(system: System) -> None:
    disk = system.folder / "sys" / "devices" / "dm-0"
    system.crypt(disk)
    (disk / "part").mkdir()
    (disk / "part" / "partition").touch()
    system.block.rmdir()
    system.block.symlink_to(disk / "part")
    assert system.rest is Rest.ENCRYPTED


@pytest.mark.parametrize(
    ("kind", "rest"),
    [("tmpfs", Rest.MEMORY), ("ecryptfs", Rest.ENCRYPTED), ("zfs", Rest.UNTOLD), ("overlay", Rest.CLEAR)],
)
def test_file_systems(system: System, kind: str, rest: Rest) -> None:
    system.block.rmdir()
    system.mount(kind, "none")
    assert system.rest is rest


def test_where_a_path_in_a_uid_leads(tmp_path: Path) -> None:
    data = tmp_path / "pacs" / "data"
    data.mkdir(parents=True)
    target = Target(Dimse("192.0.2.1", 104, "PACS"), security=Security(data=(str(data),)))
    token = "phtest0123456789ab"
    assert all(len(one.value) <= 64 for one in escapes(token))
    (data / f"{token}inside").touch()
    assert escaped(token, target) == []
    outside = data / escapes(token)[0].value
    outside.touch()
    assert escaped(token, target) == [outside.resolve()]
    assert remove(outside.resolve())
    assert not remove(outside.resolve())
