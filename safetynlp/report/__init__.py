"""Write what was found: terminal text, JSON, CSV and a one-file HTML page, one module each."""

from safetynlp.output import write_output
from safetynlp.report.csv import to_csv
from safetynlp.report.diff import diff_record, diff_text
from safetynlp.report.explanation import explanation_record, explanation_text
from safetynlp.report.html import report_html
from safetynlp.report.rank import rank_csv, rank_record, rank_text
from safetynlp.report.records import (
    score_record,
    segment_only_record,
    segment_record,
    to_jsonl,
)
from safetynlp.report.text import classify_text, score_text

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
    "score_record",
    "score_text",
    "segment_only_record",
    "segment_record",
    "to_csv",
    "to_jsonl",
    "write_output",
]
