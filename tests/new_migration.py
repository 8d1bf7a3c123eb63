"""``make migration m="what changes"``: a migration from what the tables say and the schema does not.

A PostgreSQL of its own is brought to the last migration and compared. Read what comes out before it
is kept: it knows neither data nor the version that still runs beside it.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.script import ScriptDirectory

from app.store.migration import configuration, migrate
from deploy.postgres import Server


def make(message: str) -> Path:
    """Write the next migration; its number follows the last one's."""
    own = TemporaryDirectory(ignore_cleanup_errors=True)
    with own as directory, Server(Path(directory) / "postgres") as server:
        migrate(server.url)
        config = configuration(server.url)
        last = ScriptDirectory.from_config(config).get_current_head() or "0000"
        number = f"{int(last) + 1:04}"
        config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        made = command.revision(config, message, autogenerate=True, rev_id=number)
    assert made is not None
    assert not isinstance(made, list)
    return Path(made.path)


if __name__ == "__main__":
    if not sys.argv[1:] or not sys.argv[1].strip():
        sys.exit('say what changes: make migration m="calls are counted once each"')
    print(make(sys.argv[1]))
