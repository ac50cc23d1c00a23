"""Write what was found, one module per form.

Terminal text, JSON, CSV, Parquet, Markdown and a one-file HTML page are listed here; the Word document,
which loads python-docx, is :func:`safetynlp.report.docx.report_docx`, and so is the user's own file with
comments, :func:`safetynlp.report.annotate.annotate_docx`.
"""

from safetynlp.output import write_output
from safetynlp.report.csv import to_csv
from safetynlp.report.diff import diff_record, diff_text
from safetynlp.report.explanation import explanation_record, explanation_text
from safetynlp.report.html import report_html
from safetynlp.report.markdown import report_markdown
from safetynlp.report.rank import rank_csv, rank_record, rank_text
from safetynlp.report.records import (
    score_record,
    segment_only_record,
    segment_record,
    to_jsonl,
)
from safetynlp.report.text import classify_text, score_text
from safetynlp.report.tidy import segments_parquet, topic_rows, topics_csv, topics_parquet

__all__ = [
    "classify_text",
    "diff_record",
    "diff_text",
    "explanation_record",
    "explanation_text",
    "rank_csv",
    "rank_record",
    "rank_text",
    "report_html",
    "report_markdown",
    "score_record",
    "score_text",
    "segment_only_record",
    "segment_record",
    "segments_parquet",
    "to_csv",
    "to_jsonl",
    "topic_rows",
    "topics_csv",
    "topics_parquet",
    "write_output",
]
