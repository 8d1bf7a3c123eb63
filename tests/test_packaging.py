"""The files that build and start the service agree with one another."""

import re
from pathlib import Path

from app.settings import Settings

ROOT = Path(__file__).parents[1]


def _pins(name: str) -> set[str]:
    return set(re.findall(r"^[a-z0-9-]+==[^ ;]+", (ROOT / name).read_text(), re.MULTILINE))


def test_what_the_image_runs_is_what_was_tested():
    assert _pins("requirements.runtime.lock") < _pins("requirements.lock")


def test_no_lock_names_a_registry():
    for name in ("requirements.lock", "requirements.runtime.lock"):
        assert "://" not in (ROOT / name).read_text()


def test_every_package_of_a_lock_is_checked_by_hash():
    for name in ("requirements.lock", "requirements.runtime.lock"):
        text = (ROOT / name).read_text()
        packages = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]
        assert all("--hash=sha256:" in package for package in packages)


def test_the_image_copies_what_exists_and_runs_as_nobody_special():
    text = (ROOT / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
    for line in copied:
        for path in line.split()[:-1]:
            assert (ROOT / path).exists(), path
    assert re.search(r"^USER evenhand$", text, re.MULTILINE)


def test_every_setting_says_what_it_is_for():
    assert all(field.description for field in Settings.model_fields.values())
