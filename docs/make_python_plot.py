"""Draws the picture of `docs/python.md` with that page's own code.

Run from the project's folder: ``python docs/make_python_plot.py``.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE / "python.md"
PICTURE = HERE / "images" / "python-beats.png"
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def code_blocks(page: Path = PAGE) -> list[str]:
    """Return the Python code of a page, block by block.

    Parameters
    ----------
    page : Path
        A page in Markdown.
    """
    return _BLOCK.findall(page.read_text("utf-8"))


def main() -> None:
    """Run the page up to its picture."""
    os.environ["MPLBACKEND"] = "agg"
    sys.path.insert(0, str(HERE.parent))
    scope: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for code in code_blocks():
            exec(compile(code, PAGE.name, "exec"), scope)  # noqa: S102 - the page is ours
            if Path("beats.png").exists():
                PICTURE.write_bytes(Path("beats.png").read_bytes())
                return


if __name__ == "__main__":
    main()
