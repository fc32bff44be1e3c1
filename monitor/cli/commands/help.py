"""The command ``help``: the help of a command, for those who write ``ecgmon help replay``."""

from __future__ import annotations

from ecgmon.monitor.cli.options import Words, command

app = command("help")
app.help_flags = []


@app.default
def help_of(*words: Words) -> int:
    """Show the help of a command.

    Parameters
    ----------
    words : str
        The command; all of them are listed if it is left out.
    """
    from ecgmon.monitor.cli.entry import main

    return main([*words, "--help"])
