"""Bugs of autoencoders, variational and adversarial ones, and of deep nets that are trained layer by layer."""

from __future__ import annotations

from gallery.mutant import Mutant

AAE, VARIATIONAL = "tests/papers/makhzani2015", "tests/train/test_variational.py"
DEEP, VAE = "tests/papers/hinton2006", "tests/papers/kingma2013"

AUTOENCODERS = (
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
)
