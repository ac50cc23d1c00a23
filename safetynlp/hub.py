"""Model folders on the Hugging Face hub: fetch one, publish one. The only place with a network.

Nothing here is called unless a user names a hub id. Needs ``huggingface_hub``, which
``tokenizers`` brings along.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from safetynlp.errors import ModelError, UsageError

__all__ = ["download_model", "is_hub_id", "push_to_hub"]

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


def is_hub_id(name: str | Path) -> bool:
    """Whether ``name`` has the form ``owner/name`` and is no path of this machine.

    A name whose first part is a folder here is taken for a path, so that a slip in it is not
    looked up in the network.
    """
    text = str(name)
    if not _HUB_ID.fullmatch(text):
        return False
    return not Path(text).exists() and not Path(text).parent.exists()


def download_model(hub_id: str, *, revision: str | None = None) -> Path:
    """Folder with the files of a model on the hub; fetched once, then taken from the cache.

    Args:
        hub_id: ``"owner/name"``. revision: branch, tag or commit; None takes the main branch.

    Raises:
        ModelError: there is no network, or no such model.
    """
    try:
        return Path(_hub().snapshot_download(hub_id, revision=revision))
    # The hub has its own errors, which are OSError or ValueError; so are those of a network.
    except (OSError, ValueError) as error:
        raise ModelError(
            f'"{hub_id}": there is no such folder, and the model hub did not give it: '
            f"{_in_one_line(error)}. Name a folder, or check the id and the network.",
            f"“{hub_id}”：没有这个文件夹，也未能从模型库取得：{_in_one_line(error)}。"
            "请指定本地文件夹，或检查模型编号和网络。",
        ) from error


def push_to_hub(
    folder: str | Path, hub_id: str, *, private: bool = True, message: str = "Add model"
) -> str:
    """Publish a model folder; returns its address.

    You must be logged in (``hf auth login``). Predictions that name speeches (``oof.jsonl``,
    ``skipped.jsonl``) and the training log stay here, for they may quote your data.

    Args:
        folder: a model folder. hub_id: ``"owner/name"``; the repository is made if need be.
        private: whether a repository that is made now is to be seen by you alone.

    Raises:
        ModelError: ``folder`` is no model folder.
        UsageError: the hub refuses, or there is no network.
    """
    path = Path(folder)
    if not (path / "safetynlp.json").is_file():
        raise ModelError(
            f"{path}: not a model folder: safetynlp.json missing. Name one that "
            "`safetynlp train` wrote.",
            f"{path}：不是模型文件夹，缺 safetynlp.json。请指定 `safetynlp train` 写出的文件夹。",
        )
    try:
        api = _hub().HfApi()
        address = api.create_repo(hub_id, private=private, exist_ok=True)
        api.upload_folder(
            repo_id=hub_id,
            folder_path=str(path),
            commit_message=message,
            ignore_patterns=["oof.jsonl", "skipped.jsonl", "runs/*"],
        )
    # The network client of the hub has errors without a base that could be named here.
    except Exception as error:
        raise UsageError(
            f"{hub_id}: the hub did not take the model: {_in_one_line(error)}. "
            "Check the id, the network, and that you are logged in (`hf auth login`).",
            f"{hub_id}：模型库未接收：{_in_one_line(error)}。"
            "请检查编号、网络，以及是否已登录（`hf auth login`）。",
        ) from error
    return str(address)


def _hub() -> Any:
    try:
        import huggingface_hub
    except ImportError as error:
        raise UsageError(
            "models of the hub need huggingface_hub, which is not installed. "
            "Run: pip install huggingface_hub",
            "使用模型库需要 huggingface_hub，但未安装。请运行：pip install huggingface_hub",
        ) from error
    return huggingface_hub


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")[:300]
