"""What to write into a PACS so that it knows the harness: the exact lines for four common products."""

from __future__ import annotations

import json
import re
import socket

from harness.target import EVERY_ADDRESS, Destination, Target


def own_address(target: Target) -> str:
    """This machine's address as the product sees it.  Nothing is sent to find out."""
    try:
        found = socket.getaddrinfo(target.dimse.host, target.dimse.port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as sock:
            sock.connect(address)  # UDP: chooses a route and stays silent
            return str(sock.getsockname()[0])
    except OSError:
        return socket.gethostname()


def address_of(destination: Destination, target: Target) -> str:
    """Where the product has to send to, to reach a move destination of the harness."""
    return own_address(target) if destination.host in EVERY_ADDRESS else destination.host


def modality_entry(ae_title: str, host: str, port: int) -> str:
    """A line of Orthanc's "DicomModalities"."""
    return f"{json.dumps(symbol(ae_title))}: {json.dumps([ae_title, host, port])}"


def symbol(ae_title: str) -> str:
    """A symbolic name for an AE title, in the characters that every product takes."""
    return re.sub(r"[^a-z0-9]+", "_", ae_title.lower()).strip("_") or "harness"


def destination_lines(ae_title: str, host: str, port: int) -> str:
    """How to register a move destination in Orthanc, dcm4chee-arc, DCMTK's dcmqrscp and Conquest."""
    return "\n".join(
        (
            'Orthanc, orthanc.json, in "DicomModalities":',
            f"    {modality_entry(ae_title, host, port)}",
            "dcm4chee-arc, Configuration > AE list > New AET:",
            f"    AE title {ae_title}, host {host}, port {port}",
            "    and, where the archive's AE restricts move destinations (LDAP, on that AE):",
            f"    dcmAcceptedMoveDestination: {ae_title}",
            "DCMTK, dcmqrscp.cfg, between HostTable BEGIN and HostTable END:",
            f"    {symbol(ae_title)} = ({ae_title}, {host}, {port})",
            "Conquest, acrnema.map:",
            f"    {ae_title}  {host}  {port}  un",
        )
    )


def client_lines(target: Target) -> str:
    """How to make the harness's calling AE title known to Orthanc, dcm4chee-arc, dcmqrscp and Conquest."""
    calling, called = target.dimse.calling_ae_title, target.dimse.called_ae_title
    host = own_address(target)
    port = target.destinations[0].port if target.destinations else 11112
    name = symbol(calling)
    return "\n".join(
        (
            'Orthanc, orthanc.json, in "DicomModalities":',
            f"    {modality_entry(calling, host, port)}",
            f"dcm4chee-arc, Configuration > Devices > dcm4chee-arc > Network AE {called}: add it to"
            ' "Accepted Calling AE Title" (LDAP, on that AE):',
            f"    dcmAcceptedCallingAETitle: {calling}",
            "DCMTK, dcmqrscp.cfg, between HostTable BEGIN and HostTable END (the host as this machine's name"
            " in DNS, not as an address):",
            f"    {name} = ({calling}, {_name_of(host)}, {port})",
            f"    and {name}, or ANY, as the peers of {called} in the AETable",
            "Conquest, acrnema.map:",
            f"    {calling}  {host}  {port}  un",
        )
    )


def _name_of(address: str) -> str:
    return "localhost" if address in ("127.0.0.1", "::1") else socket.gethostname()
