"""Figures of Wilson et al. 2017; each module draws one."""

#: every rule keeps its colour, marker and dash in all figures
RULES = {"sgd": "SGD", "heavy_ball": "heavy ball", "adagrad": "AdaGrad", "rmsprop": "RMSProp", "adam": "Adam"}
DEFAULT_ADAM = "Adam (default)"
