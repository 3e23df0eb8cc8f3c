"""Where the bytes of a dataset come from, how they are decoded, and what they must hash to."""
