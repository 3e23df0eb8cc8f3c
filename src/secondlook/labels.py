"""One vocabulary: what the values of factors are called in all figures of all papers, in the order in which they are listed."""

LOSSES = {
    "minimax": "GAN, minimax",
    "non-saturating": "GAN, non-saturating",
    "ls-0-1-1": "LSGAN (0, 1, 1)",
    "ls-neg1-1-0": "LSGAN (-1, 1, 0)",
    "wasserstein": "WGAN",
}
OPTIMIZERS = {
    "gd": "gradient descent",
    "sgd": "SGD",
    "heavy_ball": "heavy ball",
    "adagrad": "AdaGrad",
    "rmsprop": "RMSProp",
    "adam": "Adam",
}
GENERATORS = {"dcgan": "DCGAN", "constant": "no batch norm, constant width", "mlp": "perceptron"}
BATCH_NORM = {"all": "BN in both", "not_in_g": "no BN in G", "none": "no BN"}
FEATURE_NETS = {"a": "first net", "b": "second net", "random": "random weights", "inception": "Inception"}
MIXTURES = {"ring-as-coded": "ring as coded", "ring": "ring", "ring-wide": "wide ring", "grid25": "grid of 25"}
REMOVED = {
    "nothing": "full recipe",
    "bn": "no BN",
    "bn_d": "no BN in D",
    "bn_g": "no BN in G",
    "no_connected": "with connected layers",
    "beta1": "beta1 of 0.9",
    "relu": "tanh in G",
    "leaky": "ReLU in D",
    "strided": "pooling",
    "all": "none of the tips",
}
ACTIVATIONS = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "ReLU", "leaky_relu": "LeakyReLU"}
MODELS = {"ae": "AE", "vae": "VAE", "aae": "AAE"}
#: of Salimans et al. 2016, on rings and images and with few labels
TECHNIQUES = {
    "none": "plain GAN",
    "feature_matching": "feature matching",
    "minibatch": "minibatch discrimination",
    "historical": "historical averaging",
    "one_sided": "one-sided smoothing",
    "two_sided": "two-sided smoothing",
    "batch_norm": "batch norm in G",
    "virtual": "virtual batch norm in G",
    "recipe": "full recipe",
    "recipe_no_minibatch": "recipe, no minibatch discr.",
    "recipe_no_smoothing": "recipe, no smoothing",
    "recipe_batch_norm": "recipe, ordinary batch norm",
    "ordinary": "ordinary loss",
    "supervised": "labels only",
}
NOISE_LEVELS = {"low": "less noise", "released": "released noise"}

#: factor -> the labels of its values
FACTORS = {
    "loss": LOSSES,
    "optimizer": OPTIMIZERS,
    "generator": GENERATORS,
    "bn": BATCH_NORM,
    "data": MIXTURES,
    "model": MODELS,
    "labels": {"hidden": "labels hidden", "shown": "labels shown"},
    "removed": REMOVED,
    "activation": ACTIVATIONS,
    "technique": TECHNIQUES,
    "noise_level": NOISE_LEVELS,
    "simultaneous": {"True": "at once", "False": "in turn"},
    "shared_noise": {"True": "shared noise", "False": "fresh noise"},
}
#: what a factor whose values are numbers is called
SYMBOLS = {"d_steps": "k", "style": "numbers of style"}


def label(factor: str, value: object) -> str:
    """Name a value, given as a record or a table has it: its label, or "factor = value" where it has none."""
    return FACTORS.get(factor, {}).get(str(value)) or f"{SYMBOLS.get(factor, factor)} = {value}"
