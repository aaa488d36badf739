"""The long-term forecasting benchmark beside what was published."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from helpers import ROOT
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters.ltsf import FILES, HORIZONS, MODELS, load_ltsf, published, run_ltsf

PUBLISHED = {(cell.data_set, cell.model, cell.horizon): cell for cell in published()}

# Closed form, look-back 336, from an independent implementation: MSE and MAE at each horizon.
MEASURED = {
    ("ETTh1", "Linear"): [(0.370, 0.392), (0.404, 0.413), (0.433, 0.434), (0.470, 0.488)],
    ("ETTh1", "Repeat"): [(1.294, 0.713), (1.325, 0.733), (1.330, 0.746), (1.335, 0.755)],
    ("ETTh2", "Linear"): [(0.301, 0.365), (0.397, 0.427), (0.485, 0.483), (0.740, 0.612)],
    ("Exchange", "Linear"): [(0.083, 0.206), (0.175, 0.308), (0.370, 0.457), (1.100, 0.787)],
    ("Exchange", "Repeat"): [(0.081, 0.196), (0.167, 0.289), (0.306, 0.398), (0.810, 0.676)],
    ("ETTh1", "NLinear"): [(0.370, 0.391), (0.403, 0.411), (0.426, 0.426), (0.433, 0.451)],
    ("ETTh2", "NLinear"): [(0.272, 0.335), (0.334, 0.376), (0.358, 0.400), (0.393, 0.434)],
    ("Exchange", "NLinear"): [(0.085, 0.201), (0.179, 0.298), (0.338, 0.420), (0.982, 0.745)],
}


@pytest.fixture(scope="module")
def folder():
    """Folder of the data sets, or skip: their licences forbid to package them."""
    path = Path(os.environ.get("BLPORTFOLIO_LTSF_DATA", ROOT.parent / "shared" / "data" / "ltsf"))
    if not all((path / names[0]).is_file() for names in FILES.values()):
        pytest.skip("LTSF data sets are not here (set BLPORTFOLIO_LTSF_DATA)")
    return path


def check_cell(cell):
    """NLinear against the published score; what was measured before, to its last digit."""
    if cell.model == "NLinear":
        room = 0.06 if (cell.data_set, cell.horizon) == ("Exchange", 720) else 0.02
        known = PUBLISHED[cell.data_set, cell.model, cell.horizon]
        assert abs(cell.mse - known.mse) <= room, cell
    measured = MEASURED.get((cell.data_set, cell.model))
    if measured:
        expected = measured[HORIZONS.index(cell.horizon)]
        np.testing.assert_allclose((cell.mse, cell.mae), expected, atol=0.003, err_msg=str(cell))


def test_fast_cells_reproduce_what_was_published(folder):
    told = []
    cells = run_ltsf(
        folder,
        data_sets=["ETTh2", "Exchange"],
        models=["NLinear", "Repeat"],
        horizons=[96],
        progress=lambda *done: told.append(done),
    )
    for cell in cells:
        check_cell(cell)
        assert abs(cell.mse - PUBLISHED[cell.data_set, cell.model, 96].mse) < 0.006
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [cell.penalty is None for cell in cells] == [False, True, False, True]
    assert all(cell.lookback == 336 and cell.seconds > 0 for cell in cells)


@pytest.mark.slow
@pytest.mark.skipif(
    "BLPORTFOLIO_FULL" not in os.environ,
    reason="takes minutes on a busy machine; set BLPORTFOLIO_FULL to run it",
)
def test_every_cell_reproduces_what_was_published(folder):
    cells = run_ltsf(folder)
    assert len(cells) == 3 * 4 * 4
    for cell in cells:
        check_cell(cell)


@pytest.mark.slow
def test_linear_residual_is_within_a_fiftieth_of_the_published_error_everywhere(folder):
    for cell in run_ltsf(folder, models=["NLinear"]):
        check_cell(cell)


def made_up(rows, channels=3, seed=0):
    rng = np.random.default_rng(seed)
    return 5 + rng.normal(size=(rows, channels)).cumsum(axis=0)


def write_exchange(folder, values, name="exchange_rate.txt"):
    lines = "\n".join(",".join(map(repr, row)) for row in values.tolist()) + "\n"
    if name.endswith(".gz"):
        (folder / name).write_bytes(gzip.compress(lines.encode()))
    elif name.endswith(".csv"):
        dated = [f"2000/1/1 0:00,{line}" for line in lines.splitlines()]
        (folder / name).write_text("\n".join(["date,0,1,OT", *dated]) + "\n")
    else:
        (folder / name).write_text(lines)


@pytest.mark.parametrize("name", FILES["Exchange"])
def test_the_exchange_rates_are_read_however_they_are_written(tmp_path, name):
    values = made_up(200)
    write_exchange(tmp_path, values, name)
    train, validation, test = load_ltsf(tmp_path, "Exchange", 12)
    scaled = StandardScaler().fit(values[:140]).transform(values)
    np.testing.assert_allclose(train, scaled[:140], atol=1e-12)
    np.testing.assert_allclose(validation, scaled[140 - 12 : 160], atol=1e-12)
    np.testing.assert_allclose(test, scaled[160 - 12 :], atol=1e-12)


def test_the_hourly_sets_have_twelve_four_and_four_months_of_thirty_days(tmp_path):
    values = made_up(14_500, 2)
    rows = [f"2016-07-01 00:00:00,{a!r},{b!r}" for a, b in values.tolist()]
    (tmp_path / "ETTh1.csv").write_text("\n".join(["date,HUFL,OT", *rows]) + "\n")
    train, validation, test = load_ltsf(tmp_path, "ETTh1", 336)
    assert [len(part) for part in (train, validation, test)] == [8_640, 3_216, 3_216]
    scaled = StandardScaler().fit(values[:8_640]).transform(values)
    np.testing.assert_allclose(test, scaled[11_520 - 336 : 14_400], atol=1e-10)


@pytest.mark.parametrize("model", ["Linear", "NLinear", "Repeat"])
def test_a_score_is_that_of_the_protocol_written_out(tmp_path, model):
    """Every test window of every channel, the penalty by the validation windows."""
    write_exchange(tmp_path, made_up(260))
    cell = run_ltsf(tmp_path, data_sets=["Exchange"], models=[model], horizons=[4], lookback=6)[0]
    parts = load_ltsf(tmp_path, "Exchange", 6)
    pairs = []
    for part in parts:
        pieces = np.lib.stride_tricks.sliding_window_view(part, 10, axis=0).reshape(-1, 10)
        level = pieces[:, 5:6] if model != "Linear" else 0
        pairs.append((pieces[:, :6] - level, pieces[:, 6:] - level))
    (x, y), judged, test = pairs

    def error(penalty, part):
        if model == "Repeat":
            return part[1]
        centred = x - x.mean(axis=0)
        columns = 5 if model == "NLinear" else 6
        alpha = penalty * (centred**2).sum() / columns
        return part[1] - Ridge(alpha, solver="svd").fit(x, y).predict(part[0])

    if model != "Repeat":
        errors = {size: (error(size, judged) ** 2).mean() for size in MODELS[model].penalties}
        assert cell.penalty == min(errors, key=errors.get)
    assert cell.mse == pytest.approx((error(cell.penalty, test) ** 2).mean(), rel=1e-6)
    assert cell.mae == pytest.approx(np.abs(error(cell.penalty, test)).mean(), rel=1e-6)


def test_published_scores_say_whose_they_are_and_what_they_looked_at():
    assert len(PUBLISHED) == len(published()) == 4 * (8 + 8 + 6)
    assert PUBLISHED["ETTh1", "NLinear", 720].mse == 0.440
    assert PUBLISHED["Exchange", "DLinear", 336].mae == 0.414
    assert PUBLISHED["ETTh2", "PatchTST/64", 96].lookback == 512
    assert PUBLISHED["ETTh2", "iTransformer", 96].lookback == 96
    assert all(cell.source for cell in published())
    assert {cell.model for cell in published() if cell.note} == {"iTransformer"}


def test_a_folder_without_the_files_says_what_is_missing(tmp_path):
    with pytest.raises(DataError, match=r"holds no ETTh1\.csv; ETTh1 is not packaged"):
        run_ltsf(tmp_path, data_sets=["ETTh1"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2\n3,x\n", "is no table of numbers"),
        ("1,2\n3\n", "is no table of numbers"),
        ("1,2\nnan,4\n", "must hold finite numbers only; look at data row 2"),
        ("1,2\n3,4\n", "holds 2 rows of Exchange; its splits need"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, text, message):
    (tmp_path / "exchange_rate.txt").write_text(text)
    with pytest.raises(DataError, match=message):
        run_ltsf(tmp_path, data_sets=["Exchange"])


def test_a_part_too_short_for_its_windows_is_refused(tmp_path):
    write_exchange(tmp_path, made_up(100))
    with pytest.raises(DataError, match="horizon of 50 need"):
        run_ltsf(tmp_path, data_sets=["Exchange"], models=["Repeat"], horizons=[50], lookback=5)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"data_sets": ["ETTh3"]}, "ETTh"), ({"models": ["Nlinear"]}, "Did you mean 'NLinear'")],
)
def test_an_unknown_name_is_refused(tmp_path, options, message):
    with pytest.raises(ConfigError, match=message):
        run_ltsf(tmp_path, **options)
