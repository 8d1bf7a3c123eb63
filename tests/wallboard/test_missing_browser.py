"""Tests that need a browser never pass silently without one."""

import pytest

from tests.browser import chromium_path


def test_a_missing_chromium_fails_by_name(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("ALLOW_MISSING", raising=False)

    with pytest.raises(pytest.fail.Exception, match="Chromium is not installed"):
        chromium_path()


def test_a_missing_chromium_may_be_allowed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("ALLOW_MISSING", "prometheus,chromium")

    with pytest.raises(pytest.skip.Exception, match="ALLOW_MISSING=chromium"):
        chromium_path()
