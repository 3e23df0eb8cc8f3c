"""Everything that can be wrong in config.yaml, a protocol or an answer, found before the first job; neither torch nor pandas."""
