"""In which order convolution, batch normalization, ReLU and dropout follow each other: all that tells the arms apart.

A net repeats an order's layers. What stands before its convolution also stands before the last linear layer, and what stands after it
also after the first convolution, so that every layer is in the net as often whatever the order. No torch here: figures read it too.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

#: layers of one repetition
OrderName = Literal[
    "conv-relu",
    "conv-relu-drop",
    "conv-bn-relu",
    "conv-bn-relu-drop",
    "conv-drop-bn-relu",
    "conv-relu-bn",
    "conv-relu-bn-drop",
    "bn-relu-conv",
    "bn-relu-drop-conv",
    "relu-bn-conv",
    "relu-bn-drop-conv",
    "bn-drop-conv-relu",
]
Layer = Literal["conv", "bn", "relu", "drop"]
ArmName = Literal["A", "B", "C", "D", "E", "F", "G"]


class Arm(NamedTuple):
    """A residual net of the comparison."""

    order: OrderName
    #: whether the last ReLU of a unit stands after the addition, as in the first residual nets (He et al. 2015)
    relu_after_addition: bool
    label: str


#: A to E as the paper and its readers describe them; F and G take them apart
ARMS: dict[ArmName, Arm] = {
    "A": Arm("conv-bn-relu", True, "Conv-BN-ReLU"),
    "B": Arm("bn-relu-conv", False, "BN-ReLU-Conv"),
    "C": Arm("relu-bn-drop-conv", False, "ReLU-IC-Conv"),
    "D": Arm("bn-drop-conv-relu", False, "IC-Conv-ReLU"),
    "E": Arm("conv-relu-bn-drop", False, "Conv-ReLU-IC"),
    "F": Arm("relu-bn-conv", False, "ReLU-BN-Conv"),
    "G": Arm("bn-relu-drop-conv", False, "BN-ReLU-Drop-Conv"),
}


def split(order: OrderName) -> tuple[tuple[Layer, ...], tuple[Layer, ...]]:
    """Return the layers before and after the convolution."""
    layers: list[Layer] = list(order.split("-"))  # type: ignore[arg-type] # the names hold these words alone
    place = layers.index("conv")
    return tuple(layers[:place]), tuple(layers[place + 1 :])


def unit(order: OrderName, weight_layers: int, *, relu_after_addition: bool) -> list[Layer | Literal["add"]]:
    """Return the layers of a residual unit and, after its addition, what follows."""
    before, after = split(order)
    layers: list[Layer | Literal["add"]] = [*before, "conv", *after] * weight_layers
    if relu_after_addition:
        assert layers[-1] == "relu", f"{order} has no last ReLU to move"
        return [*layers[:-1], "add", "relu"]
    return [*layers, "add"]


def has(order: OrderName, layer: Layer) -> bool:
    """Whether an order has a layer."""
    return layer in order.split("-")
