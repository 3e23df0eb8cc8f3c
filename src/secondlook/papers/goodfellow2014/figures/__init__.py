"""Figures of Goodfellow et al. 2014; each module draws one."""

#: every loss keeps its colour, marker and dash in all figures
LOSSES = {
    "minimax": "minimax",
    "non-saturating": "non-saturating",
    "ls-0-1-1": "least squares 0, 1, 1",
    "wasserstein": "WGAN",
    "ls-neg1-1-0": "least squares -1, 1, 0",
}


def arm_label(loss: str, simultaneous: object = None, d_steps: object = None) -> str:
    """Name an arm of the MNIST game by its factors; an absent one is None, empty or not a number."""
    parts = [LOSSES[loss], "in turn" if _given(simultaneous) else "", f"k = {d_steps}" if _given(d_steps) else ""]
    return ", ".join(part for part in parts if part)


def _given(value: object) -> bool:
    return value is not None and value == value and value != ""
