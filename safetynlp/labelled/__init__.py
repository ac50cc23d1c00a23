"""Labelled speeches: read from the formats people have, divided by speech, turned into numbers.

Formats (``ReadOptions.format``; None tells it from the file), one segment each row:

``jsonl``
    The project's own. One object a line, one key a facet, a label or a list of labels::

        {"doc": "s1", "i": 0, "para": 0, "text": "…", "sector": ["schools"], "function": "directive"}

    A missing key or null is unlabelled, ``[]`` is none. ``i`` and ``para`` may be left out.
``csv``, ``xlsx``
    A table with a header: ``text``, ``doc``, one column a facet; also ``i``, ``para``,
    ``annotator``. Labels stand between ``,`` ``、`` ``;`` ``|`` or line ends. Separated by comma,
    tab or semicolon; UTF-8, UTF-16 or GB18030. Every sheet that has a column of texts is read. A
    missing column is unlabelled, an empty cell is none (in a single-label facet: unlabelled).
``datasets``
    A folder written by ``save_to_disk`` of Hugging Face ``datasets``: columns as in ``jsonl``, of
    strings, class labels, or sequences of them.
``label-studio``
    The full JSON export. Choices and taxonomies are read, a control belongs to the facet of its
    name (``from_name``); a taxonomy counts by its deepest entry that is a label. Several
    annotations of a task are several annotators; cancelled ones are left out. A facet without
    choice is none if the annotation has any.
``json-min``
    Label Studio's JSON-MIN: one flat record an annotation; ``"facet": "one"`` or
    ``"facet": {"choices": ["one", "two"]}``. A missing facet as in ``label-studio``.
``doccano``
    JSON Lines in four dialects, or the zip that holds one file an annotator::

        {"id": 2, "text": "…", "annotations": [{"label": 10, "user": 1}], "meta": {"doc": "s1"}}
        {"id": 2, "text": "…", "labels": ["行业##矿山"]}
        {"id": 2, "data": "…", "label": ["行业##矿山"]}
        {"id": 2, "text": "…", "doc": "s1", "label": ["行业##矿山"], "Comments": []}

    Give the zip rather than what is in it, for the names of its files are the annotators.
    The first needs ``label_file``, doccano's ``label_config.json``. ``[]`` is unlabelled; a facet
    without label is none if the row has any.
``paddlenlp``
    No header: ``text<TAB>label,label``. A row names no speech: see ``group_by_row``. No label is
    none.

Labels and facets may be given by id or by Chinese or English name. A label without a facet's
column is looked up in all facets; ``facet##label`` says which.

Whether a facet without label is "none" or "unlabelled" can be set by ``ReadOptions.absent``, but
not for ``jsonl`` and ``datasets``, which say it themselves. Where facets have no columns, only
those count as asked that have a label somewhere in the file.

An ``index.csv`` with a column ``doc`` in a folder of data tells more of each speech.
"""

from safetynlp.labelled.arrays import targets
from safetynlp.labelled.checks import first_reading
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
    "first_reading",
    "folds",
    "infer_schema",
    "labelled_files",
    "near_duplicate_groups",
    "read_labelled",
    "split",
    "targets",
    "write_skipped",
]
