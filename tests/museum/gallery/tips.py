"""Bugs of the tips that should make GANs converge: DCGAN's guidelines, and the techniques of Salimans et al. 2016."""

from __future__ import annotations

from gallery.mutant import Mutant

DCGAN = "tests/papers/radford2016"
MINIBATCH = "tests/nets/test_minibatch.py"
VIRTUAL = "tests/nets/test_virtual_norm.py"

TIPS = (
    Mutant(
        "beta1 is left at Adam's usual 0.9",
        "the default of every library; DCGAN asks for 0.5",
        "games/settings.py",
        {"beta1: float = 0.5": "beta1: float = 0.9"},
        (f"{DCGAN}/test_guidelines.py::test_the_recipe_has_all_guidelines",),
    ),
    Mutant(
        "batch normalization at the discriminator's input layer",
        "many ports; section 3 of the DCGAN paper says where it must not be",
        "nets/dcgan.py",
        {"batch_norm and stage > 0": "batch_norm"},
        ("tests/nets/test_dcgan.py::test_layers_are_those_of_the_wgan_code", "tests/nets/test_dcgan.py::test_parameters_of_discriminators"),
    ),
    Mutant(
        "the classifier's strength is chosen on the test images",
        "scikit-learn examples with a grid search over the test split",
        "papers/radford2016/linear.py",
        {"model.predict(chosen_NF) != choose[1]": "model.predict(test_NF) != test[1]"},
        (f"{DCGAN}/test_features.py::test_the_strength_is_chosen_without_the_test_images",),
    ),
    Mutant(
        "features are taken in training mode",
        "a missing net.eval(): they depend on who else is in the batch",
        "papers/radford2016/features.py",
        {"        net.eval()\n": "        net.train()\n"},
        (f"{DCGAN}/test_features.py::test_features_are_taken_in_evaluation_mode",),
    ),
    Mutant(
        "a generated image is given a label that it was not made for",
        "labels drawn anew for the second pass through a conditional net",
        "papers/radford2016/nets.py",
        {"self.last(_beside(x, y_BK))), labels_B)": "self.last(_beside(x, y_BK))), labels_B.flip(0))"},
        (f"{DCGAN}/test_nearest.py::test_a_label_is_the_last_column_and_the_images_channel",),
    ),
    Mutant(
        "minibatch discrimination mixes up examples and kernels",
        "a reshape in place of a transpose, in ports of the layer",
        "nets/minibatch.py",
        {"rows_RBKC.transpose(1, 2).reshape(": "rows_RBKC.reshape("},
        (f"{MINIBATCH}::test_features_are_the_double_loop_over_the_other_examples",),
    ),
    Mutant(
        "an example counts as its own neighbour",
        "the released code takes it out by a large distance on the diagonal; ports forget it",
        "nets/minibatch.py",
        {".sum(-1) - 1\n": ".sum(-1)\n"},
        (
            f"{MINIBATCH}::test_features_are_the_double_loop_over_the_other_examples",
            f"{MINIBATCH}::test_equal_examples_are_as_near_as_can_be",
        ),
    ),
    Mutant(
        "virtual batch normalization mixes in the batch at hand",
        "statistics of x over its whole batch in place of the example's own",
        "nets/virtual_norm.py",
        {"own * self._of_each(x) + (1 - own) * mean": "own * self._of_all(x) + (1 - own) * mean"},
        (f"{VIRTUAL}::test_the_output_does_not_depend_on_the_other_examples",),
    ),
    Mutant(
        "the reference batch's statistics are held fixed",
        "a detach that the released code of virtual batch normalization does not have",
        "nets/virtual_norm.py",
        {"mean, square = self._of_all(reference), ": "mean, square = self._of_all(reference).detach(), "},
        (f"{VIRTUAL}::test_gradients_flow_through_the_statistics_of_the_reference",),
    ),
    Mutant(
        "one-sided smoothing smooths the fakes too",
        "one smoothing constant for both labels, the commonest port of the tip",
        "papers/salimans2016/techniques.py",
        {'self.beta if self.on.smoothing == "two_sided" else 0.0': "self.beta"},
        ("tests/papers/salimans2016/test_ring.py::test_smoothing_changes_the_targets_of_data_and_of_fakes",),
    ),
    Mutant(
        "historical averaging with half of its gradient",
        "lambda (theta - mean), the derivative without its factor of 2",
        "train/averages.py",
        {"gradient + 2 * self.weight": "gradient + self.weight"},
        (
            "tests/train/test_averages.py::test_historical_averaging_adds_the_gradient_of_its_cost_with_the_mean_held_fixed",
            "tests/papers/salimans2016/test_games.py::test_the_adversarial_loop_plays_the_same_game",
        ),
    ),
    Mutant(
        "a net with minibatch features is tested at another batch size",
        "the test batch of every other classifier",
        "papers/salimans2016/semi.py",
        {"filled.split(batch)": "filled.split(500)"},
        ("tests/papers/salimans2016/test_semi.py::test_test_images_come_in_batches_of_the_training_size",),
    ),
    Mutant(
        "data-dependent initialization without the spread that was asked for",
        "init_stdv of the released code's last layers, forgotten",
        "nets/weight_norm.py",
        {"self.scale.copy_(self.spread / ": "self.scale.copy_(1 / "},
        ("tests/nets/test_weight_norm.py::test_data_give_each_output_mean_0_and_the_spread",),
    ),
)
