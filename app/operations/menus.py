"""Where in a tool its webhooks are set up, in the tool's own words; the whole of it is in docs/sources."""

from typing import Final, NamedTuple

from app.core.source import Source


class Menu(NamedTuple):
    """What the tool is called, and the way to the place where an address is pasted."""

    tool: str
    path: str


MENUS: Final[dict[str, Menu]] = {
    "aircall": Menu("Aircall", "Integrations & API > Integrations > Webhook > Install"),
    "amazon-ses": Menu("AWS", "Amazon SNS > Topics > Create topic"),
    "chatwoot": Menu(
        "Chatwoot", "Settings > Integrations > Webhooks > Configure > Add new webhook"
    ),
    "front": Menu("Front", "Settings > Developers > Create app"),
    "helpscout": Menu("Help Scout", "Manage > Apps > Webhooks > Install App"),
    "intercom": Menu("Intercom", "Settings > Integrations > Developer Hub"),
    "mailgun": Menu("Mailgun", "Send > Receiving > Create route"),
    "postmark": Menu("Postmark", "Servers > your server > the Inbound message stream > Settings"),
    "rfc5322": Menu("your mail server", ""),
    "sendgrid": Menu("SendGrid", "Settings > Inbound Parse > Add Host & URL"),
    "twilio-eventstreams": Menu(
        "Twilio", "Console > Event Streams > Manage > Sinks > Create new sink"
    ),
    "twilio-taskrouter": Menu("Twilio", "Console > TaskRouter > Workspaces > your workspace"),
    "twilio-voice": Menu(
        "Twilio",
        "Console > Phone Numbers > Manage > Active numbers > your number > Configure"
        " > Voice configuration",
    ),
    "whatsapp": Menu("Meta", "My Apps > your app > WhatsApp > Configuration > Webhook > Edit"),
    "zammad": Menu("Zammad", "Admin > Manage > Webhook > New Webhook"),
    "zendesk": Menu(
        "Zendesk",
        "Admin Center > Apps and integrations > Actions and webhooks > Webhooks > Create webhook",
    ),
}
"""The kinds whose setting-up begins at one menu; of the others the docs say all."""


def menu_of(source: Source) -> Menu:
    """The menu of a source's tool; one that is only known by its own id is called so."""
    return MENUS.get(source.kind, Menu(source.id, ""))
