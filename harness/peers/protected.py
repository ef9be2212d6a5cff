"""Third-party archives with the safeguards that they have, for `pacs-harness security`.

``orthanc-hardened`` is Orthanc over TLS with clients' certificates, which serves those that it knows alone.
``orthanc-anonymising`` is Orthanc that sends an anonymised copy of each study on, by a script of its own.
``dcmtk-tls`` is DCMTK's storescp with TLS: its dcmqrscp has none before 3.6.8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from harness.peers import orthanc, storescp
from harness.peers.hardened import ELSEWHERE, Certificates, make_certificates
from harness.peers.model import RunningPeer
from harness.target import Claims, Destination, Target, Tls


@contextmanager
def start_orthanc(
    folder: Path, destinations: Sequence[Destination], calling_ae_title: str
) -> Iterator[RunningPeer]:
    """Orthanc with DICOM over TLS, answering C-ECHO.  Raises PeerMissing, PeerFailed.

    It knows callers by title and address (DicomCheckModalityHost), and by their certificates' authority.
    """
    made = make_certificates(folder)
    services = ("Echo", "Store", "Find", "FindWorklist", "Get", "Move")
    settings = {
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": str(made.server[0]),
        "DicomTlsPrivateKey": str(made.server[1]),
        "DicomTlsTrustedCertificates": str(made.authority),
        "DicomTlsRemoteCertificateRequired": True,
        "DicomCheckCalledAet": True,
        "DicomCheckModalityHost": True,
        **{f"DicomAlwaysAllow{service}": False for service in services},
    }
    if not destinations:  # it serves those alone that it knows, and knows callers as it knows destinations
        settings["DicomModalities"] = {calling_ae_title: [calling_ae_title, "127.0.0.1", 104]}
    with orthanc.start(folder, destinations, calling_ae_title, settings=settings, tls=_tls(made)) as peer:
        yield _knowing(peer, made, "hardened", (), foreign_host=ELSEWHERE)


ANONYMISE = """
function OnStableStudy(study, tags, metadata, origin)
  if metadata['AnonymizedFrom'] == nil then
    local copy = ParseJson(RestApiPost('/studies/' .. study .. '/anonymize', '{}'))
    RestApiPost('/modalities/%s/store', copy['ID'])
    RestApiDelete('/studies/' .. copy['ID'])
  end
end
"""
"""Once nothing of a study has come for a second (StableAge).  What is anonymised has no options given."""
COPIED_WITHIN = 20.0
"""Seconds: of several studies it sends one after the other."""


@contextmanager
def start_anonymising(
    folder: Path, destinations: Sequence[Destination], calling_ae_title: str
) -> Iterator[RunningPeer]:
    """Orthanc whose anonymised copies come to the last destination.  Raises PeerMissing, PeerFailed."""
    script = folder / "anonymise.lua"
    title = destinations[-1].ae_title if destinations else ""
    script.write_text(ANONYMISE % title, encoding="utf-8")
    settings = {"LuaScripts": [str(script)] if destinations else []}
    with orthanc.start(folder, destinations, calling_ae_title, settings=settings) as peer:
        security = replace(peer.target.security, anonymises_to=title, anonymises_on="store")
        dimse = replace(peer.target.dimse, visible_within=COPIED_WITHIN)
        yield _formed(peer, "anonymising", replace(peer.target, dimse=dimse, security=security))


@contextmanager
def start_storescp(
    folder: Path, destinations: Sequence[Destination], calling_ae_title: str
) -> Iterator[RunningPeer]:
    """DCMTK's storescp with its own default over TLS, the Non-Downgrading BCP 195 profile (PS3.15 B.10)."""
    made = make_certificates(folder)
    options = ("+tls", str(made.server[1]), str(made.server[0]), "+cf", str(made.authority), "-rc", "+py")
    with storescp.start(folder, destinations, calling_ae_title, options=options, tls=_tls(made)) as peer:
        yield _knowing(peer, made, "TLS", ("non-downgrading-bcp-195-tls",))


def _tls(made: Certificates) -> Tls:
    return Tls(str(made.authority), str(made.client[0]), str(made.client[1]))


def _knowing(
    peer: RunningPeer,
    made: Certificates,
    form: str,
    security_profiles: tuple[str, ...],
    foreign_host: str = "",
) -> RunningPeer:
    """The peer, and what is known of its safeguards."""
    security = replace(
        peer.target.security,
        foreign_host=foreign_host,
        expired_certificate=str(made.expired_client[0]),
        expired_key=str(made.expired_client[1]),
    )
    claims = Claims(security_profiles=security_profiles)
    return _formed(peer, form, replace(peer.target, claims=claims, security=security))


def _formed(peer: RunningPeer, form: str, target: Target) -> RunningPeer:
    """The peer with what is known of it in this form, which stands behind its version."""
    version = f"{peer.version}, {form}"
    return replace(peer, version=version, target=replace(target, name=version))
