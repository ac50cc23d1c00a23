"""The comparison of word frequencies between real speeches and the corpus."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.slow
pytest.importorskip("jieba")

SCRIPT = Path(__file__).parents[2] / "training" / "compare_vocabulary.py"


@pytest.fixture(scope="module")
def compare_vocabulary() -> ModuleType:
    spec = importlib.util.spec_from_file_location(SCRIPT.stem, SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[SCRIPT.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def write(path: Path, texts: list[str]) -> None:
    rows = [{"doc": path.stem, "i": n, "text": text} for n, text in enumerate(texts)]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")


def test_words_the_corpus_lacks_come_first(compare_vocabulary):
    real = ["渔船必须编队", "渔船不得超载", "学校要检查"]
    corpus = ["学校要检查", "学校要整改", "学校放假"]
    words = compare_vocabulary.contrasts(real, corpus, 0.3)
    assert words[0].word == "渔船"
    assert (words[0].real, words[0].corpus) == (pytest.approx(2 / 3), 0.0)
    assert {contrast.word: contrast.log_ratio for contrast in words}["学校"] < 0


def test_the_same_usage_has_distance_zero_and_another_has_not(compare_vocabulary):
    texts = ["学校要检查", "渔船必须编队"]
    assert compare_vocabulary.distance(compare_vocabulary.contrasts(texts, texts, 0.1)) == 0
    other = compare_vocabulary.contrasts(texts, ["煤矿要停产", "工地要停工"], 0.1)
    assert compare_vocabulary.distance(other) > 5


def test_the_script_prints_shares(compare_vocabulary, tmp_path, capsys):
    write(tmp_path / "s.gold.jsonl", ["渔船必须编队", "渔船不得超载"])
    write(tmp_path / "c.jsonl", ["学校要检查"])
    arguments = ["--data", str(tmp_path), "--corpus", str(tmp_path / "c.jsonl")]
    assert compare_vocabulary.main(arguments) == 0
    out = capsys.readouterr().out
    assert "2 real segments, 1 of the corpus" in out
    assert "渔船\treal 100.0%\tcorpus 0.0%" in out


def test_a_folder_without_speeches_is_an_error(compare_vocabulary, tmp_path, capsys):
    assert compare_vocabulary.main(["--data", str(tmp_path)]) == 2
    assert "no *.gold.jsonl" in capsys.readouterr().err
