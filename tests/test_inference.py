"""docs/inference.md names what is concluded; each conclusion has the tests that it names."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOC = (ROOT / "docs" / "inference.md").read_text()


def test_every_test_that_the_page_names_exists():
    named = set(re.findall(r"`(test_[a-z_0-9]+)`", DOC))
    written = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE)
    }

    assert len(named) > 10
    assert named <= written


def test_every_file_that_the_page_names_exists():
    files = re.findall(r"`(tests/[\w/.]+)`|\]\(([\w/.]+)\)", DOC)

    missing = [one or "docs/" + other for one, other in files]
    assert [name for name in missing if not (ROOT / name).exists()] == []
