"""What does Evenhand measure: every metric name, help, label, bucket and closed set of label values.

A business family describes the database, so every replica shows the same and readers take ``max``.
A process family (``evenhand_process_*``) counts what one process did, so readers take ``sum``.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from math import inf


class Kind(StrEnum):
    """What the numbers of a family may do."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric. ``name`` is what queries use, ``_total`` or ``_info`` included."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()

    @property
    def base(self) -> str:
        """The name without the ending that its kind adds."""
        match self.kind:
            case Kind.COUNTER:
                return self.name.removesuffix("_total")
            case Kind.INFO:
                return self.name.removesuffix("_info")
            case Kind.GAUGE | Kind.HISTOGRAM:
                return self.name


def _counter(name: str, text: str, *labels: str) -> Family:
    return Family(f"evenhand_{name}", Kind.COUNTER, text, labels)


def _gauge(name: str, text: str, *labels: str) -> Family:
    return Family(f"evenhand_{name}", Kind.GAUGE, text, labels)


def _info(name: str, text: str, *labels: str) -> Family:
    return Family(f"evenhand_{name}", Kind.INFO, text, labels)


def _histogram(name: str, text: str, edges: tuple[float, ...], *labels: str) -> Family:
    return Family(f"evenhand_{name}", Kind.HISTOGRAM, text, labels, edges)


GROUP = ("channel", "team", "tier")
CLOCK_GROUP = ("channel", "team", "tier", "clock")
WARNING_GROUP = (*CLOCK_GROUP, "level")
RESPONSE_GROUP = ("channel", "tier", "clock")
TEAM_CHANNEL = ("team", "channel")
TEAM_TIER_CAUSE = ("team", "tier", "cause")

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


SNAPSHOT_TIMESTAMP = _gauge(
    "snapshot_timestamp_seconds", "When the numbers on this page were read, in Unix time."
)
SERIES_DROPPED = _counter(
    "series_dropped_total",
    "Series left out because a page was full, counted again at each reading of the numbers.",
)
QUARANTINED = _gauge(
    "events_quarantined", "Deliveries that could not be read and are kept for a second try."
)
SET_ASIDE = _gauge(
    "keys_set_aside", "Contacts and customers whose events could not be worked out, kept apart."
)
INVARIANTS_BROKEN = _gauge(
    "invariants_broken", "Rules about the stored data that do not hold; always 0 when all is well."
)
SOURCE_LAST_EVENT = _gauge(
    "source_last_event_timestamp_seconds",
    "When the source was last heard, in Unix time; absent until it was.",
    *("source", "channel"),
)
SOURCE_SILENT_AFTER = _gauge(
    "source_silent_after_timestamp_seconds",
    "When the silence of the source becomes suspicious, by its own opening hours, in Unix time.",
    *("source", "channel"),
)
CONTACTS_WAITING = _gauge(
    "contacts_waiting", "Contacts that are owed an answer by a human, in open hours.", *GROUP
)
OLDEST_WAITING = _gauge(
    "oldest_waiting_timestamp_seconds",
    "Since when the longest waiting contact waits, in Unix time; absent when nobody waits.",
    *GROUP,
)
CLOCKS_OVERDUE = _gauge(
    "clocks_overdue", "Promises that are already late and still not answered.", *CLOCK_GROUP
)
NEXT_BREACH = _gauge(
    "next_breach_timestamp_seconds",
    "The earliest instant at which a promise breaks, in Unix time, opening hours and pauses"
    " counted in; absent when nothing runs.",
    *CLOCK_GROUP,
)
TARGET_SECONDS = _gauge(
    "target_seconds", "What the policy promises, in seconds of open time.", *RESPONSE_GROUP
)
TARGET_RATIO = _gauge(
    "target_ratio", "The share of promises that the policy wants kept, 0 to 1.", *RESPONSE_GROUP
)
PROMISES_OPEN = _gauge(
    "promises_open", "Follow-ups promised to customers and not yet made.", *TEAM_CHANNEL
)
PROMISES_DUE_TODAY = _gauge(
    "promises_due_today", "Open promised follow-ups that are due today.", *TEAM_CHANNEL
)
PROMISES_OVERDUE = _gauge(
    "promises_overdue", "Open promised follow-ups whose time has passed.", *TEAM_CHANNEL
)
CALLBACKS_OPEN = _gauge(
    "callbacks_open",
    "Customers who did not get through, or were turned away, and have not been called back.",
    *TEAM_CHANNEL,
)
TURNED_AWAY = _counter(
    "contacts_turned_away_total",
    "Contacts whose customer was told no or answered and not helped, as told or as inferred.",
    *TEAM_CHANNEL,
)
CALLS = {
    name: _counter(f"calls_{name}_total", said, "team", "tier")
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
EPISODES_OPEN = _gauge(
    "starvation_episodes_open",
    "How many customers or tiers the team serves first right now, beyond what was agreed.",
    "team",
)
CUSTOMERS_WAITING = _gauge(
    "starvation_customers_waiting",
    "Customers who wait right now because somebody else is served first.",
    "team",
)
EXTRA_WAIT = _gauge(
    "starvation_extra_wait_seconds",
    "How much longer than in turn others have waited, while somebody is served first.",
    "team",
)
FREE_WHILE_WAITING = _gauge(
    "agents_free_while_waiting",
    "People who are free while somebody they could serve waits; absent where nobody tells who"
    " is there.",
    "team",
)
OUT_OF_TURN = _counter(
    "out_of_turn_starts_total",
    "Contacts taken before their turn, a day ago and earlier: what late news changes no more.",
    *GROUP,
)
OUT_OF_TURN_RECENT = _gauge(
    "out_of_turn_starts_recent",
    "Contacts taken before their turn in the last day; add the total for all.",
    *GROUP,
)
WAIT_SECONDS = _counter(
    "wait_seconds_total",
    "All waiting by what it was due to, a day ago and earlier: what late news changes no more.",
    *TEAM_TIER_CAUSE,
)
WAIT_SECONDS_RECENT = _gauge(
    "wait_seconds_recent",
    "All waiting of the last day by what it is due to; add the total for all.",
    *TEAM_TIER_CAUSE,
)
NOT_MEASURABLE = _gauge(
    "contacts_not_measurable",
    "Open contacts whose tool cannot tell when they were answered; neither kept nor late.",
    *TEAM_CHANNEL,
)
LOST_TRACK = _gauge(
    "contacts_lost_track",
    "Contacts silent for so long that they are out of all counts.",
    *TEAM_CHANNEL,
)
UNTOLD = _gauge(
    "contacts_untold",
    "Open contacts whose customer heard from us last and was not told when she hears from us next.",
    *TEAM_CHANNEL,
)
CLOCKS_UNSETTLED = _counter(
    "clocks_unsettled_total",
    "Promises that were decided and count no more: the customer was turned away, or the contact "
    "discarded, merged or reopened.",
    *CLOCK_GROUP,
)
CLOCKS_SETTLED = _counter(
    "clocks_settled_total",
    "Promises judged: answered, or broken while still waiting.",
    *CLOCK_GROUP,
)
CLOCKS_BREACHED = _counter(
    "clocks_breached_total", "Promises broken, counted the moment they broke.", *CLOCK_GROUP
)
BREACHES_WITHDRAWN = _counter(
    "breaches_withdrawn_total",
    "Broken promises taken back because they are not broken after all: late news, or another "
    "version of the policy.",
    *CLOCK_GROUP,
)
WARNINGS = _counter(
    "warnings_total",
    "Levels of warning that promises came to: so near their end, or so long after it.",
    *WARNING_GROUP,
)
RESPONSE_SECONDS = _histogram(
    "response_seconds",
    "How long promises took to be answered, in seconds of open time.",
    RESPONSE_GRID,
    *RESPONSE_GROUP,
)

BUSINESS = (
    *(SNAPSHOT_TIMESTAMP, QUARANTINED, SET_ASIDE, INVARIANTS_BROKEN),
    *(SOURCE_LAST_EVENT, SOURCE_SILENT_AFTER, TARGET_SECONDS, TARGET_RATIO),
    *(CONTACTS_WAITING, OLDEST_WAITING),
    *(EPISODES_OPEN, CUSTOMERS_WAITING, EXTRA_WAIT, FREE_WHILE_WAITING),
    *(CLOCKS_OVERDUE, NEXT_BREACH, CLOCKS_SETTLED, CLOCKS_UNSETTLED),
    *(CLOCKS_BREACHED, BREACHES_WITHDRAWN),
    *(PROMISES_OPEN, PROMISES_DUE_TODAY, PROMISES_OVERDUE, NOT_MEASURABLE, LOST_TRACK, UNTOLD),
    *(CALLBACKS_OPEN, TURNED_AWAY),
    RESPONSE_SECONDS,
    *(OUT_OF_TURN, OUT_OF_TURN_RECENT, WAIT_SECONDS, WAIT_SECONDS_RECENT, WARNINGS),
    *CALLS.values(),
    SERIES_DROPPED,
)
"""Everything on /metrics that describes the database, in the order of the page."""

CUSTOMER_GROUP = ("customer", "channel", "team", "tier")
CUSTOMER_WAITING = _gauge(
    "customer_contacts_waiting",
    "Contacts of this customer that are owed an answer; other = all customers not named here.",
    *CUSTOMER_GROUP,
)
CUSTOMER_NEXT_BREACH = _gauge(
    "customer_next_breach_timestamp_seconds",
    "When the next promise to this customer breaks, in Unix time; absent when nothing runs.",
    *CUSTOMER_GROUP,
)
CUSTOMER_INFO = _info(
    "customer_info", "Tier and team of a customer who waits.", *("customer", "tier", "team")
)
CUSTOMERS_IN_OTHER = _gauge(
    "customers_in_other", "Waiting customers that are counted under other for want of room."
)

CUSTOMERS = (CUSTOMER_WAITING, CUSTOMER_NEXT_BREACH, CUSTOMER_INFO, CUSTOMERS_IN_OTHER)
"""Everything on /metrics/customers: gauges of the present only."""


OTHER = "other"
"""The value that stands for whatever a closed set of label values does not hold."""

API_SOURCE = "api"
"""The ``source`` of events that came through the events API, whoever sent them."""


class Door(StrEnum):
    """Where an HTTP request came in."""

    EVENTS = "events"
    HOOKS = "hooks"
    API = "api"
    METRICS = "metrics"
    WALLBOARD = "wallboard"
    OPS = "ops"


class Rejection(StrEnum):
    """Why an event was not taken."""

    MALFORMED = "malformed"
    INVALID = "invalid"
    FUTURE = "future"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    UNREADABLE = "unreadable"
    FORBIDDEN = "forbidden"


class Limit(StrEnum):
    """Which limit of our own was reached."""

    BODY_BYTES = "body_bytes"
    BATCH_EVENTS = "batch_events"
    INTAKE_QUEUE = "intake_queue"
    LIVE_SUBSCRIBERS = "live_subscribers"
    CONTACT_EVENTS = "contact_events"
    SERIES = "series"


class Code(IntEnum):
    """The HTTP answers that are counted by name."""

    OK = 200
    CREATED = 201
    ACCEPTED = 202
    NO_CONTENT = 204
    NOT_MODIFIED = 304
    BAD_REQUEST = 400
    UNAUTHORIZED = 401
    FORBIDDEN = 403
    NOT_FOUND = 404
    METHOD_NOT_ALLOWED = 405
    CONFLICT = 409
    TOO_LARGE = 413
    UNSUPPORTED_TYPE = 415
    INVALID = 422
    TOO_MANY = 429
    OUR_FAULT = 500
    UNAVAILABLE = 503


BUILD_INFO = _info("build_info", "Which version of Evenhand this process runs.", "version")
EVENTS = _counter("process_events_total", "Events stored.", "source")
EVENTS_REJECTED = _counter(
    "process_events_rejected_total", "Events refused or kept apart.", "reason"
)
EVENTS_DUPLICATE = _counter(
    "process_events_duplicate_total", "Events that had been stored before; harmless."
)
EVENTS_CONFLICTING = _counter(
    "process_events_conflicting_total",
    "Events whose source and id were known with another content; the first is kept.",
    "source",
)
EVENTS_UNKNOWN_TYPE = _counter(
    "process_events_unknown_type_total", "Events stored whose type Evenhand does not know."
)
EVENT_LAG = _histogram(
    "process_event_lag_seconds",
    "How long after it happened an event reached us.",
    (0.1, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0),
)
HTTP_REQUESTS = _counter("process_http_requests_total", "Requests answered.", "door", "code")
INTAKE_BATCH = _histogram(
    "process_intake_batch_events",
    "Events written to the database in one commit.",
    (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0),
)
FOLD_KEYS = _counter("process_fold_keys_total", "Contacts and customers worked out anew.")
FOLD_FAILURES = _counter(
    "process_fold_failures_total", "Contacts and customers that could not be worked out."
)
FOLD_SECONDS = _histogram(
    "process_fold_seconds",
    "How long one round of working out took.",
    (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
JUDGE_LATENESS = _histogram(
    "process_judge_lateness_seconds",
    "How long after the promise broke the breach was noted.",
    (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 3600.0),
)
FAIRNESS_FENCED = _counter(
    "process_fairness_fenced_total",
    "Teams whose turns this process worked out and another one took over, or had to begin anew.",
)
FAIRNESS_FAILURES = _counter(
    "process_fairness_failures_total", "Teams and contacts whose turns could not be worked out."
)
POOLS_OWNED = _gauge("process_pools_owned", "Teams whose turns this process works out.")
FAIRNESS_LAG = _gauge(
    "process_fairness_lag_seconds",
    "How long ago the newest move had happened when it was last taken into a team's turns.",
)
SIGNATURE_FAILURES = _counter(
    "process_signature_failures_total", "Deliveries with a wrong signature or token.", "source"
)
POLICY_REFUSED = _counter(
    "process_policy_refused_total",
    "Policies that could not be used, so that the one in force stayed.",
)
SNAPSHOT_FAILURES = _counter(
    "process_snapshot_failures_total", "Readings of the current numbers that failed."
)
LIMITS_HIT = _counter("process_limits_hit_total", "Times a limit of our own was reached.", "limit")
LIVE_SUBSCRIBERS = _gauge("process_live_subscribers", "Pages that follow the wallboard live.")

PROCESS = (
    *(BUILD_INFO, EVENTS, EVENTS_REJECTED, EVENTS_DUPLICATE, EVENTS_CONFLICTING),
    *(EVENTS_UNKNOWN_TYPE, EVENT_LAG, HTTP_REQUESTS, INTAKE_BATCH, FOLD_KEYS, FOLD_FAILURES),
    *(FOLD_SECONDS, JUDGE_LATENESS, SIGNATURE_FAILURES, SNAPSHOT_FAILURES, LIMITS_HIT),
    *(FAIRNESS_FENCED, FAIRNESS_FAILURES, POOLS_OWNED, FAIRNESS_LAG),
    *(LIVE_SUBSCRIBERS, POLICY_REFUSED),
)
"""Everything on /metrics that describes this process."""
