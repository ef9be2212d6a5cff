"""The text of a commented target file: every key that there is, those that are not set as comments."""

from __future__ import annotations

import json
from collections.abc import Sequence

from harness.target import SECURITY_PROFILES, SERVICES, USER_IDENTITY_TYPES, Destination


def target_file(
    host: str, port: int, called: str, calling: str, destinations: Sequence[Destination] = ()
) -> str:
    """A target file as TOML, ready to read with `harness.target_file.read_target`."""
    services = ", ".join(_quoted(service) for service in SERVICES)
    profiles = "\n".join(f"#   {name}: {words}" for name, words in SECURITY_PROFILES.items())
    return f"""\
# What pacs-harness exercises. `pacs-harness doctor FILE` says what is still in the way of a full run.
# Lines that begin with "# key =" show a key that may be set, with its default or an example.

# The product's name, for the report.
# name = "Example PACS 4.2"

[dimse]
# How to reach the product, and as whom. AE titles have at most 16 characters.
host = {_quoted(host)}
port = {port}
called_ae_title = {_quoted(called)}
calling_ae_title = {_quoted(calling)}

# Seconds to wait for an answer. DICOM sets no response time.
# deadline = 30.0

# Seconds that may pass between the acknowledgement of an object and its being found.
# visible_within = 60.0

# Seconds for which a connection that is left alone is watched: its end is the ARTIM timer's (PS3.8 9.1.5).
# closes_within = 75.0

# TLS, where the product's port demands it.
# [dimse.tls]
# PEM file of the authorities that the product's certificate leads to (default: the system's).
# ca_file = "authority.pem"
# The harness's own certificate and key, where the product asks for one; both or neither.
# certificate = "harness.pem"
# key = "harness-key.pem"
# The name in the product's certificate (default: host).
# server_name = "pacs.example.org"
# false accepts any certificate: for a test bench only.
# verify = true

# Who the harness says it is (PS3.7 D.3.3.7), sent with every association.
# [dimse.user_identity]
# One of: {", ".join(USER_IDENTITY_TYPES)}.
# type = "username-passcode"
# primary = "harness"
# The passcode; it is left out of every report.
# secondary = "secret"

[claims]
# What the product's conformance statement promises. What is promised and missing fails; what is not
# promised and missing is reported as not supported.
# services = [{services}]
# PS3.4 B.4.1: 0 local, 1 base, 2 full; at 2 every element has to be kept.
# storage_level = 2
# PS3.8 9.1.5: the ARTIM timer in seconds, as it is configured. A connection without a request has to be
# closed then; where nothing is said here, one that is open for longer than a minute is a warning.
# artim = 30
# Seconds after which it ends an association on which nothing happens.
# idle = 600
# The security profiles of PS3.15 that the product claims: what they demand fails where it is missing, and is
# a warning otherwise. Known are
{profiles}
# security_profiles = ["bcp-195-tls"]
# What the conformance statement promises in detail, as JSON in the form of `pacs-harness statement`, which
# compares it with what the product does. Every part may be left out.
# statement = "claims.json"

{_destinations(destinations)}
# Where the product's worklist entries come from, for the requirements on Modality Worklist.
# [worklist]
# A folder that the product reads DICOM worklist files (.wl) from, as Orthanc's and DCMTK's servers do: the
# harness writes its entries there for a run, and takes them away again.
# folder = "/var/lib/worklists"
# Instead, entries = "worklist.toml" names a file of entries that you have made in the product beforehand:
# `pacs-harness worklist --output worklist.toml` writes one that says what to make there.
# What becomes of an entry when its step is reported as completed: "absent", "marked" or "unchanged".
# finished_steps = "absent"

[control]
# A command on this machine that deletes one study from the product, for clean-up; {{study_uid}} is replaced.
# delete_study = ["./delete-study", "{{study_uid}}"]
# A command that stops the product, where it still runs, and starts it again, and returns when it has. Named
# here, it is run at the end of a run: what was acknowledged before has to be there afterwards. Where the
# product dies on the way it is run as well, and the run goes on.
# restart = ["systemctl", "restart", "pacs"]
# The product's log file on this machine: its end goes into the report of `fuzz` where the product dies.
# log = "/var/log/pacs.log"

# Where the product's safeguards can be looked at (`pacs-harness security`).
# [security]
# Where [dimse] is in clear, tls_port = 2762 names the port that speaks TLS, and [security.tls] takes the keys
# of [dimse.tls]. Where [dimse] is over TLS: the port that spoke in clear, to see whether it still does.
# plain_port = 104
# A client's certificate of the right authority that has expired, with its key.
# expired_certificate = "expired.pem"
# expired_key = "expired-key.pem"
# An address of this machine that the product does not know calling_ae_title by.
# foreign_host = "192.0.2.7"
# Where the product sends its audit messages: "udp:HOST:PORT" and "tls:HOST:PORT" are listened on,
# "file:PATH" is read; audit_certificate and audit_key are the harness's for TLS.
# audit = "udp:0.0.0.0:514"
# Seconds from an event to its message.
# audit_within = 5.0
# Files and folders of this machine that the product keeps patients' data in, and those of its logs.
# data = ["/var/lib/pacs"]
# logs = ["/var/log/pacs.log"]
# The [[destination]] to which the product sends anonymised copies, one that nothing else is sent to: by
# itself after a C-STORE ("store"), or when a C-MOVE asks for it ("move").
# anonymises_to = "HARNESSDEST"
# anonymises_on = "store"
# The options of PS3.15 annex E by which it anonymises, as `pacs-harness deid --option` takes them.
# deid_options = ["retain-modified-dates"]
"""


_DESTINATION_WORDS = """\
# Where the harness receives what the product sends for C-MOVE, and reports of storage commitment.
# Register each in the product: AE title, this machine's address, port.
# host is the address to listen on here: "0.0.0.0" for all, "127.0.0.1" for products on this machine only.
"""


def _destinations(destinations: Sequence[Destination]) -> str:
    if not destinations:
        return (
            _DESTINATION_WORDS
            + '# [[destination]]\n# ae_title = "HARNESSDEST"\n# port = 11113\n# host = "0.0.0.0"\n'
        )
    tables = [
        f"[[destination]]\nae_title = {_quoted(entry.ae_title)}\nport = {entry.port}\n"
        f"host = {_quoted(entry.host)}\n"
        for entry in destinations
    ]
    return _DESTINATION_WORDS + "\n".join(tables)


def _quoted(value: str) -> str:
    """A TOML basic string.  JSON's escapes are TOML's, but for DEL, which JSON leaves as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
