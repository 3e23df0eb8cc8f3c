"""Which runs there are, what each reads, and what code stands behind it; neither torch nor pandas."""
