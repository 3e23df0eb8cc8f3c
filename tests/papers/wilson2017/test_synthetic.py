"""The synthetic problem against its own definition: the full matrix, numpy's solvers, and a table computed with neither."""

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from secondlook.errors import UserError
from secondlook.papers.wilson2017 import synthetic
from secondlook.papers.wilson2017.synthetic import ADAPTIVE, BLOCK, RULES, Problem, Settings
from secondlook.runner.job import Job

STEP_SIZES = {"gd": "1/L", "heavy_ball": "0.1/L", "adagrad": 0.1, "rmsprop": 0.001, "adam": 0.001}
MINI_BATCH_STEP_SIZES = {"gd": 0.02, "adagrad": 0.05, "rmsprop": 5e-4, "adam": 5e-4}

# n, p, seed: positives, share of -1 in the test set, (w1, w2) of gd and heavy ball, AdaGrad, RMSProp, Adam after 20,000 full-batch steps;
# computed once with the full matrix, apart from this code.
TABLE = {
    (100, 0.60, 0): (51, 0.387, (0.9707, 0.0099), (0.2492, 0.2516), (0.2505, 0.2495), (0.25, 0.25)),
    (100, 0.60, 1): (57, 0.3925, (0.9679, 0.0117), (0.25, 0.25), (0.25, 0.25), (0.25, 0.25)),
    (100, 0.60, 2): (62, 0.408, (0.9648, 0.0137), (0.25, 0.25), (0.25, 0.25), (0.25, 0.25)),
    (200, 0.55, 0): (97, 0.4445, (0.9855, 0.0047), (0.2954, 0.1824), (0.2503, 0.2489), (0.2510, 0.2482)),
    (200, 0.55, 1): (114, 0.4445, (0.9836, 0.0060), (0.25, 0.25), (0.25, 0.25), (0.25, 0.25)),
    (200, 0.55, 2): (106, 0.4465, (0.9846, 0.0053), (0.25, 0.25), (0.2506, 0.2493), (0.25, 0.25)),
    (400, 0.51, 0): (185, 0.4725, (0.9929, 0.0022), (0.2948, 0.1809), (0.2522, 0.2454), (0.2539, 0.2427)),
    (400, 0.51, 1): (214, 0.487, (0.9922, 0.0027), (0.25, 0.25), (0.2495, 0.2505), (0.25, 0.25)),
    (400, 0.51, 2): (209, 0.495, (0.9923, 0.0026), (0.2502, 0.2496), (0.2505, 0.2495), (0.25, 0.25)),
}
COLUMN = {"gd": 2, "heavy_ball": 2, "adagrad": 3, "rmsprop": 4, "adam": 5}


def design(y):
    """The full matrix (n, 3 + 5n)."""
    X = np.zeros((len(y), 3 + 5 * len(y)))
    X[:, 0], X[:, 1:3] = y, 1
    for i, label in enumerate(y):
        X[i, 3 + 5 * i : 3 + 5 * i + (1 if label == 1 else 5)] = 1
    return X


def full_matrix(y, optimizer, lr, steps, batches=None, loss="squared", eps=1e-8):
    """Yield the weights (3 + 5n,) after each step, from the matrix and the textbook rules, sharing nothing with the package."""
    X = design(y)
    w, m, v = np.zeros((3, X.shape[1]))
    for t in range(1, steps + 1):
        rows = slice(None) if batches is None else np.flatnonzero(batches[t - 1])
        A, target = X[rows], y[rows]
        residual = A @ w - target if loss == "squared" else -target / (1 + np.exp(target * (A @ w)))
        g = A.T @ residual / len(target)
        if optimizer == "gd":
            w = w - lr * g
        elif optimizer == "heavy_ball":
            m = 0.9 * m + g
            w = w - lr * m
        elif optimizer == "adagrad":
            v = v + g**2
            w = w - lr * g / (np.sqrt(v) + eps)
        elif optimizer == "rmsprop":
            v = 0.99 * v + 0.01 * g**2
            w = w - lr * g / (np.sqrt(v) + eps)
        elif optimizer == "adam":
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            w = w - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + eps)
        yield w


def unfold(y, weights, groups):
    """Write the reduced weights (2 + k,) as the full ones (3 + 5n,); ``groups`` (n,) names each sample's group."""
    private = np.where(design(y)[:, 3:].reshape(len(y), len(y), 5).sum(axis=1) > 0, weights[2:][groups][:, None], 0)
    return np.concatenate([weights[[0, 1, 1]], private.ravel()])


def labels(seed, n, p):
    return synthetic.draw_labels(np.random.default_rng(seed), n, p, 2000)


def trained(settings, seeds):
    """Train on the table's draws; return the metrics of the end, each (R,)."""
    y, test = map(np.stack, zip(*(labels(seed, settings.n, settings.p) for seed in seeds), strict=True))
    problem, batches = Problem.by_label(y), None
    if settings.batch != "full":
        problem = Problem.by_sample(y)

        def batches(block):
            return np.stack([synthetic.draw_batches(seed, block, settings.n, settings.batch) for seed in seeds], axis=1)

    *_, (_, weights) = synthetic.descend(problem, settings, batches)
    return synthetic.measure(problem, settings, weights, test)


def job(seeds=(0, 1, 2), **values):
    values = {"n": 40, "p": 0.6, "optimizer": "adam", "steps": 300, "lr": STEP_SIZES, "test_points": 200} | values
    nowhere = Path("unused")
    return Job("wilson2017", "synthetic", values, tuple(seeds), {}, {}, "cpu", 1, nowhere, "test")


@pytest.mark.parametrize(("n", "p", "seed"), [(8, 0.7, 0), (60, 0.6, 1), (60, 0.6, 2), (100, 0.51, 3)])
def test_closed_forms_agree_with_numpy_on_the_full_matrix(n, p, seed):
    y, _ = labels(seed, n, p)
    X, positives, negatives = design(y), (y == 1).sum(), (y == -1).sum()
    groups = np.where(y == 1, 0, 1)
    minimum_norm = unfold(y, synthetic.minimum_norm_limit(positives, negatives), groups)
    np.testing.assert_allclose(minimum_norm, np.linalg.lstsq(X, y, rcond=None)[0], atol=1e-12)
    np.testing.assert_allclose(minimum_norm, np.linalg.pinv(X) @ y, atol=1e-12)
    np.testing.assert_array_equal(unfold(y, synthetic.adaptive_limit(positives, negatives), groups), np.sign(X.T @ y) / 4)
    np.testing.assert_allclose(synthetic.curvature(positives, negatives), np.linalg.eigvalsh(X @ X.T / n)[-1], rtol=1e-12)


@pytest.mark.parametrize("positives", [9, 10, 11])
def test_lemma_holds_where_the_majority_is_positive(positives):
    y = np.where(np.arange(20) < positives, 1, -1)
    X = design(y)
    u = X.T @ y
    used = X.any(axis=0)
    holds = np.allclose(X @ np.sign(u), 4 * y) and bool((u[used] != 0).all())
    settings = Settings(n=20, p=0.6, optimizer="adam", steps=1, lr=0.1)
    measured = synthetic.measure(Problem.by_label(y[None]), settings, np.zeros((1, 4)), y[None])
    assert bool(measured["lemma_holds"][0]) == holds == (positives > 10)
    assert measured["train_error"] == measured["test_error"] == 1  # <w, x> = 0 has nobody's sign


@pytest.mark.parametrize("y", [[1, 1, -1, 1, -1], [1, 1, 1], [-1, -1, -1]])
def test_measures_agree_with_the_full_matrix_at_any_weights(y):
    y, test, weights = np.array(y), np.array([1, 1, 1, -1]), np.array([0.3, -0.1, 0.2, -0.4])
    X, full = design(y), unfold(y, weights, np.where(y == 1, 0, 1))
    limits = {"gd": np.linalg.pinv(X) @ y, "adam": np.sign(X.T @ y) / 4}
    losses = {"squared": (X @ full - y) ** 2 / 2, "logistic": np.log(1 + np.exp(-y * (X @ full)))}
    for (optimizer, limit), (loss, values) in itertools.product(limits.items(), losses.items()):
        settings = Settings(n=len(y), p=0.6, optimizer=optimizer, steps=1, lr=0.1, loss=loss)
        measured = synthetic.measure(Problem.by_label(y[None]), settings, weights[None], test[None])
        np.testing.assert_allclose(measured["train_loss"], values.mean())
        np.testing.assert_allclose(measured["train_error"], (y * (X @ full) <= 0).mean())
        assert measured["test_error"] == 0  # 0.3 - 0.2 > 0 for +1 and -0.3 - 0.2 < 0 for -1
        assert measured["expected_test_error"] == (0.25 if optimizer == "adam" else 0)
        if loss == "squared":
            np.testing.assert_allclose(measured["distance_to_limit"], np.abs(full - limit).max())


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("optimizer", RULES)
def test_four_numbers_follow_the_full_matrix_step_by_step(optimizer, loss):
    draws = np.stack([labels(seed, 30, 0.6)[0] for seed in (1, 5)])
    settings = Settings(n=30, p=0.6, optimizer=optimizer, steps=300, lr=STEP_SIZES, loss=loss)
    oracles = []
    for y in draws:
        largest = np.linalg.eigvalsh(design(y) @ design(y).T / 30)[-1]
        lr = {"gd": 1 / largest, "heavy_ball": 0.1 / largest}.get(optimizer, STEP_SIZES[optimizer])
        oracles.append(full_matrix(y, optimizer, lr, 300, loss=loss))
    for (step, weights), *full in zip(synthetic.descend(Problem.by_label(draws), settings), *oracles, strict=True):
        for y, reduced, expected in zip(draws, weights, full, strict=True):
            np.testing.assert_allclose(unfold(y, reduced, np.where(y == 1, 0, 1)), expected, atol=1e-10, rtol=0, err_msg=f"step {step}")


@pytest.mark.parametrize("optimizer", RULES)
def test_one_number_a_sample_follows_the_full_matrix_with_mini_batches(optimizer):
    n, batch, steps = 20, 6, BLOCK + 100  # across the border of two blocks
    # Steps small enough not to arrive: near the end the adaptive rules divide by a vanishing root and blow up rounding errors.
    lr = 2e-4 if optimizer in ADAPTIVE else 0.01
    y, _ = labels(4, n, 0.6)
    masks = np.concatenate([synthetic.draw_batches(9, block, n, batch) for block in (0, 1)])
    settings = Settings(n=n, p=0.6, optimizer=optimizer, steps=steps, lr=lr, batch=batch)
    reduced = synthetic.descend(Problem.by_sample(y[None]), settings, lambda block: masks[block * BLOCK : (block + 1) * BLOCK, None])
    for (step, weights), expected in zip(reduced, full_matrix(y, optimizer, lr, steps, masks), strict=True):
        np.testing.assert_allclose(unfold(y, weights[0], np.arange(n)), expected, atol=1e-10, rtol=0, err_msg=f"step {step}")


def test_first_steps_show_sign_momentum_and_bias_correction():
    # u = X^T y = (4, 2, 2, 1 for each +1, -1 for each -1) and g = -u / n at w = 0.
    problem, u = Problem.by_label(np.array([[1, 1, 1, -1]])), np.array([[4.0, 2.0, 1.0, -1.0]])
    first, second = {}, {}
    for optimizer in RULES:
        settings = Settings(n=4, p=0.6, optimizer=optimizer, steps=2, lr=0.01)
        first[optimizer], second[optimizer] = (weights.copy() for _, weights in synthetic.descend(problem, settings))
    np.testing.assert_allclose(first["gd"], 0.01 * u / 4)
    np.testing.assert_array_equal(first["heavy_ball"], first["gd"])
    np.testing.assert_allclose(second["heavy_ball"] - second["gd"], 0.9 * first["gd"])  # no dampening
    np.testing.assert_allclose(first["adagrad"], 0.01 * np.sign(u), rtol=1e-6)
    np.testing.assert_allclose(first["rmsprop"], 0.1 * np.sign(u), rtol=1e-6)  # v1 = g^2 / 100, not corrected
    np.testing.assert_allclose(first["adam"], 0.01 * np.sign(u), rtol=1e-6)  # corrected


@pytest.mark.parametrize(("n", "p"), [(100, 0.60), (200, 0.55), (400, 0.51)])
@pytest.mark.parametrize("optimizer", RULES)
def test_full_batch_table(optimizer, n, p):
    measured = trained(Settings(n=n, p=p, optimizer=optimizer, steps=20_000, lr=STEP_SIZES), (0, 1, 2))
    for seed in (0, 1, 2):
        row = TABLE[n, p, seed]
        end = {name: values[seed] for name, values in measured.items()}
        assert end["positives"] == row[0]
        assert end["train_error"] == 0
        assert end["test_error"] == end["expected_test_error"] == (row[1] if optimizer in ADAPTIVE else 0)
        assert end["lemma_holds"] == (row[0] > n / 2)
        # With a constant step RMSProp ends in a cycle of that size; rounding decides in which of its phases a step finds it.
        tolerance = 1.5e-3 if optimizer == "rmsprop" else 5.01e-5
        np.testing.assert_allclose((end["w1"], end["w2"]), row[COLUMN[optimizer]], atol=tolerance, rtol=0)
        if optimizer not in ADAPTIVE:
            assert end["distance_to_limit"] < 1e-12
        elif end["lemma_holds"]:
            assert end["distance_to_limit"] < 3e-3


# (w1, w2) of data seeds 1 and 2 after 30,000 steps; the batches were drawn otherwise there.
BATCH_TABLE = {
    (10, "adagrad"): ((0.561, 0.140), (0.564, 0.139)),
    (10, "rmsprop"): ((0.525, 0.159), (0.524, 0.161)),
    (10, "adam"): ((0.513, 0.164), (0.505, 0.173)),
    (10, "gd"): ((0.968, 0.012), (0.965, 0.014)),
    (50, "adagrad"): ((0.337, 0.217), (0.331, 0.226)),
    (50, "rmsprop"): ((0.321, 0.228), (0.319, 0.232)),
    (50, "adam"): ((0.319, 0.229), (0.314, 0.235)),
    (50, "gd"): ((0.968, 0.012), (0.965, 0.014)),
}


@pytest.mark.parametrize(("batch", "optimizer"), BATCH_TABLE)
def test_small_batches_undo_the_failure(batch, optimizer):
    settings = Settings(n=100, p=0.6, optimizer=optimizer, steps=30_000, lr=MINI_BATCH_STEP_SIZES, batch=batch)
    end = trained(settings, (1, 2))
    fails = batch == 50 and optimizer in ADAPTIVE
    np.testing.assert_array_equal(end["test_error"], [0.3925, 0.408] if fails else [0, 0])
    np.testing.assert_array_equal(end["train_error"], 0)
    np.testing.assert_allclose(np.stack([end["w1"], end["w2"]], axis=1), BATCH_TABLE[batch, optimizer], atol=0.012, rtol=0)


@pytest.mark.parametrize(
    ("eps", "lr", "fails", "w1", "w2"),
    [
        (1e-8, 0.001, True, (0.250, 0.250), (0.250, 0.250)),
        (1e-4, 0.001, True, (0.252, 0.252), (0.250, 0.250)),
        (1e-2, 0.001, False, (0.436, 0.427), (0.198, 0.207)),
        (0.1, 0.01, False, (0.799, 0.789), (0.073, 0.080)),
        (1, 0.01, False, (0.947, 0.942), (0.019, 0.022)),
        (10, 0.1, False, (0.966, 0.962), (0.013, 0.015)),
    ],
)
def test_eps_turns_adam_into_gradient_descent(eps, lr, fails, w1, w2):
    end = trained(Settings(n=100, p=0.6, optimizer="adam", steps=40_000, lr=lr, eps=eps), (1, 2))
    np.testing.assert_array_equal(end["test_error"], [0.3925, 0.408] if fails else [0, 0])
    np.testing.assert_allclose((end["w1"], end["w2"]), (w1, w2), atol=5.01e-4, rtol=0)


@pytest.mark.parametrize(
    ("optimizer", "lr", "fails"), [("gd", 0.3, False), ("adagrad", 0.1, True), ("rmsprop", 0.001, False), ("adam", 0.001, True)]
)
def test_logistic_loss_spares_rmsprop(optimizer, lr, fails):
    end = trained(Settings(n=100, p=0.6, optimizer=optimizer, steps=20_000, lr=lr, loss="logistic"), (1, 2))
    np.testing.assert_array_equal(end["test_error"], [0.3925, 0.408] if fails else [0, 0])
    assert set(end) == Settings(n=100, p=0.6, optimizer=optimizer, steps=1, lr=lr, loss="logistic").metrics()
    if optimizer == "rmsprop":
        np.testing.assert_allclose((end["w1"][0], end["w2"][0]), (8.94, 4.02), atol=0.005)


@pytest.mark.parametrize("batch", [1, 7, 39, 40])
def test_batches_are_drawn_without_replacement_and_evenly(batch):
    masks = synthetic.draw_batches(3, 0, 40, batch)
    assert masks.shape == (BLOCK, 40)
    assert (masks.sum(axis=1) == batch).all()
    expected, spread = BLOCK * batch / 40, np.sqrt(BLOCK * batch / 40 * (1 - batch / 40))
    assert (np.abs(masks.sum(axis=0) - expected) <= 5 * spread).all()
    if batch < 40:
        for other in (synthetic.draw_batches(3, 1, 40, batch), synthetic.draw_batches(4, 0, 40, batch)):
            assert (other != masks).any(axis=1).mean() > 0.5


@pytest.mark.parametrize("batch", ["full", 1, 11])
@pytest.mark.parametrize("optimizer", RULES)
def test_a_replica_has_the_same_bits_alone_twice_and_among_others(optimizer, batch):
    settings = {"optimizer": optimizer, "batch": batch, "steps": BLOCK + 50, "lr": {**STEP_SIZES, "gd": "0.05/L", "heavy_ball": "0.005/L"}}
    together = synthetic.run(job(seeds=range(7), **settings)).history.rows
    for seed in (0, 3, 6):
        rows = [row for row in together if row[0] == seed]
        assert rows == synthetic.run(job(seeds=[seed], **settings)).history.rows
        assert rows == [row for row in synthetic.run(job(seeds=[seed, 99], **settings)).history.rows if row[0] == seed]
    assert together == synthetic.run(job(seeds=range(7), **settings)).history.rows


def test_run_records_every_metric_of_every_replica():
    result = synthetic.run(job(steps=5000))
    steps = sorted({step for _, step, _, _ in result.history.rows})
    assert steps[:3] == [1, 2, 3]
    assert steps[-1] == 5000
    assert 45 <= len(steps) <= 60
    metrics = Settings(n=40, p=0.6, optimizer="adam", steps=1, lr=1).metrics()
    assert len(metrics) == 9
    assert {row[:3] for row in result.history.rows} == {(seed, step, name) for seed in (0, 1, 2) for step in steps for name in metrics}
    assert len(result.history.rows) == 3 * len(steps) * len(metrics)
    assert result.status == {0: "completed", 1: "completed", 2: "completed"}
    assert result.determinism == "bitwise"
    assert not result.arrays


def test_a_batch_of_all_samples_is_the_full_batch():
    assert synthetic.run(job(batch=40)).history.rows == synthetic.run(job(batch="full")).history.rows


def test_data_depend_on_the_seed_alone():
    def drawn(**values):
        rows = synthetic.run(job(**values)).history.rows
        return {(replica, name): value for replica, _, name, value in rows if name == "positives"}

    assert drawn() == drawn(optimizer="gd", batch=5, loss="logistic", steps=10)
    assert len(set(drawn().values())) > 1


@pytest.mark.filterwarnings("ignore:.*encountered in.*:RuntimeWarning")
def test_divergence_is_a_result():
    result = synthetic.run(job(optimizer="gd", lr="4/L", steps=2000))
    assert set(result.status.values()) == {"diverged"}
    assert [row for row in result.history.rows if row[2] == "diverged"] == [(seed, 2000, "diverged", 1.0) for seed in result.status]


@pytest.mark.parametrize(
    ("lr", "expected"), [(0.3, 0.3), (1, 1.0), ("0.5/L", 0.25), ("1/L", 0.5), ({"gd": 0.02}, 0.02), ({"gd": "0.1/L", "adam": 1}, 0.05)]
)
def test_step_size_is_absolute_or_in_units_of_the_inverse_curvature(lr, expected):
    assert Settings(n=10, p=0.6, optimizer="gd", steps=1, lr=lr).step_size(2.0) == expected


@pytest.mark.parametrize(
    ("factor", "value", "expected"), [("eps", 1e-8, 0.001), ("eps", 1.0, 0.01), ("batch", "full", 0.05), ("batch", 5, 0.5)]
)
def test_step_size_is_looked_up_by_a_setting_also_after_json(factor, value, expected):
    table = {"eps": {1.0e-8: 0.001, 1.0: 0.01}, "batch": {"full": 0.05, 5: 0.5}}[factor]
    values = {"n": 10, "p": 0.6, "optimizer": "adam", "steps": 1, factor: value, "lr_by": factor, "lr": table}
    for given in (values, json.loads(json.dumps(values))):
        assert Settings(**given).step_size(2.0) == expected


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"optimizer": "adma"}, "Did you mean 'adam'"),
        ({"loss": "hinge"}, "Known: logistic, squared"),
        ({"lr_by": "n"}, "lr_by"),
        ({"n": 1}, "'n' must be at least 2, got 1"),
        ({"p": 1.0}, "'p' must be at least 0 and below 1, got 1.0"),
        ({"p": 0.0}, "'p' must be above 0, got 0.0"),
        ({"eps": "1e-8"}, "write 1.0e-8"),
        ({"eps": 0}, "'eps' must be above 0, got 0"),
        ({"batch": 41}, "'batch' must be from 1 to 40, got 41"),
        ({"batch": "half"}, "'full'"),
        ({"lr": {"gd": 0.1}}, "optimizer adam is 'None'"),
        ({"lr": -1}, "positive number"),
        ({"lr": "inf"}, "positive number"),
        ({"lr": "L/2"}, "'0.1/L'"),
    ],
)
def test_wrong_settings_are_refused_with_a_word_on_what_to_do(wrong, words):
    with pytest.raises(UserError) as raised:
        synthetic.run(job(**wrong))
    assert words in str(raised.value)


def test_settings_cannot_change():
    settings = Settings(n=10, p=0.6, optimizer="gd", steps=1, lr="1/L")
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.n = 11
