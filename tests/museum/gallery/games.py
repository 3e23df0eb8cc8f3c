"""Bugs of two nets that play against each other, and of what measures them."""

from __future__ import annotations

from gallery.mutant import Mutant

LOSSES, UPDATES, DUEL = "tests/train/test_losses.py", "tests/train/test_updates.py", "tests/train/test_duel.py"
LOOP, IMAGE_GAME, QUALITY = "tests/train/test_adversarial.py", "tests/games/test_image_game.py", "tests/metrics/test_image_quality.py"
USUAL = f"{DUEL}::test_a_game_is_what_the_usual_loop_plays"

GAMES = (
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
        (f"{IMAGE_GAME}::test_an_images_bytes_do_not_depend_on_its_neighbours",),
    ),
    Mutant(
        "the seed is ignored",
        "vwxyzjn/cleanrl #133",
        "train/streams.py",
        {"json.dumps([int(seed), stream,": "json.dumps([0, stream,"},
        (f"{LOOP}::test_same_seed_same_bits_another_seed_other_bits", f"{IMAGE_GAME}::test_a_draw_is_a_function_of_seed_and_number"),
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
            f"{QUALITY}::test_kernel_distance_of_sets_of_one_size_is_the_unbiased_formula",
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
)
