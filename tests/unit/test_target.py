"""Target files: what is right is read; what is wrong gives one line that names the file and the key."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from harness.deid import Option
from harness.target import DEID_OPTIONS, Claims, Destination, TargetError, Tls, tls_context
from harness.target_file import read_target

GOOD = """
name = "Example PACS"
[dimse]
host = "127.0.0.1"
port = 104
called_ae_title = "PACS"
"""

BAD: dict[str, tuple[str, str]] = {
    "not TOML": ("[dimse\n", "not valid TOML"),
    "empty": ("", "[dimse] is missing"),
    "unknown table": (GOOD + "[dims]\n", "unknown key dims"),
    "unknown key": (GOOD + "hots = 'x'\n", "unknown key dimse.hots"),
    "unknown key in TLS": (GOOD + "[dimse.tls]\nca = 'x'\n", "unknown key dimse.tls.ca"),
    "unknown key in a destination": (
        GOOD + "[[destination]]\nae_title = 'A'\nport = 1\nhots = ''\n",
        "unknown key destination.hots",
    ),
    "unknown key in claims": (GOOD + "[claims]\nservice = []\n", "unknown key claims.service"),
    "unknown key in control": (GOOD + "[control]\ndelete = []\n", "unknown key control.delete"),
    "no host": (GOOD.replace('host = "127.0.0.1"', ""), "[dimse] lacks host"),
    "no port": (GOOD.replace("port = 104", ""), "[dimse] lacks port"),
    "neither": (
        GOOD.replace("port = 104", "").replace('host = "127.0.0.1"', ""),
        "[dimse] lacks host, port",
    ),
    "empty host": (GOOD.replace("127.0.0.1", ""), "dimse.host is empty"),
    "port 0": (GOOD.replace("104", "0"), "0 is not a TCP port"),
    "port 65536": (GOOD.replace("104", "65536"), "65536 is not a TCP port"),
    "negative port": (GOOD.replace("104", "-1"), "-1 is not a TCP port"),
    "port as text": (GOOD.replace("104", "'104'"), "dimse.port takes a whole number"),
    "port as boolean": (GOOD.replace("104", "true"), "dimse.port takes a whole number"),
    "port as fraction": (GOOD.replace("104", "104.0"), "dimse.port takes a whole number"),
    "host as number": (GOOD.replace('"127.0.0.1"', "1"), "dimse.host takes a text"),
    "name as number": (GOOD.replace('"Example PACS"', "4"), "name is a text"),
    "AE title of 17": (GOOD.replace('"PACS"', '"12345678901234567"'), "has 17 characters"),
    "AE title of spaces": (GOOD.replace('"PACS"', '"  "'), "at least one character"),
    "empty AE title": (GOOD.replace('"PACS"', '""'), "at least one character"),
    "AE title with backslash": (GOOD.replace('"PACS"', "'PA\\CS'"), "may not have"),
    "AE title with umlaut": (GOOD.replace('"PACS"', '"PÄCS"'), "may not have"),
    "AE title with newline": (GOOD.replace('"PACS"', '"PA\\nCS"'), "may not have"),
    "calling AE title of 17": (GOOD + "calling_ae_title = '12345678901234567'\n", "dimse.calling_ae_title"),
    "deadline 0": (GOOD + "deadline = 0\n", "dimse.deadline takes seconds"),
    "deadline of a day": (GOOD + "deadline = 86400\n", "dimse.deadline takes seconds"),
    "deadline nan": (GOOD + "deadline = nan\n", "dimse.deadline takes seconds"),
    "deadline as text": (GOOD + "deadline = '30'\n", "dimse.deadline takes a number of seconds"),
    "visible_within": (GOOD + "visible_within = -5\n", "dimse.visible_within takes seconds"),
    "dimse as value": ("dimse = 3\n", "dimse is a table"),
    "TLS as value": (GOOD + "tls = true\n", "dimse.tls is a table"),
    "TLS without key": (GOOD + "[dimse.tls]\ncertificate = 'c.pem'\n", "go together"),
    "verify as text": (GOOD + "[dimse.tls]\nverify = 'no'\n", "dimse.tls.verify takes true or false"),
    "identity type": (
        GOOD + "[dimse.user_identity]\ntype = 'x'\nprimary = 'y'\n",
        "identity.type knows",
    ),
    "identity lacks": (GOOD + "[dimse.user_identity]\ntype = 'jwt'\n", "[dimse.user_identity] lacks primary"),
    "claims service": (GOOD + "[claims]\nservices = ['print']\n", "not 'print'"),
    "worklist twice": (GOOD + "[worklist]\nfolder = 'a'\nentries = 'b'\n", "folder or entries, not both"),
    "worklist steps": (GOOD + "[worklist]\nfinished_steps = 'gone'\n", "absent, marked or unchanged"),
    "claims services as text": (GOOD + "[claims]\nservices = 'find'\n", "claims.services takes a list"),
    "claims services of numbers": (GOOD + "[claims]\nservices = [1]\n", "claims.services takes a list"),
    "ARTIM": (GOOD + "[claims]\nartim = 0\n", "claims.artim takes seconds"),
    "storage level": (GOOD + "[claims]\nstorage_level = 3\n", "claims.storage_level is 0, 1 or 2"),
    "destination as table": (GOOD + "[destination]\nae_title = 'A'\nport = 1\n", "write [[destination]]"),
    "destination as numbers": ("destination = [1]\n" + GOOD, "destination is a table"),
    "destination lacks port": (GOOD + "[[destination]]\nae_title = 'A'\n", "[destination] lacks port"),
    "destination port": (GOOD + "[[destination]]\nae_title = 'A'\nport = 70000\n", "70000 is not a TCP port"),
    "destination AE": (GOOD + "[[destination]]\nae_title = ''\nport = 1\n", "destination.ae_title"),
    "security profile": (
        GOOD + "[claims]\nsecurity_profiles = ['tls']\n",
        "security_profiles knows bcp-195-tls",
    ),
    "security port": (GOOD + "[security]\ntls_port = 0\n", "security.tls_port: 0 is not a TCP port"),
    "TLS twice": (
        GOOD + "[security]\ntls_port = 2762\n[dimse.tls]\n",
        "security.tls_port is for a product that [dimse] speaks to without TLS",
    ),
    "security TLS without key": (
        GOOD + "[security.tls]\ncertificate = 'c.pem'\n",
        "security.tls.certificate and security.tls.key go together",
    ),
    "expired without key": (
        GOOD + "[security]\nexpired_certificate = 'c.pem'\n",
        "security.expired_certificate and security.expired_key go together",
    ),
    "audit by post": (GOOD + "[security]\naudit = 'smtp:x'\n", "udp:HOST:PORT, tls:HOST:PORT or file:PATH"),
    "anonymised for nobody": (
        GOOD + "[security]\nanonymises_to = 'PHDEST1'\n",
        "security.anonymises_to names one of the [[destination]]s (none is there); not 'PHDEST1'",
    ),
    "anonymises some time": (
        GOOD + "[security]\nanonymises_on = 'later'\n",
        "security.anonymises_on is store or move, not 'later'",
    ),
    "unknown de-identification": (
        GOOD + "[security]\ndeid_options = ['everything']\n",
        "security.deid_options knows retain-safe-private",
    ),
    "audit at once": (GOOD + "[security]\naudit_within = 0\n", "security.audit_within takes seconds"),
    "delete as text": (GOOD + "[control]\ndelete_study = 'rm'\n", "control.delete_study takes a list"),
}


def write(folder: Path, text: str) -> Path:
    path = folder / "target.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_gives_one_clear_line(case: str, tmp_path: Path) -> None:
    text, words = BAD[case]
    path = write(tmp_path, text)
    with pytest.raises(TargetError) as caught:
        read_target(path)
    message = str(caught.value)
    assert words in message
    assert message.startswith(f"{path}: ")
    assert "\n" not in message


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"no such file; `pacs-harness init` writes one"):
        read_target(tmp_path / "target.toml")


def test_a_folder_or_bytes_that_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="cannot be read"):
        read_target(tmp_path)
    path = tmp_path / "target.toml"
    path.write_bytes(b"name = '\xff'\n")
    with pytest.raises(TargetError, match="cannot be read"):
        read_target(path)


def test_the_shortest_file(tmp_path: Path) -> None:
    target = read_target(write(tmp_path, GOOD))
    assert (target.name, target.dimse.host, target.dimse.port) == ("Example PACS", "127.0.0.1", 104)
    assert target.dimse.calling_ae_title == "PACSHARNESS"
    assert target.destinations == ()
    assert target.is_loopback()


def test_everything(tmp_path: Path) -> None:
    text = GOOD.replace("127.0.0.1", "pacs.example.org") + (
        "deadline = 5\n[dimse.tls]\nserver_name = 'pacs'\nverify = false\n"
        "[dimse.user_identity]\ntype = 'username-passcode'\nprimary = 'me'\nsecondary = 'hush'\n"
        "[claims]\nservices = ['find', 'move']\nstorage_level = 2\n"
        "[[destination]]\nae_title = 'A'\nport = 1\n[[destination]]\nae_title = 'B'\nport = 2\nhost = '::'\n"
        "[control]\ndelete_study = ['rm', '{study_uid}']\n"
    )
    target = read_target(write(tmp_path, text))
    assert target.dimse.deadline == 5.0
    assert target.dimse.tls == Tls(server_name="pacs", verify=False)
    assert target.claims == Claims(("find", "move"), 2)
    assert target.destinations == (Destination("A", 1), Destination("B", 2, "::"))
    assert target.control.delete_study == ("rm", "{study_uid}")
    assert target.promises("find")
    assert not target.promises("get")
    assert not target.is_loopback()


@pytest.mark.parametrize(("kind", "primary"), [("username-passcode", "me"), ("jwt", "***")])
def test_secrets_stay_out_of_the_report(kind: str, primary: str, tmp_path: Path) -> None:
    text = f"[dimse.user_identity]\ntype = '{kind}'\nprimary = 'me'\nsecondary = 'hush'\n"
    public = read_target(write(tmp_path, GOOD + text)).public()
    assert "hush" not in str(public)
    assert public["dimse"]["user_identity"]["primary"] == primary


def test_tls_files_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "authority.pem"
    with pytest.raises(TargetError, match=r"authority\.pem"):
        tls_context(Tls(ca_file=str(path)))
    path.write_text("no certificate")
    with pytest.raises(TargetError, match=r"authority\.pem"):
        tls_context(Tls(ca_file=str(path)))


def test_the_cases_differ_from_a_good_file(tmp_path: Path) -> None:
    # Else a case might fail for another reason than its own.
    assert tomllib.loads(GOOD)
    assert all(text != GOOD for text, _ in BAD.values())


def test_options_of_de_identification_are_those_of_the_judge() -> None:
    assert tuple(Option) == DEID_OPTIONS
