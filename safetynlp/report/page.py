"""Fill a template with text that is escaped, under a policy that allows nothing from outside."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from safetynlp.report.visible import visible, visible_html

__all__ = ["LANGUAGE_TAG", "render"]

LANGUAGE_TAG = {"zh": "zh-CN", "en": "en"}


def render(
    template: str, *, styles: Sequence[str], script: str | None = None, **values: Any
) -> str:
    """One page that needs no network.

    Args:
        template, styles, script: names of files of the package; the template gets the content of
            the last two as ``style`` and ``script``, and a Content-Security-Policy that allows
            these by their hashes, and nothing else, as ``policy``.
        values: what else the template is filled with. All but ``Markup`` is escaped.
    """
    style = "\n".join(map(_asset, styles))
    code = _asset(script) if script is not None else None
    scripts = f"script-src '{_hash(code)}'; " if code is not None else ""
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; {scripts}"
        "base-uri 'none'; form-action 'none'"
    )
    return (
        _environment()
        .get_template(template)
        .render(
            **values,
            policy=policy,
            # Nothing else may be marked as safe: these two are files of the package.
            style=Markup(style),
            script=Markup(code or ""),
        )
    )


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_asset),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["shown"] = visible_html  # in content
    environment.filters["plain"] = visible  # in attributes
    return environment


def _asset(name: str) -> str:
    return (resources.files("safetynlp.report") / "templates" / name).read_text("utf-8")


def _hash(content: str) -> str:
    digest = base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest())
    return f"sha256-{digest.decode('ascii')}"
