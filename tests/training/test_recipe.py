# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

from safetynlp.errors import UsageError
from safetynlp.training.fit import FitConfig
from safetynlp.training.recipe import Recipe

RELEASED = Path(__file__).parents[2] / "training" / "recipes" / "released.toml"
HEAD = 'name = "own"\nversion = "2"\n'
SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "own.toml"


def test_released_recipe() -> None:
    recipe = Recipe.from_toml(RELEASED)
    assert (recipe.name, recipe.base) == ("safetynlp-base", "e5-small-zh")
    assert sum(recipe.shares.values()) == pytest.approx(1)
    assert recipe.fit.epochs >= 1
    assert recipe.fit.max_tokens == 256


def test_defaults(file: Path) -> None:
    file.write_text(HEAD, "utf-8")
    assert Recipe.from_toml(file) == Recipe(name="own", version="2", fit=FitConfig())


def test_all_settings(file: Path) -> None:
    shares = "\n".join(f"{part} = {share}" for part, share in reversed(SHARES.items()))
    file.write_text(
        f'{HEAD}base = "bert"\nsplit_seed = 7\n[shares]\n{shares}\n[fit]\nepochs = 9\nbf16 = false\n',
        "utf-8",
    )
    expected = Recipe("own", "2", "bert", SHARES, 7, FitConfig(epochs=9, bf16=False))
    recipe = Recipe.from_toml(file)
    assert recipe == expected
    assert tuple(recipe.shares) == tuple(SHARES)  # whatever order they were written in


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{HEAD}speed = 3\n", "unknown key speed. Known: name, version, base"),
        (f"{HEAD}[fit]\nepoch = 3\nlr = 1\n", r"\[fit\]: unknown key epoch, lr. Known: epochs"),
        (f"{HEAD}fit = 3\n", r"\[fit\]: found 3, expected a table"),
        (f"{HEAD}[fit]\nepochs = 0\n", "epochs is 0, expected a number above 0"),
        (f'{HEAD}[fit]\nepochs = "3"\n', "epochs is '3', expected int"),
        ('name = "own"\n', "no version"),
        ("", "no name and no version"),
        ('name = 3\nversion = "2"\n', "name is 3, expected str"),
        (f"{HEAD}split_seed = 0.5\n", "split_seed is 0.5, expected int"),
        (f"{HEAD}[shares]\ntrain = 0.9\ntest = 0.1\n", "expected train, validation and test"),
        (f"{HEAD}[shares]\ntrain = 0.8\nvalidation = 0.3\ntest = 0.1\n", "summing to 1"),
        (f"{HEAD}[shares]\ntrain = 1.0\nvalidation = 0.0\ntest = 0.0\n", "each above 0"),
        (f'{HEAD}[shares]\ntrain = "most"\nvalidation = 0.1\ntest = 0.1\n', "shares: found"),
        (f"{HEAD}shares = 1\n", "shares: found 1"),
        ("name = own\n", "cannot be read as a recipe.*Expected a UTF-8 TOML file"),
        ("讲话\n", "cannot be read as a recipe"),
    ],
)
def test_faulty_recipes(file: Path, text: str, expected: str) -> None:
    file.write_text(text, "utf-8")
    with pytest.raises(UsageError, match=f"own.toml: .*{expected}") as caught:
        Recipe.from_toml(file)
    assert "own.toml：" in caught.value.zh or "own.toml: [fit]：" in caught.value.zh
    assert "\n" not in str(caught.value)


def test_no_file(file: Path) -> None:
    with pytest.raises(UsageError, match=r"own\.toml: cannot be read"):
        Recipe.from_toml(file)
    file.write_bytes("name = '安全'".encode("gbk"))
    with pytest.raises(UsageError, match="Expected a UTF-8 TOML file"):
        Recipe.from_toml(file)
