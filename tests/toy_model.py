"""A model folder of a few kilobytes whose labels follow from words that a test can choose.

Every token has a row of logits, and the highest of each column wins, so a label is given exactly
where one of its words stands. A label's words are its Chinese name and those of ``WORDS``. The
words of ``LEXICON_WORDS`` are unknown to the tokenizer and work through the lexicon input alone.
Every other character is one unknown token that says nothing.

>>> Classifier.from_pretrained(build_toy_model(folder)).predict(["企业必须排查隐患。"])[0].labels
{'sector': (), 'responsibility': ('enterprise',), 'action': ('hazard_rectification',),
 'function': ('directive',)}
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

from safetynlp.classifier import ModelSettings
from safetynlp.schema import Schema
from safetynlp.segment import SEGMENTER_VERSION

__all__ = ["LEXICON_WORDS", "MAX_TOKENS", "MAX_TOKENS_OF_TEXT", "WORDS", "build_toy_model"]

# word → labels; those that a schema lacks are left out.
WORDS: dict[str, tuple[tuple[str, str], ...]] = {
    "矿山": (("sector", "coal_mining"), ("sector", "non_coal_mining")),
    "危化": (("sector", "hazardous_chemicals"),),
    "工地": (("sector", "construction"),),
    "道路": (("sector", "road_traffic"),),
    "燃气": (("sector", "urban_gas"),),
    "火灾": (("sector", "fire_safety"),),
    "学校": (("sector", "schools"),),
    "汛期": (("sector", "flood_geohazard"),),
    "党委政府": (("responsibility", "party_government"),),
    "部门": (("responsibility", "departmental"),),
    "街道": (("responsibility", "territorial"),),
    "企业": (("responsibility", "enterprise"),),
    "董事长": (("responsibility", "enterprise"), ("responsibility", "enterprise_head")),
    "员工": (("responsibility", "frontline_staff"),),
    "学习": (("action", "political_study"),),
    "专项整治": (("action", "special_campaign"),),
    "隐患": (("action", "hazard_rectification"),),
    "风险": (("action", "risk_control"),),
    "执法": (("action", "law_enforcement"),),
    "打击": (("action", "illegal_crackdown"),),
    "督查": (("action", "supervision_assessment"),),
    "追责": (("action", "accountability"),),
    "演练": (("action", "emergency_preparedness"),),
    "值班": (("action", "duty_reporting"),),
    "预警": (("action", "monitoring_warning"),),
    "培训": (("action", "education_training"),),
    "必须": (("function", "directive"),),
    "要": (("function", "directive"),),
    "严禁": (("function", "directive"),),
    "发生": (("function", "situation"),),
    "不足": (("function", "problem"),),
    "取得": (("function", "achievement"),),
    "同志们": (("function", "procedural"),),
}
LEXICON_WORDS: dict[str, tuple[str, str]] = {
    "粉尘": ("sector", "industry_trade"),
    "举报": ("action", "coordination_participation"),
}
MAX_TOKENS = 64
MAX_TOKENS_OF_TEXT = MAX_TOKENS - 2  # without both end marks

_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
_SILENT, _SAID, _LEXICON_HIT, _BY_DEFAULT = -4.0, 4.0, 8.0, -3.0
_OPSET, _IR_VERSION = 17, 8


def build_toy_model(folder: Path, schema: Schema | None = None) -> Path:
    """Write the model folder for ``schema`` (default: the package's); returns ``folder``.

    A single-label facet without a word gets its label "rationale", or else its last one.
    """
    schema = schema or Schema.default()
    folder.mkdir(parents=True, exist_ok=True)
    words = _words(schema)
    vocabulary = {token: n for n, token in enumerate((*_SPECIAL, *words))}
    _tokenizer(vocabulary).save(str(folder / "tokenizer.json"))
    onnx.save(_network(_table(words, schema)), str(folder / "model.onnx"))
    (folder / "safetynlp.json").write_text(_settings(schema).to_json(), "utf-8")
    config = {"model_type": "toy", "vocab_size": len(vocabulary)}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return folder


def _columns(schema: Schema) -> dict[tuple[str, str], int]:
    pairs = [(facet.id, id) for facet in schema.facets for id in facet.label_ids]
    return {pair: n for n, pair in enumerate(pairs)}


def _words(schema: Schema) -> dict[str, tuple[tuple[str, str], ...]]:
    known = _columns(schema)
    words = {label.name.zh: ((f.id, label.id),) for f in schema.facets for label in f.labels}
    for word, labels in WORDS.items():
        if kept := tuple(label for label in labels if label in known):
            words[word] = kept
    return words


def _table(words: dict[str, tuple[tuple[str, str], ...]], schema: Schema) -> np.ndarray:
    """float32, shape (tokens, labels): what each token says of each label."""
    column = _columns(schema)
    table = np.full((len(_SPECIAL) + len(words), len(column)), _SILENT, dtype=np.float32)
    for facet in schema.facets:
        if facet.kind == "single":
            default = "rationale" if "rationale" in facet.label_ids else facet.label_ids[-1]
            table[0, column[facet.id, default]] = _BY_DEFAULT  # <s> stands in every text
    for row, labels in enumerate(words.values(), len(_SPECIAL)):
        for label in labels:
            table[row, column[label]] = _SAID
    return table


def _tokenizer(vocabulary: dict[str, int]) -> Tokenizer:
    """Known words are one token each, longest first; every other character is ``<unk>``."""
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    longest_first = sorted((w for w in vocabulary if w not in _SPECIAL), key=len, reverse=True)
    pattern = Regex("|".join([*map(re.escape, longest_first), r"[\s\S]"]))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(pattern, "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


def _network(table: np.ndarray) -> onnx.ModelProto:
    """logits = max over the tokens of table[token], padding left out, + 8 · lexicon."""
    constants = {
        "table": table,
        "zero": np.array(0, dtype=np.int64),
        "nothing": np.array(-1e4, dtype=np.float32),
        "hit": np.array(_LEXICON_HIT, dtype=np.float32),
        "last_axis": np.array([2], dtype=np.int64),
    }
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("Equal", ["attention_mask", "zero"], ["flat_padding"]),
        helper.make_node("Unsqueeze", ["flat_padding", "last_axis"], ["padding"]),
        helper.make_node("Where", ["padding", "nothing", "rows"], ["masked"]),
        helper.make_node("ReduceMax", ["masked"], ["pooled"], axes=[1], keepdims=0),
        helper.make_node("Mul", ["lexicon", "hit"], ["hits"]),
        helper.make_node("Add", ["pooled", "hits"], ["logits"]),
    ]
    n_labels = table.shape[1]
    tokens, labels = ["batch", "tokens"], ["batch", n_labels]
    graph = helper.make_graph(
        nodes,
        "toy",
        inputs=[
            helper.make_tensor_value_info("input_ids", TensorProto.INT64, tokens),
            helper.make_tensor_value_info("attention_mask", TensorProto.INT64, tokens),
            helper.make_tensor_value_info("lexicon", TensorProto.FLOAT, labels),
        ],
        outputs=[helper.make_tensor_value_info("logits", TensorProto.FLOAT, labels)],
        initializer=[numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR_VERSION
    onnx.checker.check_model(model)
    return model


def _settings(schema: Schema) -> ModelSettings:
    known = _columns(schema)
    lexicon: dict[str, dict[str, dict[str, list[str]]]] = {}
    for word, (facet, label) in LEXICON_WORDS.items():
        if (facet, label) in known:
            lexicon.setdefault(facet, {})[label] = {"terms": [word]}
    return ModelSettings(
        name="toy",
        schema=schema,
        thresholds={
            f.id: dict.fromkeys(f.label_ids, 0.5) for f in schema.facets if f.kind == "multi"
        },
        calibration={facet.id: (1.0, 0.0) for facet in schema.facets},
        lexicon=lexicon,
        max_tokens=MAX_TOKENS,
        segmenter_version=SEGMENTER_VERSION,
        corpus_sha256="0" * 64,
    )
