"""A contact that several sources tell of: what one tells takes nothing back of what another told."""

from app.core.replay import Terms
from app.core.source import CANONICAL_KIND, Source
from app.store.engine import Database
from tests.conftest import NOON
from tests.store.desk import Desk, terms

PHONE = Source(
    id="phone",
    kind="twilio",
    tells=frozenset({"contact.received", "contact.answered"}),
    teams={"501": "hotline"},
)
TASKS = Source(
    id="tasks", kind="twilio", tells=frozenset({"contact.queued"}), teams={"7": "support"}
)
NOTES = Source(id="promises", kind=CANONICAL_KIND)
BY = Terms(terms().policies, {source.event_source: source for source in (PHONE, TASKS, NOTES)})
CALLED = {"source": PHONE.event_source, "team": "501", "channel": "phone"}
SAME_AS = f"{PHONE.event_source} c1"


async def test_a_promise_noted_elsewhere_takes_back_no_first_response(db: Database):
    desk = Desk(db, BY)
    await desk.tell("contact.received", "c1", 0, **CALLED)
    await desk.tell("contact.answered", "c1", 10, **CALLED)
    await desk.settle()

    due = NOON.replace(hour=15).isoformat()
    note = {"source": NOTES.event_source, "same_as": SAME_AS, "due": due}
    await desk.tell("followup.promised", "d1", 60, **note)
    await desk.settle()

    assert [await desk.tallied(what) for what in ("settled", "unsettled")] == [1, 0]
    await desk.assert_sound()


async def test_a_contact_waits_in_the_pool_of_the_team_that_any_of_its_sources_names(db: Database):
    desk = Desk(db, BY)
    await desk.tell("contact.received", "c1", 0, **CALLED)
    task = {"source": TASKS.event_source, "same_as": SAME_AS, "team": "7"}
    await desk.tell("contact.queued", "t1", 10, **task)
    await desk.settle()

    assert await desk.rows("SELECT team FROM contacts") == [("support",)]
    assert await desk.rows("SELECT DISTINCT team FROM pool_news") == [("support",)]
