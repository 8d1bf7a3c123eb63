"""What Help Scout sends, invented: one conversation, and a delivery of each event about it."""

from typing import Any

Json = dict[str, Any]

CUSTOMER: Json = {"id": 9001, "email": "Hanne@Kunde.example", "first": "never stored"}
ANNE: Json = {"id": 31, "type": "user", "email": "anne@vi.example"}


def thread(number: int, by: Json, at: str, **changed: Any) -> Json:
    told = {"id": number, "state": "published", "createdBy": by, "createdAt": at}
    return {**told, "body": "never stored", **changed}


FROM_HER = thread(501, {"id": 9001, "type": "customer"}, "2027-03-01T09:00:00Z")
BY_ANNE = thread(502, ANNE, "2027-03-01T09:20:00Z")
A_DRAFT = thread(503, ANNE, "2027-03-01T09:30:00Z", state="draft")


def conversation(**changed: Any) -> Json:
    told = {
        "id": 7100,
        "type": "email",
        "status": "active",
        "subject": "never stored",
        "mailboxId": 4,
        "assignee": {"id": 31},
        "createdBy": {"id": 9001, "type": "customer"},
        "createdAt": "2027-03-01T08:00:00Z",
        "userUpdatedAt": "2027-03-01T10:00:00Z",
        "customerWaitingSince": {"friendly": "20 minutes ago"},
        "primaryCustomer": CUSTOMER,
        "tags": [{"id": 1, "tag": "vip"}],
    }
    return {**told, **changed}


def with_threads(*threads: Json, **changed: Any) -> Json:
    return conversation(_embedded={"threads": list(threads)}, **changed)


RATED: Json = {
    "id": 88,
    "conversationId": 7100,
    "threadId": 502,
    "mailboxId": 4,
    "rating": "great",
    "comments": "never stored",
    "createdAt": "2027-03-01T11:00:00Z",
    "user": {"id": 31},
    "customer": CUSTOMER,
}
TOLD: dict[str, Json] = {
    "convo.created": conversation(),
    "convo.customer.reply.created": with_threads(FROM_HER, BY_ANNE),
    "convo.agent.reply.created": with_threads(FROM_HER, BY_ANNE, A_DRAFT),
    "convo.assigned": conversation(),
    "convo.moved": conversation(mailboxId=5),
    "convo.status": conversation(status="closed", closedAt="2027-03-01T10:30:00Z", closedBy=32),
    "convo.tags": conversation(status="closed"),
    "convo.deleted": conversation(),
    "satisfaction.ratings": RATED,
}
