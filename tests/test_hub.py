from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from toy_model import build_toy_model

from safetynlp import Classifier, ModelError, UsageError
from safetynlp.hub import download_model, is_hub_id, push_to_hub


class FakeHub:
    """Takes the place of huggingface_hub: models in a folder, no network."""

    def __init__(self, models: Path) -> None:
        self.models = models
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.error: Exception | None = None

    def snapshot_download(self, repo_id: str, revision: str | None = None) -> str:
        if not (self.models / repo_id).is_dir():
            raise FileNotFoundError(f"404:\n{repo_id}")
        return str(self.models / repo_id)

    def HfApi(self) -> SimpleNamespace:
        return SimpleNamespace(create_repo=self.create_repo, upload_folder=self.upload_folder)

    def create_repo(self, repo_id: str, **options: Any) -> str:
        if self.error:
            raise self.error
        self.calls.append(("create", {"repo_id": repo_id, **options}))
        return f"https://hub/{repo_id}"

    def upload_folder(self, **options: Any) -> None:
        self.calls.append(("upload", options))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeHub:
    fake = FakeHub(tmp_path / "models")
    monkeypatch.setitem(sys.modules, "huggingface_hub", fake)  # type: ignore[arg-type]
    monkeypatch.chdir(tmp_path)
    return fake


def test_classifier_from_the_hub(hub: FakeHub) -> None:
    build_toy_model(hub.models / "owner" / "toy")
    classifier = Classifier.from_pretrained("owner/toy")
    assert classifier.predict(["企业必须排查隐患。"])[0].labels["responsibility"] == ("enterprise",)


def test_a_folder_comes_before_the_hub(hub: FakeHub, tmp_path: Path) -> None:
    build_toy_model(tmp_path / "owner" / "toy")
    assert Classifier.from_pretrained("owner/toy").path == Path("owner/toy")


def test_a_slip_in_a_path_is_not_looked_up(hub: FakeHub, tmp_path: Path) -> None:
    build_toy_model(hub.models / "own" / "toy")
    (tmp_path / "own").mkdir()
    with pytest.raises(ModelError, match="there is no such folder"):
        Classifier.from_pretrained("own/toy")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("owner/name", True),
        ("hfl/chinese-roberta-wwm-ext", True),
        ("released", False),
        ("/abs/name", False),
        ("./a/b", False),
        ("a/b/c", False),
        ("模型/own", False),
    ],
)
def test_hub_ids(name: str, expected: bool) -> None:
    assert is_hub_id(name) is expected


def test_not_on_the_hub(hub: FakeHub) -> None:
    with pytest.raises(
        ModelError, match='"owner/none": there is no such folder, and the'
    ) as caught:
        download_model("owner/none")
    assert "\n" not in str(caught.value)
    assert "模型库" in caught.value.zh


def test_publish(hub: FakeHub, tmp_path: Path) -> None:
    model = build_toy_model(tmp_path / "own")
    assert push_to_hub(model, "owner/own") == "https://hub/owner/own"
    (_, made), (_, sent) = hub.calls
    assert made == {"repo_id": "owner/own", "private": True, "exist_ok": True}
    assert sent["folder_path"] == str(model)
    assert "oof.jsonl" in sent["ignore_patterns"]  # it quotes the user's speeches


def test_publish_without_a_network(hub: FakeHub, tmp_path: Path) -> None:
    hub.error = RuntimeError("no\nroute")
    model = build_toy_model(tmp_path / "own")
    with pytest.raises(UsageError, match="the hub did not take the model: no route"):
        push_to_hub(model, "owner/own")


def test_publish_something_else(hub: FakeHub, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a model folder"):
        push_to_hub(tmp_path, "owner/own")
    assert hub.calls == []


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UsageError, match="pip install huggingface_hub"):
        download_model("owner/name")
