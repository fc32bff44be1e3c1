"""The command ``completion``: the script by which a shell completes our commands and options."""

from __future__ import annotations

import sys
from typing import Literal

from ecgmon.monitor.cli.options import Flag, command
from ecgmon.monitor.core.errors import OutputError

_EXAMPLES = """\
examples:
  ecgmon completion bash --install          write it where bash finds it
  ecgmon completion zsh > ~/.zfunc/_ecgmon  print it, to put it somewhere yourself
  ecgmon completion fish | source           for this shell only
"""

app = command("completion", _EXAMPLES)


@app.default
def completion(shell: Literal["bash", "zsh", "fish"], /, *, install: Flag = False) -> int:
    """Print the completion script of a shell, or install it for this user.

    Parameters
    ----------
    shell : str
        Which shell.
    install : bool
        Write it where the shell finds it, and load it in the shell's start file.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    from ecgmon.monitor.cli.app import build_app

    whole = build_app()
    if not install:
        sys.stdout.write(whole.generate_completion(shell=shell))
        return 0
    try:
        path = whole.install_completion(shell=shell)
    except OSError as error:
        raise OutputError(
            f"{error.filename}: cannot be written ({error.strerror}).",
            f"Put the script somewhere yourself: ecgmon completion {shell} > FILE",
        ) from error
    sys.stdout.write(f"Written to {path}. It works in the next {shell} that you open.\n")
    return 0
