"""What a file lies on: a disk that the system encrypts below it, memory, or a disk in clear (Linux).

dm-crypt gives its devices a UUID that begins with CRYPT- (``/sys/dev/block/…/dm/uuid``); what is built on
top of it, as LVM is, has it among its slaves.  fscrypt marks each file, and encrypting file systems have
types of their own.
"""

from __future__ import annotations

import enum
import os
import struct
from dataclasses import dataclass
from pathlib import Path

SYS = Path("/sys")
MOUNTS = Path("/proc/self/mountinfo")
_GET_FLAGS = 0x80086601
"""FS_IOC_GETFLAGS of Linux, of which 0x800 is FS_ENCRYPT_FL."""
_ENCRYPTED = 0x800
_MEMORY = ("tmpfs", "ramfs")
_ENCRYPTING = ("ecryptfs", "fuse.gocryptfs", "fuse.encfs", "fuse.cryfs", "fuse.securefs")
_UNTOLD = ("nfs", "nfs4", "cifs", "smb3", "zfs", "ceph", "glusterfs", "9p", "virtiofs", "afs")
"""Those whose disks are elsewhere, or that encrypt without saying so."""
_DEEPEST = 8


class Rest(enum.Enum):
    """How data rests there."""

    CLEAR = "in clear"
    ENCRYPTED = "encrypted"
    MEMORY = "in memory"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class Medium:
    """What a file lies on, and the words for it."""

    rest: Rest
    words: str


def medium_of(path: Path, sys: Path = SYS, mounts: Path = MOUNTS) -> Medium:
    """What a file lies on.  OSError where the file is gone."""
    device = path.stat().st_dev
    kind, source = _mount_of(path, mounts)
    if kind in _MEMORY:
        return Medium(Rest.MEMORY, f"a file system in memory ({kind})")
    if kind in _ENCRYPTING:
        return Medium(Rest.ENCRYPTED, f"an encrypting file system ({kind})")
    if _is_marked(path):
        return Medium(Rest.ENCRYPTED, "a folder that the file system encrypts (fscrypt)")
    block = sys / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}"
    if not block.exists() and source.startswith("/dev/"):  # btrfs has a device number of its own
        try:
            number = os.stat(source).st_rdev
        except OSError:
            number = 0
        block = sys / "dev" / "block" / f"{os.major(number)}:{os.minor(number)}"
    if block.exists():
        if _is_crypt(block, _DEEPEST):
            return Medium(Rest.ENCRYPTED, "an encrypted block device (dm-crypt)")
        return Medium(Rest.CLEAR, "a disk without dm-crypt or fscrypt")
    if kind in _UNTOLD or kind.startswith("fuse") or not kind:
        return Medium(Rest.UNTOLD, f"a file system that does not tell ({kind or 'unknown'})")
    return Medium(Rest.CLEAR, f"{kind}, of which whether the disk below is encrypted is not seen")


def _is_crypt(block: Path, deepest: int) -> bool:
    """Whether a block device, or everything that it is made of, is one of dm-crypt's."""
    try:
        if (block / "dm" / "uuid").read_text("ascii", "replace").startswith("CRYPT-"):
            return True
    except OSError:
        pass  # no device of the device mapper
    if deepest == 0:
        return False
    below = list((block / "slaves").iterdir()) if (block / "slaves").is_dir() else []
    if (block / "partition").exists():
        below = [block.resolve().parent]
    return bool(below) and all(_is_crypt(one, deepest - 1) for one in below)


def _is_marked(path: Path) -> bool:
    """Whether fscrypt encrypts the file."""
    if os.name != "posix":
        return False
    import fcntl

    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        (flags,) = struct.unpack("l", fcntl.ioctl(handle, _GET_FLAGS, bytes(struct.calcsize("l"))))
    except (OSError, struct.error):
        return False  # a file system without flags, or another system than Linux
    finally:
        os.close(handle)
    return bool(flags & _ENCRYPTED)


def _mount_of(path: Path, mounts: Path) -> tuple[str, str]:
    """Type and source of the file system that holds a path; empty where the system has no list (proc(5))."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return "", ""
    resolved, best, found = path.resolve(), -1, ("", "")
    for line in lines:
        fields = line.split()
        if len(fields) < 10 or "-" not in fields:
            continue
        point = Path(fields[4].replace("\\040", " "))
        dash = fields.index("-")
        if resolved.is_relative_to(point) and len(point.parts) >= best:
            best, found = len(point.parts), (fields[dash + 1], fields[dash + 2])
    return found
