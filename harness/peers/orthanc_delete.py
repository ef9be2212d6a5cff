"""Delete one study from an Orthanc: ``python -m harness.peers.orthanc_delete http://127.0.0.1:8042 UID``."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from urllib.parse import quote

_DEADLINE = 30.0
_ANSWER_LIMIT = 1 << 20


def delete_study(address: str, study_uid: str) -> bool:
    """Delete the study, over Orthanc's REST interface; False where it has none of that UID.  OSError."""
    found = json.loads(_send("POST", f"{address}/tools/lookup", study_uid.encode("ascii")))
    ids = [entry["ID"] for entry in found if entry["Type"] == "Study"]
    for identifier in ids:
        _send("DELETE", f"{address}/studies/{quote(identifier)}", None)
    return bool(ids)


def _send(method: str, url: str, body: bytes | None) -> bytes:
    # A proxy of the environment has no business between this machine and itself.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, body, method=method), timeout=_DEADLINE) as response:
        data: bytes = response.read(_ANSWER_LIMIT)
        return data


def main(arguments: list[str]) -> int:
    """0 deleted or not there, 1 Orthanc did not do it, 2 wrong arguments."""
    if len(arguments) != 2:
        print("usage: python -m harness.peers.orthanc_delete http://HOST:PORT STUDY_UID", file=sys.stderr)
        return 2
    address, study_uid = arguments
    try:
        delete_study(address.rstrip("/"), study_uid)
    except (OSError, ValueError) as error:
        print(f"study {study_uid} was not deleted at {address}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
