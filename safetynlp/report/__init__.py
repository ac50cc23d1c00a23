"""Write what was found: terminal text, JSON, CSV and a one-file HTML page, one module each."""

from safetynlp.output import write_output
from safetynlp.report.csv import to_csv
from safetynlp.report.html import report_html
from safetynlp.report.records import (
    score_record,
    segment_only_record,
    segment_record,
    to_jsonl,
)
from safetynlp.report.text import classify_text, score_text

__all__ = [
    "classify_text",
    "report_html",
    "score_record",
    "score_text",
    "segment_only_record",
    "segment_record",
    "to_csv",
    "to_jsonl",
    "write_output",
]
