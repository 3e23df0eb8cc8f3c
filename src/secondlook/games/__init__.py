"""Games that several papers play: mixtures in the plane, and images. A paper chooses settings and adds what it measures."""
