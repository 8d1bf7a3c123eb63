"""The pictures of the dashboards: kept for each of them, drawn by what is pinned."""

import json
import re
import struct
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from grafana.pictures.rows import rows_of
from tests.dashboards.files import BOARDS
from tests.debian_tools import ROOT

PICTURES = ROOT / "docs" / "pictures"
SOURCES = ROOT / "grafana" / "pictures"
WIDTHS = (1280, 1920)
THEMES = ("dark", "light")
MOST_BYTES = 300_000
NOON = 1_795_176_000
EVERY_KIND = f"""
SELECT to_timestamp({NOON}) AS at, {NOON} AS time, 1.5::numeric AS n, 'x' AS t, true AS b,
  '1 h'::interval AS i
"""


def width_of(png: bytes) -> int:
    signature, _, chunk, width = struct.unpack(">8sI4sI", png[:20])
    assert (signature, chunk) == (b"\x89PNG\r\n\x1a\n", b"IHDR")
    return int(width)


@pytest.mark.requirement(50)
@pytest.mark.parametrize("uid", [board["uid"] for board in BOARDS.values()])
def test_every_dashboard_is_kept_as_a_picture_in_each_size_and_theme(uid):
    kept = {
        (width_of(file.read_bytes()), theme): file.stat().st_size
        for width in WIDTHS
        for theme in THEMES
        for file in [PICTURES / f"{uid}-{width}-{theme}.png"]
    }

    assert set(kept) == {(width, theme) for width in WIDTHS for theme in THEMES}
    assert max(kept.values()) < MOST_BYTES


def test_no_picture_is_kept_of_what_is_no_dashboard():
    uids = {board["uid"] for board in BOARDS.values()}

    assert {file.stem.rsplit("-", 2)[0] for file in PICTURES.glob("*.png")} == uids


@pytest.mark.requirement(50)
def test_every_type_of_panel_on_the_dashboards_is_drawn():
    code = (SOURCES / "src" / "panel.tsx").read_text()
    views = re.search(r"const VIEWS.+?\{(.+?)\};", code, re.DOTALL)
    assert views is not None
    drawn = set(re.findall(r"^ +'?([\w-]+)'?:", views[1], re.MULTILINE))

    used = {panel["type"] for board in BOARDS.values() for panel in board["panels"]}

    assert used - {"row"} <= drawn


def test_grafanas_packages_are_of_one_version_and_everything_is_pinned():
    wanted = json.loads((SOURCES / "package.json").read_text())
    locked = json.loads((SOURCES / "package-lock.json").read_text())["packages"]
    pinned = {**wanted["dependencies"], **wanted["devDependencies"]}

    assert len({pinned[name] for name in pinned if name.startswith("@grafana/")}) == 1
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in pinned.values())
    assert {name: locked[f"node_modules/{name}"]["version"] for name in pinned} == pinned
    assert all("integrity" in told for path, told in locked.items() if path)
    assert "http" not in Path(SOURCES / "package-lock.json").read_text()


async def test_rows_come_with_the_kinds_of_their_columns(database_url: str):
    where = make_url(database_url)
    connection = await asyncpg.connect(
        host=where.query["host"], user=where.username, database=where.database
    )

    found = await rows_of(connection, EVERY_KIND)

    await connection.close()
    kinds = {column["name"]: column["type"] for column in found["columns"]}
    assert kinds == {
        "at": "time",
        "time": "time",
        "n": "number",
        "t": "string",
        "b": "boolean",
        "i": "string",
    }
    assert found["rows"] == [[NOON * 1000, NOON * 1000, 1.5, "x", True, "1:00:00"]]
