"""What does Evenhand measure about the work: names, helps, labels and buckets.

A business family describes the database, so every replica shows the same and readers take ``max``.
What one process did is in ``process_families``.
"""

from bisect import bisect_left
from collections.abc import Iterable
from math import inf

from app.metrics.family import counter, gauge, histogram, info

GROUP = ("channel", "team", "tier")
CLOCK_GROUP = ("channel", "team", "tier", "clock")
WARNING_GROUP = (*CLOCK_GROUP, "level")
RESPONSE_GROUP = ("channel", "tier", "clock")
TEAM_CHANNEL = ("team", "channel")
TEAM_CHANNEL_CLOCK = ("team", "channel", "clock")
TEAM_TIER = ("team", "tier")
TEAM_TIER_CAUSE = (*TEAM_TIER, "cause")

RESPONSE_GRID = (
    *(5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0),
    *(900.0, 1800.0, 3600.0, 14400.0, 28800.0, 86400.0),
)
"""Upper edges, in seconds, that every response-time bucket row has whatever the policy says."""


def response_edges(thresholds: Iterable[float]) -> tuple[float, ...]:
    """The upper edges of ``evenhand_response_seconds``, ascending, ending in infinity.

    All label sets share them: edges of one policy rule only would make sums by ``le`` wrong.
    """
    return tuple(sorted({*RESPONSE_GRID, *thresholds, inf}))


def edge_of(seconds: float, edges: tuple[float, ...]) -> float:
    """The bucket that counts ``seconds``: an answer exactly on the edge is within it."""
    return edges[bisect_left(edges, seconds)]


SNAPSHOT_TIMESTAMP = gauge(
    "snapshot_timestamp_seconds", "When the numbers on this page were read, in Unix time."
)
SERIES_DROPPED = counter(
    "series_dropped_total",
    "Series left out because a page was full, counted again at each reading of the numbers.",
)
QUARANTINED = gauge(
    "events_quarantined", "Deliveries that could not be read and are kept for a second try."
)
SET_ASIDE = gauge(
    "keys_set_aside", "Contacts and customers whose events could not be worked out, kept apart."
)
INVARIANTS_BROKEN = gauge(
    "invariants_broken", "Rules about the stored data that do not hold; always 0 when all is well."
)
POLICY_VERSION = gauge("policy_version", "The version of the policy that is in force.")
OLDEST_TOUCHED = gauge(
    "oldest_touched_timestamp_seconds",
    "Since when the oldest news waits to be worked out, in Unix time; absent when none does.",
)
SOURCE_LAST_EVENT = gauge(
    "source_last_event_timestamp_seconds",
    "When the source was last heard, in Unix time; absent until it was.",
    *("source", "channel"),
)
SOURCE_SILENT_AFTER = gauge(
    "source_silent_after_timestamp_seconds",
    "When the silence of the source becomes suspicious, by its own opening hours, in Unix time.",
    *("source", "channel"),
)
SOURCE_KEPT = gauge(
    "source_deliveries_kept",
    "Deliveries of the source that could not be read and are kept, by why.",
    *("source", "reason"),
)
CONTACTS_WAITING = gauge(
    "contacts_waiting", "Contacts that are owed an answer by a human, in open hours.", *GROUP
)
OLDEST_WAITING = gauge(
    "oldest_waiting_timestamp_seconds",
    "Since when the longest waiting contact waits, in Unix time; absent when nobody waits.",
    *GROUP,
)
CLOCKS_OVERDUE = gauge(
    "clocks_overdue", "Promises that are already late and still not answered.", *CLOCK_GROUP
)
CLOCKS_OVERDUE_PAGEABLE = gauge(
    "clocks_overdue_pageable",
    "Late promises that somebody should be told of now: of teams that are open, not paused, and just "
    "after an opening only those that began since.",
    *CLOCK_GROUP,
)
CLOCKS_OVERDUE_AT_OPENING = gauge(
    "clocks_overdue_at_opening",
    "Late promises that began before the opening, while the team still works them off.",
    *CLOCK_GROUP,
)
CLOCKS_LATE_SOON = gauge(
    "clocks_late_soon",
    "Promises not late yet whose time is over within a quarter of an hour.",
    *CLOCK_GROUP,
)
CLOCKS_DUE_BEFORE_CLOSING = gauge(
    "clocks_due_before_closing",
    "In the last minutes before a closing: promises whose time is over at the closing. What is open "
    "then is late in the first second of the next opening.",
    *CLOCK_GROUP,
)
NEXT_BREACH = gauge(
    "next_breach_timestamp_seconds",
    "The earliest instant at which a promise breaks, in Unix time, opening hours and pauses"
    " counted in; absent when nothing runs.",
    *CLOCK_GROUP,
)
TARGET_SECONDS = gauge(
    "target_seconds", "What the policy promises, in seconds of open time.", *CLOCK_GROUP
)
TARGET_RATIO = gauge(
    "target_ratio", "The share of promises that the policy wants kept, 0 to 1.", *CLOCK_GROUP
)
PROMISES_OPEN = gauge(
    "promises_open", "Follow-ups promised to customers and not yet made.", *TEAM_CHANNEL
)
PROMISES_DUE_TODAY = gauge(
    "promises_due_today", "Open promised follow-ups that are due today.", *TEAM_CHANNEL
)
PROMISES_OVERDUE = gauge(
    "promises_overdue", "Open promised follow-ups whose time has passed.", *TEAM_CHANNEL
)
CALLBACKS_OPEN = gauge(
    "callbacks_open",
    "Customers who did not get through, or were turned away, and have not been called back.",
    *TEAM_CHANNEL,
)
TODAY_SETTLED = gauge(
    "today_settled",
    "Promises judged of those that began since the team's midnight.",
    *TEAM_CHANNEL_CLOCK,
)
TODAY_LATE = gauge(
    "today_late",
    "Promises broken of those that began since the team's midnight.",
    *TEAM_CHANNEL_CLOCK,
)
TODAY_LATE_LEFT = gauge(
    "today_late_left",
    "How many promises more may break today so that the share wanted is still reached, if today "
    "brings as much work as the same day last week; below zero: missed by so many.",
    *TEAM_CHANNEL_CLOCK,
)
CONTACTS_RECEIVED = gauge(
    "contacts_received_recent",
    "Contacts that came in in the last quarter of an hour.",
    *TEAM_CHANNEL,
)
INFERRED = gauge(
    "contacts_inferred",
    "Open contacts of which something was concluded that no tool told: that the customer was "
    "turned away, or what came before the first news.",
    *TEAM_CHANNEL,
)
TURNED_AWAY = counter(
    "contacts_turned_away_total",
    "Contacts whose customer was told no or answered and not helped, as told or as inferred.",
    *TEAM_CHANNEL,
)
CALLS = {
    name: counter(f"calls_{name}_total", said, *TEAM_TIER)
    for name, said in (
        ("offered", "Calls whose wait for a human has ended, however it did."),
        ("answered", "Calls that a human took."),
        ("answered_within", "Calls that a human took within what was promised."),
        ("abandoned", "Calls given up before a human took them."),
        ("abandoned_short", "Calls given up at once, as the policy says (clocks.short_abandon)."),
        ("abandoned_within", "Calls given up within what was promised."),
        ("abandoned_after", "Calls given up after what was promised."),
        ("callback_queued", "Calls given up for a call back that keeps the caller's place."),
    )
}
"""The raw counters of the phone's service level, by the names of ``core.service_level``."""
EPISODES_OPEN = gauge(
    "starvation_episodes_open",
    "How many customers or tiers the team serves first right now, beyond what was agreed.",
    "team",
)
CUSTOMERS_WAITING = gauge(
    "starvation_customers_waiting",
    "Customers who wait right now because somebody else is served first.",
    "team",
)
EXTRA_WAIT = gauge(
    "starvation_extra_wait_seconds",
    "How much longer than in turn others have waited, while somebody is served first.",
    "team",
)
FREE_WHILE_WAITING = gauge(
    "agents_free_while_waiting",
    "People who are free while somebody they could serve waits; absent where nobody tells who"
    " is there.",
    "team",
)
AGENTS = gauge(
    "agents",
    "People by what they do now: on_contact, ringing, wrap_up, free, away, or unknown where nobody "
    "tells who is there.",
    *("team", "state"),
)
OUT_OF_TURN = counter(
    "out_of_turn_starts_total",
    "Contacts taken before their turn, a day ago and earlier: what late news changes no more.",
    *GROUP,
)
OUT_OF_TURN_RECENT = gauge(
    "out_of_turn_starts_recent",
    "Contacts taken before their turn in the last day; add the total for all.",
    *GROUP,
)
WAIT_SECONDS = counter(
    "wait_seconds_total",
    "All waiting by what it was due to, a day ago and earlier: what late news changes no more.",
    *TEAM_TIER_CAUSE,
)
WAIT_SECONDS_RECENT = gauge(
    "wait_seconds_recent",
    "All waiting of the last day by what it is due to; add the total for all.",
    *TEAM_TIER_CAUSE,
)
NOT_MEASURABLE = gauge(
    "contacts_not_measurable",
    "Open contacts whose tool cannot tell when they were answered; neither kept nor late.",
    *TEAM_CHANNEL,
)
LOST_TRACK = gauge(
    "contacts_lost_track",
    "Contacts silent for so long that they are out of all counts.",
    *TEAM_CHANNEL,
)
UNTOLD = gauge(
    "contacts_untold",
    "Open contacts whose customer heard from us last and was not told when she hears from us next.",
    *TEAM_CHANNEL,
)
CLOCKS_UNSETTLED = counter(
    "clocks_unsettled_total",
    "Promises that were decided and count no more: the customer was turned away, or the contact "
    "discarded, merged or reopened.",
    *CLOCK_GROUP,
)
CLOCKS_SETTLED = counter(
    "clocks_settled_total",
    "Promises judged: answered, or broken while still waiting.",
    *CLOCK_GROUP,
)
CLOCKS_BREACHED = counter(
    "clocks_breached_total", "Promises broken, counted the moment they broke.", *CLOCK_GROUP
)
BREACHES_WITHDRAWN = counter(
    "breaches_withdrawn_total",
    "Broken promises taken back because they are not broken after all: late news, or another "
    "version of the policy.",
    *CLOCK_GROUP,
)
WARNINGS = counter(
    "warnings_total",
    "Levels of warning that promises came to: so near their end, or so long after it.",
    *WARNING_GROUP,
)
RESPONSE_SECONDS = histogram(
    "response_seconds",
    "How long promises took to be answered, in seconds of open time.",
    RESPONSE_GRID,
    *RESPONSE_GROUP,
)

BUSINESS = (
    *(SNAPSHOT_TIMESTAMP, QUARANTINED, SET_ASIDE, INVARIANTS_BROKEN),
    *(POLICY_VERSION, OLDEST_TOUCHED),
    *(SOURCE_LAST_EVENT, SOURCE_SILENT_AFTER, SOURCE_KEPT, TARGET_SECONDS, TARGET_RATIO),
    *(CONTACTS_WAITING, OLDEST_WAITING),
    *(EPISODES_OPEN, CUSTOMERS_WAITING, EXTRA_WAIT, FREE_WHILE_WAITING, AGENTS),
    *(CLOCKS_OVERDUE, CLOCKS_OVERDUE_PAGEABLE, CLOCKS_OVERDUE_AT_OPENING),
    *(CLOCKS_LATE_SOON, CLOCKS_DUE_BEFORE_CLOSING),
    *(NEXT_BREACH, CLOCKS_SETTLED, CLOCKS_UNSETTLED),
    *(CLOCKS_BREACHED, BREACHES_WITHDRAWN),
    *(PROMISES_OPEN, PROMISES_DUE_TODAY, PROMISES_OVERDUE, NOT_MEASURABLE, LOST_TRACK, UNTOLD),
    *(CALLBACKS_OPEN, TURNED_AWAY, INFERRED, CONTACTS_RECEIVED),
    *(TODAY_SETTLED, TODAY_LATE, TODAY_LATE_LEFT),
    RESPONSE_SECONDS,
    *(OUT_OF_TURN, OUT_OF_TURN_RECENT, WAIT_SECONDS, WAIT_SECONDS_RECENT, WARNINGS),
    *CALLS.values(),
    SERIES_DROPPED,
)
"""Everything on /metrics that describes the database, in the order of the page."""

CUSTOMER_GROUP = ("customer", "channel", "team", "tier")
CUSTOMER_WAITING = gauge(
    "customer_contacts_waiting",
    "Contacts of this customer that are owed an answer; other = all customers not named here.",
    *CUSTOMER_GROUP,
)
CUSTOMER_NEXT_BREACH = gauge(
    "customer_next_breach_timestamp_seconds",
    "When the next promise to this customer breaks, in Unix time; absent when nothing runs.",
    *CUSTOMER_GROUP,
)
CUSTOMER_INFO = info(
    "customer_info", "Tier and team of a customer who waits.", *("customer", "tier", "team")
)
CUSTOMERS_IN_OTHER = gauge(
    "customers_in_other", "Waiting customers that are counted under other for want of room."
)

CUSTOMERS = (CUSTOMER_WAITING, CUSTOMER_NEXT_BREACH, CUSTOMER_INFO, CUSTOMERS_IN_OTHER)
"""Everything on /metrics/customers: gauges of the present only."""

OTHER = "other"
"""The value that stands for whatever a closed set of label values does not hold."""
