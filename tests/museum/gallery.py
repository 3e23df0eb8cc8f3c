"""Bugs that public GAN code really had, as edits of ours, and the tests that must notice each."""

from __future__ import annotations

from dataclasses import dataclass

LOSSES, UPDATES, DUEL = "tests/train/test_losses.py", "tests/train/test_updates.py", "tests/train/test_duel.py"
IC = "tests/papers/chen2019"
AAE, VARIATIONAL = "tests/papers/makhzani2015", "tests/train/test_variational.py"
DEEP, VAE = "tests/papers/hinton2006", "tests/papers/kingma2013"
TIPS = "tests/papers/radford2016"
MINIBATCH = "tests/nets/test_minibatch.py"
VIRTUAL = "tests/nets/test_virtual_norm.py"
LOOP, GAMES, QUALITY = "tests/train/test_adversarial.py", "tests/games/test_image_game.py", "tests/metrics/test_image_quality.py"

USUAL = f"{DUEL}::test_a_game_is_what_the_usual_loop_plays"


@dataclass(frozen=True)
class Mutant:
    """One bug."""

    name: str
    #: where it was reported, or where it would come from
    reported: str
    #: inside the package
    file: str
    #: old text, which must occur exactly once -> new text
    edits: dict[str, str]
    #: each must fail, of a parametrized one at least one case
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "batch normalization's eps is 0.8",
        "eriklindernoren/PyTorch-GAN #116",
        "nets/dcgan.py",
        {"nn.BatchNorm2d(planes)": "nn.BatchNorm2d(planes, 0.8)"},
        ("tests/nets/test_dcgan.py::test_batch_normalization_has_eps_1e_5_and_momentum_0_1",),
    ),
    Mutant(
        "least squares: labels of real and fake swapped",
        "POSTECH-CVLab/PyTorch-StudioGAN PR #173",
        "train/losses.py",
        {"least_squares(a=0.0, b=1.0, c=1.0)": "least_squares(a=1.0, b=0.0, c=1.0)"},
        (f"{LOSSES}::test_losses_are_the_papers_equations", f"{LOSSES}::test_the_generator_moves_towards_the_data"),
    ),
    Mutant(
        "least squares: the generator's target is the fakes' label",
        "POSTECH-CVLab/PyTorch-StudioGAN PR #173",
        "train/losses.py",
        {"least_squares(a=0.0, b=1.0, c=1.0)": "least_squares(a=0.0, b=1.0, c=0.0)"},
        (f"{LOSSES}::test_losses_are_the_papers_equations", f"{LOSSES}::test_the_generator_moves_towards_the_data"),
    ),
    Mutant(
        "least squares: the square of the mean",
        "akanimax/pro_gan_pytorch #13",
        "train/losses.py",
        {
            "(real - b).square().mean(-1)": "(real - b).mean(-1).square()",
            "(fake - a).square().mean(-1)": "(fake - a).mean(-1).square()",
        },
        (f"{LOSSES}::test_losses_are_the_papers_equations", f"{LOSSES}::test_slopes_are_the_derivatives"),
    ),
    Mutant(
        "the generator steps uphill",
        "Zeleni9/pytorch-wgan #47, PR #53",
        "train/duel.py",
        {"self.g_updater.step(gradients)": "self.g_updater.step([-gradient for gradient in gradients])"},
        (f"{USUAL}[non-saturating-adam-plain]", f"{LOOP}::test_it_learns"),
    ),
    Mutant(
        "the generator's loss has the wrong sign",
        "Zeleni9/pytorch-wgan #47, PR #53",
        "train/losses.py",
        {"return -fake.mean(-1)": "return fake.mean(-1)"},
        (f"{LOSSES}::test_the_generator_moves_towards_the_data", f"{LOSSES}::test_losses_are_the_papers_equations"),
    ),
    Mutant(
        "the critic's loss has the wrong sign",
        "eriklindernoren/PyTorch-GAN #21, #151, #17",
        "train/losses.py",
        {"return fake.mean(-1) - real.mean(-1)": "return real.mean(-1) - fake.mean(-1)"},
        (f"{LOSSES}::test_the_generator_moves_towards_the_data", f"{LOSSES}::test_losses_are_the_papers_equations"),
    ),
    Mutant(
        "no detach: the discriminator's step reaches the generator",
        "eriklindernoren/PyTorch-GAN #136",
        "train/duel.py",
        {
            "with torch.set_grad_enabled(game.shared_noise):": "with torch.enable_grad():",
            "discriminate(self.discriminator, real, fake.detach(), game.loss)": "discriminate(self.discriminator, real, fake, game.loss)",
            "_trained(self.discriminator)\n": "_trained(self.discriminator) + _trained(self.generator)\n",
        },
        (f"{DUEL}::test_a_step_of_one_player_leaves_the_other_alone", f"{DUEL}::test_updaters_cover_their_own_net_and_no_more"),
    ),
    Mutant(
        "precision and recall swapped",
        "toshas/torch-fidelity #58, PR #66",
        "metrics/neighbours.py",
        {
            "return float(torch.cat(inside).double().mean()), float(covered.double().mean())": (
                "return float(covered.double().mean()), float(torch.cat(inside).double().mean())"
            )
        },
        ("tests/metrics/test_neighbours.py::test_a_collapsed_set_is_precise_and_a_too_wide_one_recalls",),
    ),
    Mutant(
        "pixels rescaled by the batch's own range",
        "kwotsin/mimicry metrics/compute_fid.py",
        "games/images.py",
        {"((images - low) * (255 / (high - low)))": "((images - images.min()) * (255 / (images.max() - images.min())))"},
        (f"{GAMES}::test_an_images_bytes_do_not_depend_on_its_neighbours",),
    ),
    Mutant(
        "the seed is ignored",
        "vwxyzjn/cleanrl #133",
        "train/streams.py",
        {"json.dumps([int(seed), stream,": "json.dumps([0, stream,"},
        (f"{LOOP}::test_same_seed_same_bits_another_seed_other_bits", f"{GAMES}::test_a_draw_is_a_function_of_seed_and_number"),
    ),
    Mutant(
        "a resumed optimizer has forgotten its moments",
        "Emad-COMBINE-lab/GRouNdGAN #19; vwxyzjn/cleanrl docs/advanced/resume-training.md",
        "train/updates.py",
        {'slot.copy_(tensors[f"{index}/{name}"])': "slot.zero_()"},
        (f"{LOOP}::test_k_steps_kill_resume_rest_is_n_steps[points]", f"{UPDATES}::test_a_checkpoint_carries_on_to_the_same_bits"),
    ),
    Mutant(
        "a resumed Adam corrects its bias as at the first update",
        "Emad-COMBINE-lab/GRouNdGAN #19",
        "train/updates.py",
        {"count.fill_(done)": "count.zero_()"},
        (f"{LOOP}::test_k_steps_kill_resume_rest_is_n_steps[points]", f"{UPDATES}::test_a_checkpoint_carries_on_to_the_same_bits"),
    ),
    Mutant(
        "a resumed run draws its data and noise from the start",
        "karpathy/nanoGPT train.py, which saves no state of its draws",
        "train/updates.py",
        {"count.fill_(done)\n        self.done = done": "count.fill_(done)"},
        (f"{LOOP}::test_k_steps_kill_resume_rest_is_n_steps[points]", f"{UPDATES}::test_a_checkpoint_carries_on_to_the_same_bits"),
    ),
    Mutant(
        "a resumed run has lost what it was averaging",
        "Emad-COMBINE-lab/GRouNdGAN #19",
        "train/duel.py",
        {'self.window.copy_(parts["numbers"]["window"])': "self.window.zero_()"},
        (f"{LOOP}::test_k_steps_kill_resume_rest_is_n_steps[points]",),
    ),
    Mutant(
        "a resumed run has lost the norms of a step before the kill",
        "found by these tests",
        "train/duel.py",
        {'self.last = {name: parts["numbers"][name] for name in self.last}': "pass"},
        (f"{LOOP}::test_k_steps_kill_resume_rest_is_n_steps[turns of five]",),
    ),
    Mutant(
        "the generator is clamped too",
        "a slip that no curve shows at once",
        "train/duel.py",
        {"constraint(self.d_parameters)": "constraint([*self.d_parameters, *self.g_parameters])"},
        (f"{DUEL}::test_clip_touches_the_discriminator_only", f"{USUAL}[wasserstein-rmsprop-d_steps-clip]"),
    ),
    Mutant(
        "nothing is clamped",
        "a slip that no curve shows at once",
        "train/extras.py",
        {"parameter.clamp_(-self.bound, self.bound)": "parameter.clamp(-self.bound, self.bound)"},
        (
            f"{DUEL}::test_clip_touches_the_discriminator_only",
            "tests/train/test_extras.py::test_clip_clamps_weights_in_place_and_keeps_what_is_inside",
        ),
    ),
    Mutant(
        "clamped before the step, but after the gradient was taken",
        "found by these tests; martinarjovsky/WassersteinGAN main.py clamps first of all",
        "train/duel.py",
        {
            "                self._constrain(game.before_step)\n": "",
            "before = [parameter.detach().clone() for parameter in self.d_parameters] if looked_at else []": (
                "self._constrain(self.game.before_step)\n"
                "        before = [parameter.detach().clone() for parameter in self.d_parameters] if looked_at else []"
            ),
        },
        (f"{USUAL}[wasserstein-rmsprop-d_steps-clip-clip_when]",),
    ),
    Mutant(
        "the gradient penalty takes the norm over the channels alone",
        "a slip that points in the plane do not show",
        "train/extras.py",
        {"slope.flatten(2).norm(dim=-1)": "slope.norm(dim=2)"},
        ("tests/train/test_extras.py::test_the_penalty_of_a_linear_critic_is_known[shape1]",),
    ),
    Mutant(
        "the estimate of the Jensen-Shannon divergence has the wrong sign",
        "a slip of Arjovsky et al. 2017, Fig. 4, which plots log 2 minus half the loss",
        "metrics/divergences.py",
        {"return math.log(2) - discriminator_loss / 2": "return discriminator_loss / 2 - math.log(2)"},
        ("tests/metrics/test_divergences.py::test_js_estimate_of_the_best_discriminator_is_the_divergence_and_others_are_below",),
    ),
    Mutant(
        "Frechet distance by the eigenvalues of a symmetric matrix, which the product is not",
        "a tempting short cut",
        "metrics/image_quality.py",
        {
            "return fid_statistics_to_metric(statistics_1, statistics_2, verbose=False)[KEY_METRIC_FID]": (
                "a, b = statistics_1['sigma'], statistics_2['sigma']\n"
                "    root = np.sqrt(np.linalg.eigvalsh(a @ b).clip(0)).sum()\n"
                "    return float(((statistics_1['mu'] - statistics_2['mu']) ** 2).sum() + np.trace(a + b) - 2 * root)"
            )
        },
        (f"{QUALITY}::test_frechet_distance_agrees_with_a_symmetric_root_and_not_with_the_wrong_one",),
    ),
    Mutant(
        "kernel distance with the biased estimate",
        "the two estimators of Gretton et al. 2012, confused",
        "metrics/image_quality.py",
        {
            'settings = {"kid_subsets"': (
                "x, y = features_1_ND.double(), features_2_MD.double()\n"
                "    xx, yy, xy = (((p @ q.T / p.shape[1] + 1) ** 3).mean() for p, q in ((x, x), (y, y), (x, y)))\n"
                "    return float(xx + yy - 2 * xy)\n"
                '    settings = {"kid_subsets"'
            )
        },
        (
            f"{QUALITY}::test_kernel_distance_scatters_around_zero_and_sees_a_shift",
            f"{QUALITY}::test_kernel_distance_of_one_subset_is_the_unbiased_formula",
        ),
    ),
    Mutant(
        "a mode counts however far its points are",
        "mode counts without the rule of three standard deviations",
        "metrics/modes.py",
        {"nearest[distances.min(1) < RADIUS]": "nearest"},
        (
            "tests/metrics/test_modes.py::test_one_point_captures_a_mode_and_low_quality_ones_do_not_count",
            "tests/metrics/test_modes.py::test_the_limit_is_three_standard_deviations",
        ),
    ),
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
    Mutant(
        "the KL term has the wrong sign",
        "the paper's Appendix B writes minus KL; a port that takes it for KL",
        "papers/makhzani2015/trio.py",
        {"descend(error + kl,": "descend(error - kl,"},
        (f"{AAE}/test_trio.py::test_a_training_is_what_the_usual_loop_does",),
    ),
    Mutant(
        "the KL term is a mean over the code's numbers",
        "a mean where the bound has a sum; Keras-style reductions",
        "train/variational.py",
        {"- 1 - log_variance_Z).sum(-1)": "- 1 - log_variance_Z).mean(-1)"},
        (f"{VARIATIONAL}::test_the_kl_is_torchs", f"{AAE}/test_trio.py::test_a_training_is_what_the_usual_loop_does"),
    ),
    Mutant(
        "the likelihood is a mean over pixels beside a summed KL term",
        "the default reduction of binary_cross_entropy",
        "train/variational.py",
        {'reduction="none").sum(-1)': 'reduction="none").mean(-1)'},
        (f"{VARIATIONAL}::test_the_likelihood_is_torchs_and_a_sum", f"{AAE}/test_trio.py::test_a_training_is_what_the_usual_loop_does"),
    ),
    Mutant(
        "the sigmoid is taken twice",
        "a decoder that ends in a sigmoid, and a loss that takes logits",
        "train/variational.py",
        {"binary_cross_entropy_with_logits(logits_D,": "binary_cross_entropy_with_logits(torch.sigmoid(logits_D),"},
        (f"{VARIATIONAL}::test_the_likelihood_is_torchs_and_a_sum", f"{VARIATIONAL}::test_grey_pixels_count_as_probabilities"),
    ),
    Mutant(
        "the variance is taken for the standard deviation",
        "exp of the log variance in place of its half",
        "train/variational.py",
        {"(0.5 * log_variance_Z).exp() * noise_Z": "log_variance_Z.exp() * noise_Z"},
        (f"{VARIATIONAL}::test_gradients_pass_through_a_draw", f"{VARIATIONAL}::test_the_kl_is_the_mean_over_draws"),
    ),
    Mutant(
        "codes are not detached in the discriminator's phase",
        "a missing detach(), as in many GAN loops",
        "papers/makhzani2015/phases.py",
        {"code.detach(), loss": "code, loss"},
        (f"{AAE}/test_phases.py::test_the_discriminator_is_given_codes_without_the_way_to_the_encoder",),
    ),
    Mutant(
        "draws of the prior and codes are exchanged for the discriminator",
        "labels of real and fake swapped, where the code is the fake",
        "papers/makhzani2015/phases.py",
        {"discriminate(adversary.net, draw, code.detach(), loss)": "discriminate(adversary.net, code.detach(), draw, loss)"},
        (
            f"{AAE}/test_phases.py::test_the_regularisation_phase_by_hand",
            f"{AAE}/test_phases.py::test_the_encoder_moves_to_where_the_prior_is",
        ),
    ),
    Mutant(
        "the KL term has the wrong sign in the bound",
        "Kingma & Welling 2013, Appendix B, gives minus the KL; ports add it",
        "papers/kingma2013/model.py",
        {"images_RBP) - kl_to_standard_normal": "images_RBP) + kl_to_standard_normal"},
        (
            f"{VAE}/test_model.py::test_the_bound_is_the_likelihood_of_one_draw_less_the_kl",
            f"{VAE}/test_training.py::test_aevb_is_the_usual_loop",
        ),
    ),
    Mutant(
        "a mean over pixels beside a KL that is a sum",
        "ports in which binary_cross_entropy averages, as it does by default: the KL then has hundreds of times its weight",
        "papers/kingma2013/model.py",
        {
            "return bernoulli_log_likelihood(logits_RBP, images_RBP) - kl": (
                "return bernoulli_log_likelihood(logits_RBP, images_RBP) / images_RBP.shape[-1] - kl"
            )
        },
        (
            f"{VAE}/test_model.py::test_the_bound_is_the_likelihood_of_one_draw_less_the_kl",
            f"{VAE}/test_training.py::test_aevb_is_the_usual_loop",
        ),
    ),
    Mutant(
        "the decoder's sigmoid is taken twice",
        "a decoder that ends with a sigmoid, and a loss that takes logits",
        "papers/kingma2013/model.py",
        {
            "logits_RBP = self.decoder(reparameterise(mean_RBZ, log_variance_RBZ, noise_RBZ))": (
                "logits_RBP = self.decoder(reparameterise(mean_RBZ, log_variance_RBZ, noise_RBZ)).sigmoid()"
            )
        },
        (f"{VAE}/test_model.py::test_the_bound_is_the_likelihood_of_one_draw_less_the_kl",),
    ),
    Mutant(
        "the encoder's log-variance is taken for the logarithm of the standard deviation",
        "the two heads of public ports, confused",
        "train/variational.py",
        {"(0.5 * log_variance_Z).exp() * noise_Z": "log_variance_Z.exp() * noise_Z"},
        (
            f"{VAE}/test_model.py::test_wake_is_the_likelihood_of_what_the_encoder_draws",
            f"{VAE}/test_training.py::test_aevb_is_the_usual_loop",
        ),
    ),
    Mutant(
        "the KL with the square of the mean over codes, not the mean of the squares",
        "a slip of vectorised code",
        "train/variational.py",
        {"(mean_Z.square() + log_variance_Z.exp()": "(mean_Z.mean(-1, keepdim=True).square() + log_variance_Z.exp()"},
        (
            f"{VAE}/test_model.py::test_the_bound_is_the_likelihood_of_one_draw_less_the_kl",
            f"{VAE}/test_identities.py::test_all_identities_hold_and_seeds_differ",
        ),
    ),
    Mutant(
        "importance weights are averaged as logarithms",
        "then more draws change nothing, and the estimate is the bound",
        "papers/kingma2013/model.py",
        {"torch.stack(weights).logsumexp(0) - math.log(len(weights))": "torch.stack(weights).mean(0) + 0 * math.log(len(weights))"},
        (f"{VAE}/test_model.py::test_the_mean_bound_lies_below_the_log_likelihood_and_more_draws_come_up_to_it",),
    ),
    Mutant(
        "wake trains the encoder too",
        "a missing detach: half of wake-sleep becomes half of AEVB",
        "papers/kingma2013/model.py",
        {"with torch.no_grad():\n            codes_RBZ": "with torch.enable_grad():\n            codes_RBZ"},
        (f"{VAE}/test_model.py::test_each_half_of_wake_sleep_has_slopes_for_its_own_net_alone[wake]",),
    ),
    Mutant(
        "dreams are the decoder's means, not draws",
        "binary pixels that are never binary in sleep",
        "papers/kingma2013/model.py",
        {
            "(self.decoder(codes_RBZ).sigmoid() > uniform_RBP).to(codes_RBZ.dtype)": (
                "self.decoder(codes_RBZ).sigmoid() + 0 * uniform_RBP.to(codes_RBZ.dtype)"
            )
        },
        (f"{VAE}/test_model.py::test_sleep_is_the_density_of_the_dreamt_codes",),
    ),
    Mutant(
        "contrastive divergence with the data's hidden units in both phases",
        "a slip of the negative phase",
        "papers/hinton2006/rbm.py",
        {"negative_RBV.transpose(1, 2) @ negative_RBH": "negative_RBV.transpose(1, 2) @ positive_RBH"},
        (f"{DEEP}/test_rbm.py::test_the_direction_of_cd_1_image_by_image",),
    ),
    Mutant(
        "hidden states are their means",
        "without the draw the code is not a bottleneck (Hinton's practical guide to training RBMs)",
        "papers/hinton2006/rbm.py",
        {"self.down(self.draw(positive_RBH, noise_RBH))": "self.down(positive_RBH + 0 * noise_RBH)"},
        (f"{DEEP}/test_rbm.py::test_the_direction_of_cd_1_image_by_image",),
    ),
    Mutant(
        "the last machine's hidden units are logistic",
        "ports that use one RBM for all layers; the paper's code is linear",
        "papers/hinton2006/autoencoder.py",
        {'"linear" if layer == len(settings.hidden) else "logistic"': '"logistic"'},
        (f"{DEEP}/test_runs.py::test_machines_are_trained_in_turn_and_the_net_starts_from_them",),
    ),
    Mutant(
        "the squared error is a mean over pixels",
        "PyTorch's mse_loss, beside numbers that are sums",
        "papers/hinton2006/autoencoder.py",
        {".square().sum(-1).double()": ".square().mean(-1).double()"},
        (f"{DEEP}/test_runs.py::test_errors_are_sums_over_pixels_and_means_over_images",),
    ),
    Mutant(
        "PCA without the mean",
        "components of images that are not centred",
        "papers/hinton2006/linear.py",
        {"components_PZ = torch.linalg.eigh(centred_NP.T @ centred_NP)": "components_PZ = torch.linalg.eigh(train_NP.T @ train_NP)"},
        (f"{DEEP}/test_linear.py::test_pca_by_singular_values",),
    ),
    Mutant(
        "beta1 is left at Adam's usual 0.9",
        "the default of every library; DCGAN asks for 0.5",
        "games/settings.py",
        {"beta1: float = 0.5": "beta1: float = 0.9"},
        (f"{TIPS}/test_guidelines.py::test_the_recipe_has_all_guidelines",),
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
        (f"{TIPS}/test_features.py::test_the_strength_is_chosen_without_the_test_images",),
    ),
    Mutant(
        "features are taken in training mode",
        "a missing net.eval(): they depend on who else is in the batch",
        "papers/radford2016/features.py",
        {"        net.eval()\n": "        net.train()\n"},
        (f"{TIPS}/test_features.py::test_features_are_taken_in_evaluation_mode",),
    ),
    Mutant(
        "a generated image is given a label that it was not made for",
        "labels drawn anew for the second pass through a conditional net",
        "papers/radford2016/nets.py",
        {"self.last(_beside(x, y_BK))), labels_B)": "self.last(_beside(x, y_BK))), labels_B.flip(0))"},
        (f"{TIPS}/test_nearest.py::test_a_label_is_the_last_column_and_the_images_channel",),
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
