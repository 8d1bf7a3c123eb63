import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.metrics.negotiation import Format, negotiate

OPENMETRICS = "application/openmetrics-text"
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)


@pytest.mark.requirement(5)
@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, Format.TEXT),
        ("", Format.TEXT),
        ("*/*", Format.TEXT),
        ("text/html, */*;q=0.8", Format.TEXT),
        ("application/json", Format.TEXT),
        (PROMETHEUS_2, Format.OPENMETRICS),
        (PROMETHEUS_3, Format.OPENMETRICS),
        (OPENMETRICS, Format.OPENMETRICS),
        ('Application/OpenMetrics-Text; Version="1.0.0"', Format.OPENMETRICS),
        (f"{OPENMETRICS};q=0", Format.TEXT),
        (f"{OPENMETRICS};q=0.3, text/plain;q=0.7", Format.TEXT),
        (f"{OPENMETRICS};q=0.7, text/plain;q=0.3", Format.OPENMETRICS),
        (f"{OPENMETRICS};q=0.5, text/plain;q=0.5", Format.TEXT),
        (f"{OPENMETRICS};q=0.5, */*", Format.TEXT),
        (f"{OPENMETRICS};q=0.5, text/plain;q=0, */*", Format.OPENMETRICS),
        (f"{OPENMETRICS};version=2.0.0", Format.TEXT),
        (f"{OPENMETRICS};version=2.0.0, {OPENMETRICS};version=1.0.0;q=0.9", Format.OPENMETRICS),
        (f"{OPENMETRICS};version=1.0.0;q=0, {OPENMETRICS}", Format.TEXT),
        (f"{OPENMETRICS};version=0.0.1", Format.TEXT),
        (f"{OPENMETRICS};q=high", Format.TEXT),
        (f"{OPENMETRICS};q=nan", Format.TEXT),
    ],
)
def test_the_format_is_the_one_asked_for_with_the_highest_quality(accept, expected):
    choice = negotiate(accept, None)

    assert choice.format is expected
    assert choice.content_type == expected.value


@pytest.mark.requirement(5)
@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("gzip, deflate, br", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip;q=0.0, *", False),
        ("gzip; q=0.5, identity", False),
        ("gzip;q=1.0, identity;q=0.5, *;q=0", True),
        ("identity", False),
        ("br", False),
        ("gzip;q=x", False),
    ],
)
def test_gzip_is_used_when_it_is_wanted(accept_encoding, expected):
    assert negotiate(None, accept_encoding).gzip is expected


@pytest.mark.requirement(5)
@given(st.text(alphabet='aptexl/inm-*;,=q0.15 "version', max_size=200), st.text(max_size=50))
def test_whatever_is_asked_the_answer_is_one_of_the_two_formats(accept, accept_encoding):
    choice = negotiate(accept, accept_encoding)

    assert choice.content_type in {fmt.value for fmt in Format}
    assert "2.0.0" not in choice.content_type
