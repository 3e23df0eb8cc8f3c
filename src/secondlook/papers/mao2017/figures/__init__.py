"""Figures of Mao et al. 2017; each module draws one."""

#: every loss keeps its colour, marker and dash in all figures
LOSSES = {"non-saturating": "regular GAN", "ls-0-1-1": "LSGAN (0, 1, 1)", "ls-neg1-1-0": "LSGAN (-1, 1, 0)", "minimax": "minimax GAN"}
