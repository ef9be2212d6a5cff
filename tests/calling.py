"""The command line, called in the test's own process: a process of its own takes seconds to import it all.

Whatever is about signals, streams that break or the surroundings of a process has to start one.
"""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

from harness.cli import main


def call(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """``pacs-harness WORDS`` in that folder: its exit code and what it printed."""
    command = ["pacs-harness", *map(str, words)]
    output, errors = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(cwd or Path.cwd()),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
        patch.object(sys, "argv", command),
    ):
        try:
            code = main(command[1:])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
    return subprocess.CompletedProcess(command, code, output.getvalue(), errors.getvalue())


def target_file(folder: Path, port: int, **dimse: object) -> Path:
    """``FOLDER/target.toml`` for the bundled archive at this port; ``dimse`` as TOML has it."""
    path = folder / "target.toml"
    more = "".join(f"{name} = {value}\n" for name, value in dimse.items())
    path.write_text(f'[dimse]\nhost = "127.0.0.1"\nport = {port}\ncalled_ae_title = "REFERENCE"\n{more}')
    return path
