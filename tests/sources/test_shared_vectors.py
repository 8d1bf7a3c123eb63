"""Signatures that vendors and standards publish are judged as they say."""

from datetime import UTC, datetime

import pytest

from app.sources import kinds
from app.sources.adapter import BadSignature, Delivery
from tests.sources.payloads import NOON, SHARED, config, shared_signatures

VECTORS = [
    pytest.param(kind, vector, id=f"{kind}/{vector['id']}") for kind, vector in shared_signatures()
]


@pytest.mark.skipif(not SHARED.exists(), reason="the shared samples are not here")
@pytest.mark.parametrize(("kind", "vector"), VECTORS)
def test_a_shared_vector_is_judged_as_expected(kind, vector):
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    told = vector["verify_at"]
    now = datetime.fromtimestamp(told, UTC) if told is not None else NOON
    sent = Delivery(headers, vector["body"].encode(), now, vector["url"] or "")
    source = config(kind, secrets=(vector["secret"],))

    try:
        kinds.certificate(sent, source)
        kinds.verify(sent, source, now)
        valid = True
    except BadSignature:
        valid = False

    assert valid is vector["expected_valid"]
