"""Typed models of config.yaml and of every protocol.yaml; neither torch nor pandas."""
