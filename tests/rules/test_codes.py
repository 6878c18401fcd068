"""Codes and free text from outside."""

from __future__ import annotations

import pytest

from graph_api.errors import Invalid
from graph_api.rules.codes import code_error, text_error


def told(error: Invalid | None) -> tuple[str, list[str] | None] | None:
    return None if error is None else (error.message, error.field)


@pytest.mark.parametrize("code", ["a", "otc-6", "推广员 1", "x" * 128])
def test_a_code_is_printable(code: str) -> None:
    assert code_error(code, field="code") is None


@pytest.mark.parametrize("code", ["", "x" * 129])
def test_a_code_has_a_length(code: str) -> None:
    assert told(code_error(code, field="sku")) == ("sku must be 1-128 characters", ["sku"])


@pytest.mark.parametrize("code", [" a", "a ", "a\n", "a\tb", "\u200b", " "])
def test_a_code_has_no_space_around_it_and_nothing_unprintable(code: str) -> None:
    assert told(code_error(code, field="sku")) == ("sku has spaces around it or unprintable characters", ["sku"])


@pytest.mark.parametrize("text", [None, ""])
def test_text_may_be_missing_unless_it_is_required(text: str | None) -> None:
    assert text_error(text, field="title") is None
    assert told(text_error(text, field="title", required=True)) == ("title is missing", ["title"])


@pytest.mark.parametrize("text", [" ", "~", "推广", "\x80", "x" * 512])
def test_text_is_free(text: str) -> None:
    assert text_error(text, field="title") is None
    assert text_error(text, field="title", required=True) is None


def test_text_has_a_length() -> None:
    assert told(text_error("x" * 513, field="title")) == ("title is longer than 512 characters", ["title"])


@pytest.mark.parametrize("text", ["a\nb", "a\x00", "\x1f", "\x7f"])
def test_text_has_no_control_characters(text: str) -> None:
    assert told(text_error(text, field="title")) == ("title has control characters", ["title"])
