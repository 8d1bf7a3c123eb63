import hashlib
import hmac
import json
from base64 import b64encode
from datetime import datetime, timedelta

import pytest

from app.core.events import decode_data
from app.sources import kinds
from app.sources.adapter import BadSignature, TeamFrom, Unreadable
from tests.sources.payloads import NOON, config, delivery, own

SIGNED_WITH = "an-invented-secret"
BODY = own("chatwoot", "message_first.json")


def signed(body: bytes = BODY, key: str = SIGNED_WITH, at: datetime = NOON, **headers: str):
    stamp = str(int(at.timestamp()))
    digest = hmac.new(key.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    given = {"x_chatwoot_signature": f"sha256={digest}", "x_chatwoot_timestamp": stamp}
    return delivery(body, **(given | headers))


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_signature_holds_for_five_minutes_either_way(seconds):
    sent = signed(at=NOON + timedelta(seconds=seconds))

    kinds.verify(sent, config("chatwoot", secrets=("the-next-one", SIGNED_WITH)), NOON)


@pytest.mark.parametrize(
    "sent",
    [
        signed(at=NOON + timedelta(seconds=301)),
        signed(at=NOON - timedelta(seconds=301)),
        signed(key="guessed"),
        signed(x_chatwoot_signature="sha256=" + "0" * 64),
        signed(x_chatwoot_signature="sha256=æøå"),
        signed(x_chatwoot_signature=""),
        signed(x_chatwoot_timestamp=""),
        signed(x_chatwoot_timestamp="9" * 400),
        signed(x_chatwoot_timestamp="١٢٣"),
        delivery(BODY),
    ],
)
def test_anything_but_a_fresh_right_signature_is_refused(sent):
    with pytest.raises(BadSignature) as refusal:
        kinds.verify(sent, config("chatwoot", secrets=(SIGNED_WITH,)), NOON)

    assert SIGNED_WITH not in str(refusal.value)


def test_a_changed_body_is_refused():
    sent = signed()
    changed = delivery(
        sent.body + b" ", **{k.replace("-", "_"): v for k, v in sent.headers.items()}
    )

    with pytest.raises(BadSignature):
        kinds.verify(changed, config("chatwoot", secrets=(SIGNED_WITH,)), NOON)


VOUCHER = "a-random-token-of-some-length"


@pytest.mark.parametrize(
    "sent",
    [
        delivery(BODY, url=f"/hooks/chat?x=1&token={VOUCHER}"),
        delivery(BODY, authorization=f"Bearer {VOUCHER}"),
        delivery(BODY, authorization="Basic " + b64encode(f"us:{VOUCHER}".encode()).decode()),
    ],
)
def test_an_unsigned_source_is_vouched_for_by_its_token(sent):
    kinds.verify(sent, config("chatwoot", unsigned=True, secrets=(VOUCHER,)), NOON)


@pytest.mark.parametrize(
    "sent",
    [
        delivery(BODY),
        delivery(BODY, url="/hooks/chat?token="),
        delivery(BODY, url="/hooks/chat?token=guessed"),
        delivery(BODY, authorization="Basic !!!"),
        delivery(BODY, authorization="Bearer"),
        delivery(BODY, url="http://[bad?token=x"),
        delivery(BODY, url="/?" + "&".join(["token=x"] * 200)),
    ],
)
def test_an_unsigned_source_without_its_token_is_refused(sent):
    with pytest.raises(BadSignature):
        kinds.verify(sent, config("chatwoot", unsigned=True, secrets=(VOUCHER,)), NOON)


def test_the_first_message_and_the_new_conversation_are_one_fact():
    files = ("message_first.json", "conversation_created.json")
    told = [kinds.translate(delivery(own("chatwoot", file)), config("chatwoot")) for file in files]

    assert {(event.type, event.subject, event.fact) for (event,) in told} == {
        ("contact.received", "731", "40001")
    }


def test_old_and_new_events_about_one_resolution_are_one_fact():
    files = ("status_resolved.json", "conversation_resolved.json")
    told = [kinds.translate(delivery(own("chatwoot", file)), config("chatwoot")) for file in files]

    assert len({event.fact for (event,) in told}) == 1


def test_the_delivery_header_gives_the_id():
    (event,) = kinds.translate(signed(x_chatwoot_delivery="d-1"), config("chatwoot"))

    assert event.id == "d-1:contact.received"


@pytest.mark.parametrize("header", ["", "x" * 500, "æ", "a\0b"])
def test_without_a_usable_delivery_header_the_body_gives_the_id(header):
    (event,) = kinds.translate(signed(x_chatwoot_delivery=header), config("chatwoot"))
    (plain,) = kinds.translate(delivery(BODY), config("chatwoot"))

    assert event.id == plain.id


def test_a_customer_is_known_by_id_then_mail_then_telephone():
    (event,) = kinds.translate(delivery(BODY), config("chatwoot"))

    aliases = decode_data(event.type, event.body).aliases
    assert [(alias.kind, alias.value) for alias in aliases] == [
        ("id", "5005"),
        ("email", "lone@kunde.example"),
        ("phone", "+4520304050"),
    ]


def test_the_team_of_the_tool_decides_where_that_is_configured():
    body = BODY.replace(b'"team": null', b'"team": {"id": 77}')

    (event,) = kinds.translate(delivery(body), config("chatwoot", team_from=TeamFrom.TEAM))

    assert decode_data(event.type, event.body).team == "77"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"id": 731', b'"id": null'),
        (b'"id": 731', b'"id": {}'),
        (b'"private": false', b'"private": "no"'),
        (b"2027-03-01T08:00:05.500Z", b"2027-03-01T12:05:01Z"),
        (b"2027-03-01T08:00:05.500Z", b"0001-01-01T00:00:00+23:00"),
        (b'"message_type": "incoming"', b'"message_type": []'),
    ],
)
def test_nonsense_in_a_message_is_unreadable(old, new):
    assert old in BODY

    with pytest.raises(Unreadable):
        kinds.translate(delivery(BODY.replace(old, new)), config("chatwoot"))


TIRED = frozenset({"no-time"})


def endings(file: str, labels, **more):
    payload = json.loads(own("chatwoot", file)) | {"labels": labels, **more}
    told = kinds.translate(delivery(payload), config("chatwoot", turned_away_tags=TIRED))
    return [
        decode_data(event.type, event.body).outcome  # type: ignore[attr-defined]
        for event in told
        if event.type == "contact.resolved"
    ]


@pytest.mark.parametrize("file", ["status_resolved.json", "conversation_resolved.json"])
@pytest.mark.parametrize(
    ("labels", "outcome"),
    [(["billing", "No-Time"], "turned_away"), (["billing"], "unknown"), (None, "unknown")],
)
def test_resolving_with_a_label_that_means_turned_away_says_so(file, labels, outcome):
    assert endings(file, labels) == [outcome]


@pytest.mark.parametrize(
    ("status", "told"), [("resolved", ["turned_away"]), (1, ["turned_away"]), ("open", [])]
)
def test_a_label_set_afterwards_says_so_only_of_what_is_resolved(status, told):
    assert endings("labels_changed.json", ["no-time"], status=status) == told


@pytest.mark.parametrize("labels", ["no-time", [["no-time"]], {"no-time": 1}, 7])
def test_labels_of_another_shape_mean_nothing(labels):
    assert endings("labels_changed.json", labels, status="resolved") == []
