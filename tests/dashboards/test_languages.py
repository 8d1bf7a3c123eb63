"""The dashboards speak Danish and Norwegian, and nothing but words changes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from grafana.translation import FOLDER, LANGUAGES, placeholders, reworded, table, texts, translated
from tests.dashboards.files import BOARDS, Panel
from tests.dashboards.files import FOLDER as BUILT

EVERY = pytest.mark.parametrize("language", LANGUAGES)
TEXTS = set().union(*(texts(board) for board in BOARDS.values()))
LONGEST_TITLE = 18
"""Characters that a tile has room for on a screen of 1280 pixels."""
ENGLISH = {" the ", " is ", " of ", " and ", " not ", " was "}


@EVERY
def test_every_text_has_a_translation_and_none_is_left_over(language):
    words = table(language)

    assert sorted(TEXTS - words.keys()) == []
    assert sorted(words.keys() - TEXTS) == []
    assert all(words.values())


@EVERY
def test_what_grafana_fills_in_survives_translation(language):
    lost = {
        text: said
        for text, said in table(language).items()
        if placeholders(text) != placeholders(said)
    }

    assert lost == {}
    assert [text for text in TEXTS if placeholders(text)]


@EVERY
def test_a_line_s_name_ends_in_its_tier_so_that_it_keeps_its_colour(language):
    names = [said for text, said in table(language).items() if text.endswith("{{tier}}")]

    assert names
    assert all(name.endswith(" {{tier}}") for name in names)


@EVERY
def test_no_sentence_is_left_in_english(language):
    words = table(language)

    assert [said for said in words.values() if any(word in said for word in ENGLISH)] == []
    assert [text for text, said in words.items() if said == text and len(text.split()) > 3] == []


@EVERY
def test_different_states_and_columns_stay_different(language):
    words = table(language)

    for board in BOARDS.values():
        for panel in board["panels"]:
            for said in named_together(panel):
                assert len({words.get(each, each) for each in said}) == len(set(said))


def named_together(panel: Panel) -> list[list[str]]:
    """The words that must not be taken for one another: columns, states, values of a panel."""
    shapes = [each.get("options", {}) for each in panel.get("transformations", ())]
    mappings = panel["fieldConfig"]["defaults"].get("mappings", ())
    return [
        *([*shape.get("renameByName", {}).values()] for shape in shapes),
        *([*words_of(mapping)] for mapping in mappings),
        [target.get("legendFormat", "") for target in panel["targets"]],
    ]


def words_of(mapping: Panel) -> Iterator[str]:
    """The words of states; what only gives a colour to the unknown has none."""
    if mapping["type"] == "value":
        yield from (each["text"] for each in mapping["options"].values())


@EVERY
def test_a_tile_s_title_fits_in_every_language(language):
    words = table(language)
    panels = [panel for board in BOARDS.values() for panel in board["panels"]]
    tiles = [panel["title"] for panel in panels if panel["gridPos"]["y"] == 0]

    said = [*tiles, *(words[title] for title in tiles)]
    assert [title for title in said if len(title) > LONGEST_TITLE] == []


@EVERY
@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_nothing_but_words_changes(language, board):
    said = translated(board, table(language))

    assert said != board
    assert reworded(said, lambda _: "") == reworded(board, lambda _: "")


@EVERY
def test_the_settings_of_a_column_follow_its_new_name(language):
    words = table(language)

    board = translated(BOARDS["now"], words)

    [shown] = [panel for panel in board["panels"] if panel["id"] == 7]
    english = next(panel for panel in BOARDS["now"]["panels"] if panel["id"] == 7)
    renamed_in_english = english["transformations"][1]["options"]["renameByName"].values()
    columns = {each["matcher"]["options"] for each in shown["fieldConfig"]["overrides"]}
    renamed = set(shown["transformations"][1]["options"]["renameByName"].values())
    assert columns == renamed == {words[name] for name in renamed_in_english}
    assert [each["displayName"] for each in shown["options"]["sortBy"]] == [
        words["Of the promise"],
        words["Time left"],
    ]


def test_a_text_without_a_translation_is_refused():
    words = table("da")
    words.pop("Late now")

    with pytest.raises(KeyError, match="Late now"):
        translated(BOARDS["now"], words)


@EVERY
def test_the_tables_are_in_order(language):
    keys = list(json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8")))

    assert all(one < next_one for one, next_one in pairwise(keys))


def built(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grafana.build", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_build_writes_another_language_to_a_folder_of_its_own(tmp_path):
    result = built("--language", "da", "--out", tmp_path / "danish")

    assert result.returncode == 0, result.stderr
    written = {path.name for path in (tmp_path / "danish").glob("*.json")}
    assert written == {f"{board['uid']}.json" for board in BOARDS.values()}
    said = json.loads((tmp_path / "danish" / "evenhand-now.json").read_text(encoding="utf-8"))
    assert said == translated(BOARDS["now"], table("da"))


def test_the_build_puts_a_site_s_own_addresses_in(tmp_path):
    docs, board = "https://docs.example/evenhand", "https://board.example"

    result = built("--docs-url", docs, "--wallboard-url", f"{board}/", "--out", tmp_path)

    assert result.returncode == 0, result.stderr
    said = (tmp_path / "evenhand-now.json").read_text(encoding="utf-8")
    shown = json.loads(said)
    found = {each["name"]: each["query"] for each in shown["templating"]["list"]}
    assert (found["docs_url"], found["wallboard_url"]) == (docs, board)
    kept = (BUILT / "evenhand-now.json").read_text(encoding="utf-8")
    changed = [
        one for one, was in zip(said.splitlines(), kept.splitlines(), strict=True) if one != was
    ]
    assert len(changed) == 2


def test_the_build_does_not_put_a_site_s_addresses_into_the_committed_files():
    result = built("--docs-url", "https://docs.example")

    assert result.returncode != 0
    assert "--out" in result.stderr


def test_the_build_does_not_put_another_language_in_the_place_of_english():
    result = built("--language", "nb")

    assert result.returncode != 0
    assert "--out" in result.stderr
