# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

from safetynlp.errors import UsageError
from safetynlp.training.fit import FitConfig
from safetynlp.training.recipe import CardNotes, Recipe

RELEASED = Path(__file__).parents[2] / "training" / "recipes" / "released.toml"
SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "own.toml"


def test_released_recipe() -> None:
    recipe = Recipe.from_file(RELEASED)
    assert (recipe.name, recipe.base) == ("safetynlp-base", "e5-small-zh")
    assert (recipe.schema, recipe.folds) == ("safety-speech", 0)
    assert recipe.shares is not None
    assert sum(recipe.shares.values()) == pytest.approx(1)
    first, second = recipe.runs()
    assert first.epochs >= 1
    assert first.max_tokens == second.max_tokens == 256
    assert recipe.card.license == "apache-2.0"


def test_an_empty_file_is_a_recipe(file: Path) -> None:
    file.write_text("", "utf-8")
    assert Recipe.from_file(file) == Recipe()
    assert Recipe().base == "released"


def test_all_settings(file: Path) -> None:
    shares = "\n".join(f"{part} = {share}" for part, share in reversed(SHARES.items()))
    file.write_text(
        'name = "own"\nversion = "2"\nbase = "bert"\nsplit_seed = 7\nfolds = 3\nreplay = 0.5\n'
        f"min_support = 3\n[shares]\n{shares}\n[fit]\nepochs = 9\nbf16 = false\n"
        '[refine]\nepochs = 2\n[card]\nlicense = "mit"\nlimits = ["Short."]\n',
        "utf-8",
    )
    recipe = Recipe.from_file(file)
    assert recipe == Recipe(
        name="own",
        version="2",
        base="bert",
        shares=SHARES,
        split_seed=7,
        folds=3,
        replay=0.5,
        min_support=3,
        fit={"epochs": 9, "bf16": False},
        refine={"epochs": 2},
        card=CardNotes(license="mit", limits=("Short.",)),
    )
    assert recipe.shares is not None
    assert tuple(recipe.shares) == tuple(SHARES)  # whatever order they were written in


def test_defaults_fill_what_is_left_open() -> None:
    recipe = Recipe(fit={"epochs": 9}, refine={"epochs": 2})
    first, second = recipe.runs(epochs=3, learning_rate=3e-5, max_tokens=64)
    assert (first.epochs, first.learning_rate) == (9, 3e-5)
    assert (second.epochs, second.probe, second.max_tokens) == (2, False, 64)


def test_settings_of_the_command_line_win() -> None:
    assert Recipe(fit={"epochs": 9}).with_fit(epochs=2, seed=None).fit == {"epochs": 2}
    whole = Recipe(fit=FitConfig(epochs=9)).with_fit(epochs=2, seed=5)
    assert whole.fit == FitConfig(epochs=2, seed=5)


def test_a_run_can_be_repeated_from_its_folder(tmp_path: Path) -> None:
    recipe = Recipe(name="own", shares=SHARES, fit=FitConfig(epochs=2), card=CardNotes(data="x"))
    file = tmp_path / "train_config.json"
    file.write_text(json.dumps({"recipe": recipe.to_dict(), "data": ["a.jsonl"]}), "utf-8")
    again = Recipe.from_file(file)
    assert again.runs() == recipe.runs()
    assert again.card == recipe.card
    assert again.shares == recipe.shares


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("speed = 3\n", "unknown key speed. Known: name, version, base"),
        ("[fit]\nepoch = 3\nlr = 1\n", r"\[fit\]: unknown key epoch, lr. Known: epochs"),
        ("fit = 3\n", "found 3, expected a table"),
        ("[fit]\nepochs = 0\n", "epochs is 0, expected a number above 0"),
        ('[fit]\nepochs = "3"\n', "epochs is '3', expected int"),
        ("[card]\nlicence = 3\n", r"\[card\]: unknown key licence"),
        ("[card]\nlimits = 3\n", "limits: found 3"),
        ("name = 3\n", "name is 3, expected str"),
        ("split_seed = 0.5\n", "split_seed is 0.5, expected int"),
        ("folds = 1\n", "folds is 1, expected 0"),
        ("folds = true\n", "folds is True, expected"),
        ("replay = 2\n", "replay is 2, expected a share"),
        ("min_support = -1\n", "min_support is -1"),
        ("[shares]\ntrain = 0.9\ntest = 0.1\n", "expected train, validation and test"),
        ("[shares]\ntrain = 0.8\nvalidation = 0.3\ntest = 0.1\n", "summing to 1"),
        ("[shares]\ntrain = 0.0\nvalidation = 0.5\ntest = 0.5\n", "train above it"),
        ('[shares]\ntrain = "most"\nvalidation = 0.1\ntest = 0.1\n', "shares: found"),
        ("shares = 1\n", "shares: found 1"),
        ("name = own\n", "cannot be read as a recipe.*Expected a UTF-8 TOML file"),
        ("讲话\n", "cannot be read as a recipe"),
    ],
)
def test_faulty_recipes(file: Path, text: str, expected: str) -> None:
    file.write_text(text, "utf-8")
    with pytest.raises(UsageError, match=f"own.toml: .*{expected}") as caught:
        Recipe.from_file(file)
    assert "own.toml：" in caught.value.zh
    assert "\n" not in str(caught.value)


def test_no_file(file: Path) -> None:
    with pytest.raises(UsageError, match=r"own\.toml: cannot be read"):
        Recipe.from_file(file)
    file.write_bytes("name = '安全'".encode("gbk"))
    with pytest.raises(UsageError, match="Expected a UTF-8 TOML file"):
        Recipe.from_file(file)


def test_a_foreign_json_file(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]", "utf-8")
    with pytest.raises(UsageError, match="cannot be read as a recipe"):
        Recipe.from_file(tmp_path / "x.json")
