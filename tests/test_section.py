"""Kinds of values that a recipe has."""

import pytest
from pydantic import ValidationError

from mbert_cli.section import DistinctNames, Section


class Named(Section):
    """A section with names."""

    names: DistinctNames | None = None
    """Names."""


def test_names_are_distinct():
    assert Named(names=["b", "a"]).names == ["b", "a"] and Named().names is None
    with pytest.raises(ValidationError, match=r"names must be distinct\. Received: b, a, b"):
        Named(names=["b", "a", "b"])
