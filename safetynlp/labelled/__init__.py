"""Labelled speeches."""

from safetynlp.labelled.arrays import targets
from safetynlp.labelled.near_duplicates import near_duplicate_groups
from safetynlp.labelled.partition import folds, split
from safetynlp.labelled.read import infer_schema, read_labelled, write_skipped
from safetynlp.labelled.row import LabelledData, LabelledRow, Message, ReadOptions, Skipped
from safetynlp.labelled.sources import labelled_files

__all__ = [
    "LabelledData",
    "LabelledRow",
    "Message",
    "ReadOptions",
    "Skipped",
    "folds",
    "infer_schema",
    "labelled_files",
    "near_duplicate_groups",
    "read_labelled",
    "split",
    "targets",
    "write_skipped",
]
