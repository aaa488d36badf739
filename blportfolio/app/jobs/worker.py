"""The process that does one job: it reads what to do from stdin and tells of it on stdout."""

from __future__ import annotations

import _thread
import json
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

from blportfolio.app.jobs.work import WORK
from blportfolio.errors import BLPortfolioError

PAUSE_S = 0.1
"""Seconds between two reports of progress at least."""


def main() -> int:
    """Do the job that stdin describes; return 0 when it is done and 1 when it failed."""
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no message
    last = [0.0]

    def tell(**message: Any) -> None:  # noqa: ANN401, whatever JSON can hold
        channel.write(json.dumps(message, allow_nan=False) + "\n")
        channel.flush()

    def progress(name: str, done: int, total: int, **_: object) -> None:
        if time.monotonic() - last[0] >= PAUSE_S or done >= total:
            last[0] = time.monotonic()
            tell(progress=[name, done, total])

    order = json.loads(sys.stdin.readline())
    module, name = WORK[order["kind"]].split(":")
    threading.Thread(target=_end_with_server, daemon=True).start()
    try:
        tell(progress=["Starting", 0, 0])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            function = getattr(import_module(module), name)
            result = function(order["settings"], Path(order["folder"]), progress)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is done is not cancelled any more
        tell(result=result, warnings=sorted({str(one.message) for one in caught}))
    except KeyboardInterrupt:
        return 130
    except BLPortfolioError as error:
        tell(error=str(error))
        return 1
    except Exception as error:  # noqa: BLE001, told to the page, and in full to the log
        traceback.print_exc()
        tell(error="", bug=f"{type(error).__name__}: {error}".splitlines()[0])
        return 1
    return 0


def _end_with_server() -> None:
    """Wait until the server is gone, whose end of stdin then is, and interrupt the work."""
    while os.read(0, 1):
        pass
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGINT)
    else:
        _thread.interrupt_main()


if __name__ == "__main__":
    sys.exit(main())
