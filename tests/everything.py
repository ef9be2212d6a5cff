"""Whether everything is tested, or what CI's twenty minutes have room for."""

from __future__ import annotations

import os

EVERYTHING = os.environ.get("PACS_HARNESS_EVERYTHING") == "1"
