"""Makes a folder of results whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blportfolio.errors import OutputError


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Give a `.part` folder beside `target` to write to; rename it when all went well.

    When something goes wrong, neither it nor the parents made for it are left behind.

    Raises:
        OutputError: If `target` exists and is not an empty folder, or cannot be written to.
    """
    # Unlike those of Path, the tests of os.path never raise; mkdir then says what is wrong.
    if os.path.exists(target) and not (os.path.isdir(target) and not os.listdir(target)):
        raise OutputError(
            f"{str(target)!r} exists already and is no empty folder; choose another name."
        )
    part = target.with_name(target.name + ".part")
    made = [folder for folder in target.parents if not os.path.exists(folder)]
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        yield part
        if target.exists():
            target.rmdir()
        part.rename(target)
    except BaseException as error:
        shutil.rmtree(part, ignore_errors=True)
        for folder in made:
            try:
                folder.rmdir()
            except OSError:
                break
        if isinstance(error, OSError):
            raise OutputError(
                f"The folder {str(target)!r} cannot be written to: {error.strerror or error}. "
                "Choose another place (for a command, with --out)."
            ) from error
        raise
