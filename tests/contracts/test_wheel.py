import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv

import pytest
from helpers import ROOT


@pytest.fixture(scope="module")
def wheel_python(tmp_path_factory):
    """Python of an empty environment that has the wheel and may borrow its dependencies.

    Dependencies come from the environment of the tests, so that no network is needed; that all of
    them are declared is a test of its own. The package itself must come from the wheel: a path in
    a .pth file does not bring another environment's editable installs with it.
    """
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False)
    scripts = "Scripts" if os.name == "nt" else "bin"
    python = folder / "venv" / scripts / "python"
    scheme = {"base": str(folder / "venv"), "platbase": str(folder / "venv")}
    site = sysconfig.get_path("purelib", "venv", vars=scheme)
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps"]
    subprocess.run([*install, "--no-index", str(wheel)], check=True, capture_output=True)
    with open(os.path.join(site, "borrowed.pth"), "w", encoding="utf-8") as stream:
        stream.write(sysconfig.get_path("purelib") + "\n")
    return python


def run(python, arguments, cwd):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "BLPORT"))}
    return subprocess.run(
        [str(python), *arguments], cwd=cwd, capture_output=True, text=True, env=environment
    )


@pytest.mark.slow
def test_the_wheel_is_what_runs(wheel_python, tmp_path):
    done = run(wheel_python, ["-c", "import blportfolio; print(blportfolio.__file__)"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert str(wheel_python.parents[1]) in done.stdout


@pytest.mark.slow
def test_a_wheel_alone_runs_the_main_job_from_an_empty_folder(wheel_python, tmp_path):
    done = run(wheel_python, ["-m", "blportfolio", "backtest", "--json"], tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert len(report["strategies"]) == 6
    assert (tmp_path / report["run"] / "report.html").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


@pytest.mark.slow
def test_a_wheel_carries_every_packaged_file(wheel_python, tmp_path):
    code = (
        "import json, blportfolio as bl; from blportfolio.config import packaged_names as n; "
        "from blportfolio.data import list_macro as m; sets = sorted(bl.list_datasets() + m()); "
        "print(json.dumps([sets, n('strategies'), n('backtests')]))"
    )
    done = run(wheel_python, ["-c", code], tmp_path)
    in_checkout = [
        sorted(path.parent.name for path in (ROOT / "data").glob("*/dataset.toml")),
        sorted(path.stem for path in (ROOT / "strategies").glob("*.toml")),
        sorted(path.stem for path in (ROOT / "backtests").glob("*.toml")),
    ]
    assert json.loads(done.stdout) == in_checkout


@pytest.mark.slow
def test_a_wheel_carries_the_reference_run_the_theme_and_the_dashboard(wheel_python, tmp_path):
    code = (
        "import json, sys; from blportfolio.runs.stored import read_run, reference_run; "
        "import blportfolio.cli; command = sys.modules['blportfolio.cli.app']; "
        "run = read_run(reference_run()); "
        "print(json.dumps([str(run.folder), sorted(run.results['']), command.read_settings(), "
        "str(command.PACKAGE), (command.PACKAGE / 'app' / 'main.py').is_file()]))"
    )
    done = run(wheel_python, ["-c", code], tmp_path)
    assert done.returncode == 0, done.stderr
    folder, names, settings, package, has_app = json.loads(done.stdout)
    assert folder.startswith(package)
    assert {"View-free", "Equal weight", "Minimum variance"} <= set(names)
    theme = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert settings == tomllib.loads(theme)
    assert has_app
