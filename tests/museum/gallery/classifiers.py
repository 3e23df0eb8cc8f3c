"""Bugs of classifiers, of batch normalization and of dropout."""

from __future__ import annotations

from gallery.mutant import Mutant

IC = "tests/papers/chen2019"

CLASSIFIERS = (
    Mutant(
        "batch statistics are re-estimated with dropout at work",
        "swa_utils.update_bn of PyTorch, which trains the whole net to do it",
        "papers/chen2019/probes.py",
        {
            "twin = _modes(copy.deepcopy(net), norm=True, dropout=False)\n    for layer": (
                "twin = _modes(copy.deepcopy(net), norm=True, dropout=True)\n    for layer"
            )
        },
        (f"{IC}/test_probes.py::test_reestimated_statistics_are_those_without_dropout",),
    ),
    Mutant(
        "tested in training mode, by the batch's statistics",
        "a missing net.eval(), the commonest of all",
        "train/supervised.py",
        {"    net.eval()\n": "    net.train()\n"},
        (
            "tests/train/test_supervised.py::test_evaluation_leaves_batch_statistics_alone",
            "tests/train/test_supervised.py::test_evaluation_does_not_depend_on_its_batches",
        ),
    ),
    Mutant(
        "dropout in evaluation",
        "torch.nn.functional.dropout, whose training is true by default",
        "papers/chen2019/nets.py",
        {'"drop": nn.Dropout}': ('"drop": type("Dropout", (nn.Dropout,), {"forward": lambda self, x: nn.functional.dropout(x, self.p)})}')},
        (f"{IC}/test_nets.py::test_in_evaluation_nothing_is_dropped",),
    ),
    Mutant(
        "dropout's rate and what it keeps are exchanged",
        "Chen et al. 2019 call p what is kept, libraries what is dropped",
        "papers/chen2019/nets.py",
        {'"drop": [rate]': '"drop": [1 - rate]'},
        (f"{IC}/test_nets.py::test_a_rate_is_the_share_of_units_set_to_zero_and_the_mean_stays",),
    ),
    Mutant(
        "the gates' rate and what they keep are exchanged",
        "the same in the theorem",
        "papers/chen2019/theorem.py",
        {"keep**2 * joint_KK": "(1 - keep) ** 2 * joint_KK", "(1 - keep) ** 2\n    return": "keep**2\n    return"},
        (f"{IC}/test_theorem.py::test_coins_by_hand",),
    ),
)
