"""The table of kinds in docs/sources/README.md, made of the adapters: ``python -m tests.source_table``."""

from collections.abc import Iterator

from app.core import events as e
from app.sources.adapter import Adapter, SignedBy
from app.sources.kinds import ADAPTERS
from tests.running import ROOT

INDEX = ROOT / "docs" / "sources" / "README.md"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"
TOLD = {
    "reached out": frozenset({e.ContactReceived.type}),
    "answers": frozenset({e.ContactAnswered.type, e.AgentReplied.type}),
    "wrote again": frozenset({e.CustomerReplied.type}),
    "over": frozenset({e.ContactResolved.type}),
    "gave up": frozenset({e.ContactAbandoned.type, e.ContactMissed.type}),
    "who has it": frozenset({e.ContactTransferred.type}),
    "work": frozenset({e.WorkStarted.type, e.WorkEnded.type}),
    "who is there": frozenset({e.AgentAvailable.type, e.AgentUnavailable.type}),
    "promises": frozenset({e.FollowupPromised.type}),
}
VOUCHED = {
    SignedBy.SECRET: "a secret",
    SignedBy.CERTIFICATE: "the vendor's certificate",
    SignedBy.CONNECTION: "we fetch it",
    SignedBy.NOBODY: "nobody",
}


def row(adapter: Adapter) -> str:
    """One kind: what vouches for it, and what it tells."""
    told = ["yes" if types & adapter.tells else "" for types in TOLD.values()]
    cells = [f"[{adapter.kind}]({adapter.kind}.md)", VOUCHED[adapter.signed_by], *told]
    return f"| {' | '.join(cells)} |"


def table() -> str:
    """All kinds, in the order of the alphabet."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield f"| kind | vouched for by | {' | '.join(TOLD)} |"
    yield "|---" * (2 + len(TOLD)) + "|"
    for kind in sorted(ADAPTERS):
        yield row(ADAPTERS[kind])


def written() -> str:
    """The page with the table of today."""
    before, _, rest = INDEX.read_text().partition(BEGIN)
    return f"{before}{BEGIN}{table()}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    INDEX.write_text(written())
