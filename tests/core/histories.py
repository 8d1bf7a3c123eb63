"""Random histories of a customer: every kind of event, over several contacts, facts told twice."""

from datetime import timedelta

from hypothesis import strategies as st

from app.core import events as e
from tests.core.story import DESK, MONDAY

QUARTER = timedelta(minutes=15)
CONTACTS = ("a", "b", "c")
EMAIL = e.Alias(e.AliasKind.EMAIL, "Jo@Acme.test")
PHONE = e.Alias(e.AliasKind.PHONE, "+45 11 22 33 44")

names = st.none() | st.sampled_from(["acme", "jensen"])
agents = st.sampled_from(["kim", "lee"])
teams = st.none() | st.sampled_from(["help", "sales"])
promises = st.none() | st.sampled_from(["p1", "p2"])
dues = st.integers(0, 400).map(lambda n: MONDAY + n * QUARTER)
shared = {
    "channel": st.none() | st.sampled_from(list(e.Channel)),
    "customer": names,
    "team": teams,
    "queue": st.none() | st.sampled_from(["front", "deals"]),
    "aliases": st.sampled_from([(), (EMAIL,), (PHONE, EMAIL)]),
}
directions = st.sampled_from([None, *e.Direction])
states = st.sampled_from([None, None, "pending", "on_hold", "closed"])
reasons = st.sampled_from([None, None, "outbound_call_attempt", "internal_note"])

OF_CONTACT: list[st.SearchStrategy[e.Data]] = [
    st.builds(
        e.ContactReceived, direction=st.sampled_from(list(e.Direction)), state=states, **shared
    ),
    st.builds(e.ContactQueued, via=st.sampled_from([None, *e.QueuedVia]), **shared),
    st.builds(e.CustomerReplied, same_as=st.sampled_from([None, None, *CONTACTS]), **shared),
    st.builds(e.ContactOffered, agent=agents),
    st.builds(e.ContactDeclined, agent=agents),
    st.builds(e.ContactAnswered, agent=agents, direction=directions, team=teams),
    st.builds(e.AgentReplied, agent=agents, actor=st.sampled_from(list(e.Actor)), reason=reasons),
    st.builds(e.ContactHeld, waiting_for=st.sampled_from(list(e.WaitingFor)), state=states),
    st.builds(e.ContactResumed, state=states),
    st.builds(
        e.ContactTransferred,
        team=teams,
        agent=st.none() | agents,
        from_agent=st.none() | agents,
        warm=st.booleans(),
    ),
    st.builds(e.ContactAbandoned),
    st.builds(e.ContactMissed),
    st.builds(e.ContactResolved, outcome=st.sampled_from(list(e.Outcome)), state=states),
    st.builds(e.ContactReopened, state=states),
    st.builds(e.WorkStarted, agent=agents),
    st.builds(e.WorkEnded, agent=agents),
    st.builds(e.FollowupPromised, due=dues, promise=promises, due_team=teams),
    st.builds(e.FollowupMoved, due=dues, promise=promises),
    st.builds(e.FollowupDone, promise=promises),
    st.builds(e.FollowupCancelled, promise=promises),
    st.builds(e.CustomerRated, score=st.floats(1, 5)),
]
ENDING_CONTACTS: list[st.SearchStrategy[e.Data]] = [
    st.builds(e.ContactMerged, into=st.sampled_from(CONTACTS)),
    st.builds(e.ContactDiscarded),
]
OF_CUSTOMER: list[st.SearchStrategy[e.Data]] = [
    st.builds(
        e.CustomerUpdated,
        tier=st.sampled_from([None, "important", "standard", "unheard of"]),
        aliases=st.sampled_from([(), (EMAIL,), (PHONE,)]),
    ),
    st.builds(e.CustomerMerged, into=st.sampled_from(["acme", "jensen"])),
]


@st.composite
def histories(
    draw: st.DrawFn, *, ending: bool = True, registry: bool = True, largest: int = 25
) -> list[e.Event]:
    """Events in the order in which they were drawn, at quarters of an hour, so that ties abound."""
    of_contact = st.one_of(OF_CONTACT + (ENDING_CONTACTS if ending else []))
    subjects = st.sampled_from(CONTACTS)
    told = st.tuples(subjects, of_contact)
    if registry:
        told |= st.tuples(st.sampled_from(["acme", "jensen"]), st.one_of(OF_CUSTOMER))
    facts = st.sampled_from([None, None, None, "f1", "f2"])
    drawn = draw(st.lists(st.tuples(st.integers(36, 250), told, facts), max_size=largest))
    return [
        e.Event(
            source=DESK,
            id=str(number),
            occurred_at=MONDAY + quarter * QUARTER,
            subject=subject,
            data=data,
            fact=fact,
        )
        for number, (quarter, (subject, data), fact) in enumerate(drawn)
    ]
