"""No figures."""
