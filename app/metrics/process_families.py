"""What does Evenhand measure about itself: each process its own, so readers take ``sum``."""

from enum import IntEnum, StrEnum

from app.metrics.family import counter, gauge, histogram, info

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
    BODY_SECONDS = "body_seconds"
    LARGE_BODIES = "large_bodies"
    BATCH_EVENTS = "batch_events"
    INTAKE_QUEUE = "intake_queue"
    LIVE_SUBSCRIBERS = "live_subscribers"
    CONTACT_EVENTS = "contact_events"
    SERIES = "series"
    SOURCE_WORDS = "source_words"
    KEPT_DELIVERIES = "kept_deliveries"


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


BUILD_INFO = info("build_info", "Which version of Evenhand this process runs.", "version")
EVENTS = counter("process_events_total", "Events stored.", "source")
EVENTS_REJECTED = counter(
    "process_events_rejected_total", "Events refused or kept apart.", "reason"
)
EVENTS_DUPLICATE = counter(
    "process_events_duplicate_total", "Events that had been stored before; harmless."
)
EVENTS_CONFLICTING = counter(
    "process_events_conflicting_total",
    "Events whose source and id were known with another content; the first is kept.",
    "source",
)
EVENTS_UNKNOWN_TYPE = counter(
    "process_events_unknown_type_total", "Events stored whose type Evenhand does not know."
)
DELIVERIES = counter(
    "process_deliveries_total",
    "Deliveries by what became of them: taken, repeated, nothing, kept, refused or test.",
    "source",
    "state",
)
POLL_FAILING = gauge(
    "process_poll_failing",
    "1 while a source that is fetched cannot be read by the process that reads it.",
    "source",
    "feed",
)
POLL_SUCCESS = gauge(
    "process_poll_success_timestamp_seconds",
    "When a source that is fetched was last looked at well, in Unix time.",
    "source",
    "feed",
)
POLL_GAPS = counter(
    "process_poll_gaps_total",
    "Times that something may have happened at a source that is fetched and nobody told us.",
    "source",
    "feed",
)
EVENT_LAG = histogram(
    "process_event_lag_seconds",
    "How long after it happened an event reached us.",
    (0.1, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0),
)
HTTP_REQUESTS = counter("process_http_requests_total", "Requests answered.", "door", "code")
INTAKE_BATCH = histogram(
    "process_intake_batch_events",
    "Events written to the database in one commit.",
    (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0),
)
FOLD_KEYS = counter("process_fold_keys_total", "Contacts and customers worked out anew.")
FOLD_FAILURES = counter(
    "process_fold_failures_total", "Contacts and customers that could not be worked out."
)
FOLD_SECONDS = histogram(
    "process_fold_seconds",
    "How long one round of working out took.",
    (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
JUDGE_LATENESS = histogram(
    "process_judge_lateness_seconds",
    "How long after the promise broke the breach was noted.",
    (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 3600.0),
)
FAIRNESS_FENCED = counter(
    "process_fairness_fenced_total",
    "Teams whose turns this process worked out and another one took over, or had to begin anew.",
)
FAIRNESS_FAILURES = counter(
    "process_fairness_failures_total", "Teams and contacts whose turns could not be worked out."
)
POOLS_OWNED = gauge("process_pools_owned", "Teams whose turns this process works out.")
FAIRNESS_LAG = gauge(
    "process_fairness_lag_seconds",
    "How long ago the newest move had happened when it was last taken into a team's turns.",
)
SIGNATURE_FAILURES = counter(
    "process_signature_failures_total", "Deliveries with a wrong signature or token.", "source"
)
POLICY_REFUSED = counter(
    "process_policy_refused_total",
    "Policies that could not be used, so that the one in force stayed.",
)
SNAPSHOT_FAILURES = counter(
    "process_snapshot_failures_total", "Readings of the current numbers that failed."
)
LIMITS_HIT = counter("process_limits_hit_total", "Times a limit of our own was reached.", "limit")
LIVE_SUBSCRIBERS = gauge("process_live_subscribers", "Pages that follow the wallboard live.")

PROCESS = (
    *(BUILD_INFO, EVENTS, EVENTS_REJECTED, EVENTS_DUPLICATE, EVENTS_CONFLICTING),
    *(EVENTS_UNKNOWN_TYPE, EVENT_LAG, HTTP_REQUESTS, INTAKE_BATCH, FOLD_KEYS, FOLD_FAILURES),
    *(FOLD_SECONDS, JUDGE_LATENESS, SIGNATURE_FAILURES, SNAPSHOT_FAILURES, LIMITS_HIT),
    *(FAIRNESS_FENCED, FAIRNESS_FAILURES, POOLS_OWNED, FAIRNESS_LAG),
    *(LIVE_SUBSCRIBERS, POLICY_REFUSED, DELIVERIES, POLL_FAILING, POLL_SUCCESS, POLL_GAPS),
)
"""Everything on /metrics that describes this process."""
