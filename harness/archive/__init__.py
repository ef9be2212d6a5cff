"""The reference archive: a small PACS on pynetdicom, the peer that the harness exercises when none is named.

Imports nothing here, so that `harness.archive.launch` starts the archive without loading it into the caller.
"""
