"""What this process did since it was started: counted as it happens, lost when it ends."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.metrics_core import Metric

from app.core.deliveries import Verdict
from app.metrics import process_families as f
from app.metrics.families import OTHER
from app.metrics.family import Family
from app.metrics.labels import number, remembered_labels
from app.metrics.process_families import Code, Door, Limit, Rejection
from app.metrics.sheet import Column, Written

_FAMILIES = {family.base: family for family in f.PROCESS}
_CREATED = "_created"
"""Ending of the birthdays of series: they double a page and answer no question."""


def _lines(metric: Metric) -> list[str]:
    return [
        f"{sample.name}{_labels(sample.labels)} {number(sample.value)}\n"
        for sample in metric.samples
        if not sample.name.endswith(_CREATED)
    ]


def _labels(labels: Mapping[str, str]) -> str:
    return remembered_labels(tuple(labels), *labels.values()) if labels else ""


def _values(values: Iterable[str]) -> tuple[str, ...]:
    return (*dict.fromkeys(values), OTHER)


class ProcessMetrics:
    """Counts what happened, by closed sets of labels that all stand at zero from the start.

    A value outside its set is counted as ``other``. Call from any thread.
    """

    def __init__(self, version: str, sources: Iterable[str]) -> None:
        """``sources`` are the ids of the configured sources."""
        self._registry = CollectorRegistry()
        self._counters: dict[tuple[str, ...], Counter] = {}
        ids = _values([f.API_SOURCE, *sources])
        codes = _values(str(code.value) for code in Code)
        self._doors = frozenset(Door)
        for family in (f.EVENTS, f.EVENTS_CONFLICTING, f.SIGNATURE_FAILURES):
            self._start(family, [(source,) for source in ids])
        self._start(f.POLICY_REFUSED, [()])
        for family in (f.EVENTS_DUPLICATE, f.EVENTS_UNKNOWN_TYPE, f.SNAPSHOT_FAILURES):
            self._start(family, [()])
        for family in (f.FOLD_KEYS, f.FOLD_FAILURES, f.FAIRNESS_FENCED, f.FAIRNESS_FAILURES):
            self._start(family, [()])
        self._start(f.EVENTS_REJECTED, [(reason,) for reason in _values(Rejection)])
        self._start(f.LIMITS_HIT, [(limit,) for limit in _values(Limit)])
        states = _values(Verdict)
        self._start(f.DELIVERIES, [(source, state) for source in ids for state in states])
        doors = [(door, code) for door in _values(Door) for code in codes]
        self._start(f.HTTP_REQUESTS, doors)
        self._event_lag = self._histogram(f.EVENT_LAG)
        self._intake_batch = self._histogram(f.INTAKE_BATCH)
        self._fold_seconds = self._histogram(f.FOLD_SECONDS)
        self._judge_lateness = self._histogram(f.JUDGE_LATENESS)
        self._poll_failing = self._gauge(f.POLL_FAILING)
        self._poll_success = self._gauge(f.POLL_SUCCESS)
        self._poll_gaps = self._labelled(f.POLL_GAPS)
        self._subscribers = self._gauge(f.LIVE_SUBSCRIBERS)
        self._pools_owned = self._gauge(f.POOLS_OWNED)
        self._fairness_lag = self._gauge(f.FAIRNESS_LAG)
        Info(f.BUILD_INFO.base, f.BUILD_INFO.help, registry=self._registry).info(
            {"version": version}
        )

    def _start(self, family: Family, label_sets: Sequence[tuple[str, ...]]) -> None:
        """Put every label set at zero; counting later finds its series in one look."""
        parent = Counter(family.name, family.help, family.labels, registry=self._registry)
        for values in label_sets:
            self._counters[family.name, *values] = parent.labels(*values) if values else parent

    def _histogram(self, family: Family) -> Histogram:
        return Histogram(family.name, family.help, registry=self._registry, buckets=family.edges)

    def _gauge(self, family: Family) -> Gauge:
        return Gauge(family.name, family.help, family.labels, registry=self._registry)

    def _labelled(self, family: Family) -> Counter:
        """A counter whose label sets begin when somebody says so."""
        return Counter(family.name, family.help, family.labels, registry=self._registry)

    def _count(self, family: Family, label: str, count: int) -> None:
        counter = self._counters.get((family.name, label))
        if counter is None:
            counter = self._counters[family.name, OTHER]
        counter.inc(count)

    def events_stored(self, source: str, count: int) -> None:
        """Events became durable. ``source`` is a configured id, or ``api``."""
        self._count(f.EVENTS, source, count)

    def delivery_noted(self, source: str, verdict: Verdict) -> None:
        """A delivery came, and this became of it."""
        counter = self._counters.get((f.DELIVERIES.name, source, verdict))
        (counter or self._counters[f.DELIVERIES.name, OTHER, verdict]).inc()

    def poll_started(self, source: str, feed: str) -> None:
        """A source that is fetched is read from now on, here or by another process."""
        self._poll_failing.labels(source, feed).set(0)
        self._poll_gaps.labels(source, feed)

    def poll_went_well(self, source: str, feed: str, now: datetime) -> None:
        """A source that is fetched was looked at, whether there was anything new or not."""
        self._poll_failing.labels(source, feed).set(0)
        self._poll_success.labels(source, feed).set(now.timestamp())

    def poll_failed(self, source: str, feed: str) -> None:
        """A source that is fetched cannot be read."""
        self._poll_failing.labels(source, feed).set(1)

    def poll_lost(self, source: str, feed: str) -> None:
        """Something may have happened there that nobody told us."""
        self._poll_gaps.labels(source, feed).inc()

    def events_rejected(self, reason: Rejection, count: int) -> None:
        """Events were refused, or kept apart unread."""
        self._count(f.EVENTS_REJECTED, reason, count)

    def events_repeated(self, count: int) -> None:
        """Events came that had been stored before."""
        self._counters[(f.EVENTS_DUPLICATE.name,)].inc(count)

    def events_conflicted(self, source: str, count: int) -> None:
        """Events came again with another content."""
        self._count(f.EVENTS_CONFLICTING, source, count)

    def events_of_unknown_type(self, count: int) -> None:
        """Events were stored whose type means nothing to us."""
        self._counters[(f.EVENTS_UNKNOWN_TYPE.name,)].inc(count)

    def event_lagged(self, seconds: float) -> None:
        """An event came ``seconds`` after it happened; a sender's fast clock counts as none."""
        self._event_lag.observe(max(seconds, 0.0))

    def batch_stored(self, events: int) -> None:
        """One commit wrote this many events."""
        self._intake_batch.observe(events)

    def request_answered(self, door: Door, code: int) -> None:
        """An HTTP answer was sent."""
        counter = self._counters.get((f.HTTP_REQUESTS.name, door, str(code)))
        if counter is None:
            known = door if door in self._doors else OTHER
            counter = self._counters[f.HTTP_REQUESTS.name, known, OTHER]
        counter.inc()

    def signature_failed(self, source: str) -> None:
        """A delivery's signature or token was wrong."""
        self._count(f.SIGNATURE_FAILURES, source, 1)

    def keys_folded(self, keys: int, seconds: float) -> None:
        """One round of the fold worked out this many keys."""
        self._counters[(f.FOLD_KEYS.name,)].inc(keys)
        self._fold_seconds.observe(seconds)

    def fold_failed(self, keys: int) -> None:
        """Keys were set aside."""
        self._counters[(f.FOLD_FAILURES.name,)].inc(keys)

    def breach_noted(self, late_seconds: float) -> None:
        """A breach was noted so long after the instant it is dated."""
        self._judge_lateness.observe(max(late_seconds, 0.0))

    def snapshot_failed(self) -> None:
        """A snapshot could not be taken."""
        self._counters[(f.SNAPSHOT_FAILURES.name,)].inc()

    def policy_refused(self) -> None:
        """A policy could not be used; the one in force stayed."""
        self._counters[(f.POLICY_REFUSED.name,)].inc(1)

    def limit_hit(self, limit: Limit) -> None:
        """One of our own limits was reached."""
        self._count(f.LIMITS_HIT, limit, 1)

    def pools_fenced(self, pools: int) -> None:
        """Pools were lost to another process, or with the session."""
        self._counters[(f.FAIRNESS_FENCED.name,)].inc(pools)

    def pools_failed(self, pools: int) -> None:
        """Pools could not be worked out and rest for a while."""
        self._counters[(f.FAIRNESS_FAILURES.name,)].inc(pools)

    def turns_untold(self, contacts: int) -> None:
        """Contacts were judged, but what they do in turn could not be told to their teams."""
        self._counters[(f.FAIRNESS_FAILURES.name,)].inc(contacts)

    def pools_are(self, owned: int, lag_seconds: float | None) -> None:
        """So many pools are ours; the newest move that came is so old, if any came."""
        self._pools_owned.set(owned)
        if lag_seconds is not None:
            self._fairness_lag.set(lag_seconds)

    def screens_are(self, count: int) -> None:
        """So many live streams of the wallboard are open."""
        self._subscribers.set(count)

    def written(self) -> Written:
        """The process families as they stand now, read once for both formats."""
        columns = {}
        series = 0
        for metric in self._registry.collect():
            lines = _lines(metric)
            series += len(lines)
            family = _FAMILIES[metric.name]
            columns[family.name] = Column(family, (), (), (), "".join(lines).encode())
        return Written(columns, series, 0)
