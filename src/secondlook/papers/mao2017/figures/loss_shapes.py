"""What the generator loses, and the slope of that, against the output of the discriminator: Fig. 2 of the paper."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import LOSS_LOOKS, WIDTH
from secondlook.labels import LOSSES


def draw(data: FigureData) -> Figure:
    """Left: the loss. Right: the slope, with a mark at the mean output on fakes beyond the data once D has learnt."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.9))
    lowest = 0.0
    for record in data.records:
        loss, seed = str(record.cell["loss"]), record.seeds[0]
        output, value, slope = record.arrays[f"{seed}/curve"]
        beyond = record.arrays[f"{seed}/outputs"][1].mean()
        look = LOSS_LOOKS[loss]
        lowest = min(lowest, value.min())
        left.plot(output, value, label=LOSSES[loss], **look.line)
        right.plot(output, slope, **look.line)
        shown = min(max(beyond, output[0]), output[-1])
        right.plot(shown, 0.02, marker=look.marker, color=look.colour, ms=7, mec="black", mew=0.6, clip_on=False, zorder=3)
    left.set(title="The generator's loss on a fake", xlabel="output of D on it", ylim=(max(lowest, -6) - 0.5, 6.5))
    right.set(title="Its slope", xlabel="output of D; marks: far fakes", ylim=(0, 3))
    left.legend(fontsize=7)
    return figure
