import matplotlib as mpl
import seaborn as sns

from secondlook.figures.style import set_style
from secondlook.figures.theme import THEME

#: what the project's look has of its own
OWN = {
    "axes.prop_cycle",
    "axes.spines.right",
    "axes.spines.top",
    "axes.titlelocation",
    "axes.titleweight",
    "figure.constrained_layout.use",
    "grid.color",
    "legend.frameon",
    "savefig.dpi",
    "svg.fonttype",
    "svg.hashsalt",
}
#: of seaborn's, what nothing here draws with: the fonts after DejaVu Sans, and the colours of an image without a colour map
UNUSED = {"font.sans-serif", "image.cmap"}


def test_the_theme_is_seaborns_but_for_what_is_the_projects_own() -> None:
    with mpl.rc_context():
        mpl.rcdefaults()
        sns.set_theme(context="paper", style="whitegrid", font="DejaVu Sans")
        seaborns = dict(mpl.rcParams)
        mpl.rcdefaults()
        set_style()
        ours = dict(mpl.rcParams)
    assert {key for key in ours if ours[key] != seaborns[key]} <= OWN | UNUSED | {"backend"}
    assert OWN - {"axes.prop_cycle"} <= set(THEME)
