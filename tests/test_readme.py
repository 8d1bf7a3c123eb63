"""What the README says to paste works as pasted."""

import re
from pathlib import Path

from app.metrics import families, process_families
from app.settings import Settings

README = (Path(__file__).parents[1] / "README.md").read_text()
ROOT = Path(__file__).parents[1]


def test_every_file_that_the_readme_links_exists():
    links = re.findall(r"\]\(([^)#]+)", README)

    missing = [link for link in links if "://" not in link and not (ROOT / link).exists()]

    assert links
    assert missing == []


def test_every_command_of_the_readme_is_a_target_of_make():
    makefile = (ROOT / "Makefile").read_text()

    for target in set(re.findall(r"\bmake ([a-z]+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_variables_that_the_readme_names_are_settings():
    named = set(re.findall(r"EVENHAND_([A-Z_]+)", README))

    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_the_metrics_of_the_readme_exist():
    told = (*families.BUSINESS, *families.CUSTOMERS, *process_families.PROCESS)

    assert set(re.findall(r"`(evenhand_[a-z_]+)`", README)) <= {family.name for family in told}
