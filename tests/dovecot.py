"""A real IMAP server (Dovecot) on the loopback, with a mailbox of its own, started in a second."""

import grp
import imaplib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.debian_tools import ROOT, tool
from tests.prometheus import free_port
from tests.serving import LOOK_SECONDS

PASSWORD = "canary-mail-password"  # noqa: S105
USER = "desk"
NOBODY = 65534
PATIENCE = 10.0
CONFIGURATION = """
base_dir = {home}/base
state_dir = {home}/state
log_path = {home}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {group}
first_valid_uid = 1
mail_location = maildir:{home}/mail
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Dovecot:
    """The server, and the mailbox as its owner sees it."""

    port: int
    home: Path

    @contextmanager
    def owner(self) -> Iterator[imaplib.IMAP4]:
        """A mail program that is logged in."""
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=PATIENCE)
        client.login(USER, PASSWORD)
        try:
            yield client
        finally:
            client.logout()

    def put(self, header: str, folder: str = "INBOX", at: str | None = None) -> None:
        """Have a message in a folder; ``at`` as IMAP writes an instant."""
        message = header.strip().replace("\n", "\r\n") + "\r\n\r\nnever stored\r\n"
        with self.owner() as client:
            told = f'"{at}"' if at else ""
            answer, _ = client.append(folder, "", told, message.encode())
            assert answer == "OK"


def _users() -> dict[str, object]:
    """Dovecot wants others than root for what strangers talk to."""
    if os.getuid() != 0:
        me, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
        told: dict[str, object] = {"internal": me, "login": me, "group": group}
        return told | {"uid": os.getuid(), "gid": os.getgid()}
    for folder in (ROOT, *ROOT.parents):
        if not folder.stat().st_mode & 0o001:
            pytest.skip(f"started by root, Dovecot cannot read {folder}")
    told = {"internal": "root", "login": "nobody", "group": "nogroup"}
    return told | {"uid": NOBODY, "gid": NOBODY}


def _once_ready(server: Dovecot, process: subprocess.Popen[bytes]) -> Dovecot:
    """Wait until somebody can log in."""
    give_up_at = time.monotonic() + PATIENCE
    while True:
        try:
            with server.owner():
                return server
        except (OSError, imaplib.IMAP4.error):
            log = server.home / "log"
            told = log.read_text() if log.exists() else ""
            assert process.poll() is None and time.monotonic() < give_up_at, told  # noqa: PT018
            time.sleep(LOOK_SECONDS)


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    """Serve until the block ends; skipped or failed with a word where it is not installed."""
    binary, users, port = tool("dovecot"), _users(), free_port()
    home = Path(tempfile.mkdtemp(prefix="evenhand-dovecot-"))
    home.chmod(0o755)
    try:
        (home / "mail").mkdir()
        if os.getuid() == 0:
            os.chown(home / "mail", NOBODY, NOBODY)
        configuration = home / "dovecot.conf"
        told = {"home": home, "port": port, "password": PASSWORD, **users}
        configuration.write_text(CONFIGURATION.format(**told))
        server = subprocess.Popen([binary, "-F", "-c", str(configuration)])
        try:
            yield _once_ready(Dovecot(port, home), server)
        finally:
            server.terminate()
            server.wait(PATIENCE)
    finally:
        shutil.rmtree(home, ignore_errors=True)
