"""Where the page is made that draws a dashboard: needs Node, and its packages once."""

import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
WORKSHOP = HERE.parents[1] / ".tools" / "pictures"
"""Outside the sources: the packages are half a gigabyte."""
BUILT = WORKSHOP / "built"
PACKAGES = WORKSHOP / "node_modules"
ICONS = PACKAGES / "@grafana" / "ui" / "dist" / "public"
INSTALLED = PACKAGES / ".package-lock.json"
OLDEST_NODE = 20
INSTALL = ("npm", "ci", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund")


class CannotDraw(Exception):  # noqa: N818 - named for the fact
    """Something is missing, or a dashboard cannot be drawn; the message says what."""


def make_page() -> None:
    """Build the page anew where its sources changed; raises ``CannotDraw`` where that fails."""
    _check_node()
    WORKSHOP.mkdir(parents=True, exist_ok=True)
    if _copy(("package.json", "package-lock.json")) or not INSTALLED.exists():
        print("Installing Grafana's components (a minute or two, 600 MB in .tools/pictures) ...")
        _run(*INSTALL)
    sources = [str(path.relative_to(HERE)) for path in HERE.rglob("src/**/*") if path.is_file()]
    if _copy(("build.mjs", "tsconfig.json", *sources)) or not (BUILT / "page.js").exists():
        _run("node", "node_modules/typescript/bin/tsc")
        _run("node", "build.mjs")


def _check_node() -> None:
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise CannotDraw(
                f"{program} is missing: pictures of the dashboards need Node {OLDEST_NODE} or newer "
                "(Debian: apt-get install nodejs npm). Nothing else does."
            )
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)  # noqa: S607 - whichever Node is on the PATH
    if int(said.stdout.strip().lstrip("v").split(".")[0]) < OLDEST_NODE:
        raise CannotDraw(f"Node {OLDEST_NODE} or newer is needed, this is {said.stdout.strip()}")


def _copy(names: tuple[str, ...]) -> bool:
    """Bring the sources to the workshop; whether any of them was new there."""
    changed = False
    for name in names:
        source, copy = HERE / name, WORKSHOP / name
        if not copy.exists() or copy.read_bytes() != source.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
            changed = True
    return changed


def _run(*command: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own commands
        command, cwd=WORKSHOP, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-25:])
        raise CannotDraw(f"{' '.join(command)} failed:\n{said}")
