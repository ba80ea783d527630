"""Mutants: small mistakes drawn by a seed, and whether any property notices them."""
