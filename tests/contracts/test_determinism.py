import json
import os
import subprocess
import sys

import pytest


def outputs(folder, seed):
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    command = [sys.executable, "-m", "blportfolio", "backtest", "industries", "--json"]
    command += ["--set", "backtest.start=2000-01-01"]  # fewer years, but every kind of file
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    run = folder / json.loads(done.stdout)["run"]
    written = json.loads((run / "manifest.json").read_text(encoding="utf-8"))["outputs"]
    # The page alone states when the run was made.
    return {name: digest for name, digest in written.items() if name != "report.html"}


@pytest.mark.slow
def test_the_same_inputs_give_the_same_bytes(tmp_path):
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    first, second = (outputs(folder, seed) for seed, folder in enumerate(folders))
    assert first == second
    assert len(first) > 50
