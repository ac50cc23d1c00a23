"""Measures of labels and of coverage, on speeches with gold labels."""
