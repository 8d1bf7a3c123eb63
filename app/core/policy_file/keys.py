"""What each key of a policy file means, in the words that editors show beside it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SAME_KEYS_AS: Final[Mapping[str, str]] = MappingProxyType({"Promised": "Conditions"})
"""Sections that hold all keys of another one, and some more."""

DESCRIPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Policy": "What we promise our customers: who is there when, and how long it may take.",
        "Policy.version": "Raise it with every change. A file whose version is not higher than the "
        "one in force changes nothing.",
        "Policy.effective_from": "From when this version holds, with an offset. Leave it out for "
        '"from when it is read". It must not lie in the past.',
        "Policy.purpose": "What the numbers are for, for everybody to read.",
        "Policy.calendars": "When people are there. Each calendar has a name that teams refer to.",
        "Policy.tiers": "How customers are ranked. One tier is the default.",
        "Policy.new_for": "How long after her first contact a customer counts as new.",
        "Policy.teams": "The agents who share work, by a short name.",
        "Policy.targets": "What is promised to whom. Read from the top: the first rule that fits "
        "decides. The last rule fits everything.",
        "Policy.warnings": "When to warn: at a share of the target (80 %), and so long after a "
        "promise broke (1h after). What is due by closing is warned of so long before (30m before "
        "closing).",
        "Policy.after_opening": "For how much open time after an opening nobody is paged for what "
        "began before it; or off. The promises are broken all the same.",
        "Policy.phone_service_level": "Which of six usual definitions of the service level on the "
        "phone is meant.",
        "Policy.clocks": "Where good organisations differ. Leave out what you do not change.",
        "Policy.fairness": "Whose turn it is, and what counts as agreed priority.",
        "Calendar": "The hours of one group of people.",
        "Calendar.zone": "The zone the hours are meant in, such as Europe/Copenhagen.",
        "Calendar.always_open": "Round the clock, every day. Then leave out the hours.",
        "Calendar.hours": "Opening hours by weekday: mon, mon-fri, or sat, sun. 24:00 is a legal "
        "end.",
        "Calendar.breaks": "Hours within the opening hours in which nobody is there, by weekday.",
        "Calendar.special_days": "Hours of single dates, instead of those of their weekday; or "
        "closed.",
        "Calendar.holidays": "Days on which nobody is there. They win over all other hours.",
        "Holidays": "National holidays, and own dates.",
        "Holidays.country": "Whose national holidays, as a country code such as DK.",
        "Holidays.region": "The part of the country, where its holidays differ.",
        "Holidays.categories": "Which kinds of holidays of the country count, such as public, bank "
        "or optional.",
        "Holidays.also": "Further dates on which nobody is there.",
        "Holidays.but_not": "Holidays on which people are there all the same.",
        "Tier": "How customers of this kind are ranked.",
        "Tier.default": "Whether customers of whom nobody has told us are of this tier.",
        "Team": "Agents who share work.",
        "Team.name": "What people call the team.",
        "Team.calendar": "The calendar that says when the team is there.",
        "Team.queues": "The queues that the team takes from, as the tools call them.",
        "Team.channels": "How customers reach the team.",
        "Team.notify": "Who is told when promises of this team break.",
        "Notify": "Who is told of a team's alerts, and when they are not disturbed.",
        "Notify.pages": "Who is called at once: names of receivers in Alertmanager.",
        "Notify.tickets": "Who is told of what can wait for working hours: names of receivers.",
        "Notify.quiet_hours": "Hours by weekday in which they are not disturbed, in the zone of the "
        "team's calendar: pages go to on-call, tickets wait.",
        "When": "What a contact must be for the rule to fit. What is left out fits everything.",
        "When.channel": "The channel, or several.",
        "When.team": "The team, or several.",
        "When.tier": "The customer's tier, or several.",
        "When.queue": "The queue as the tool calls it, or several.",
        "Rule": "One promise, and to whom it is made.",
        "Rule.rule": "What the rule is called. People read it beside every deadline.",
        "Rule.when": "Which contacts the rule is about. The last rule has none.",
        "Rule.first_response": "How soon the customer gets a first answer from a human.",
        "Rule.next_response": "How soon each later question is answered, from the oldest one.",
        "Rule.resolution": "How soon it is done, from the first message.",
        "Rule.update": "How often she hears from us while it is open and we had the last word.",
        "Rule.ownership": "How long a contact may be without somebody who owns it.",
        "Rule.callback": "How soon a customer who did not get through, or was told no, hears from "
        "us.",
        "Rule.target_ratio": "The share of promises that shall be kept: 0.9 is nine of ten.",
        "Promised": "A target, and how its clock runs where it is not as for everybody.",
        "Promised.target": "How long it may take.",
        "Conditions": "How a clock runs. What is left out stays as it is by itself.",
        "Conditions.start_on": "From when the clock runs.",
        "Conditions.stops_on": "What stops the clock.",
        "Conditions.pauses_in": "States in which the clock pauses: by the tool's own names, or "
        "customer and third_party for whom the contact waits.",
        "Conditions.pause_effect": "Whether a pause moves the deadline (exclude), or only keeps "
        "silent about it while the time counts on (hide).",
        "Conditions.ends_in": "States that end the clock: by the tool's own names, or resolved.",
        "Conditions.at_end": "What becomes of a clock that still runs when such a state comes.",
        "Conditions.on_reopen": "Whether the clock of a contact that is opened again goes on "
        "where it stood, or begins anew.",
        "Conditions.counts_before_first_response": "Whether messages before the first answer "
        "count too.",
        "Conditions.cancel_on_customer_message": "Whether a message of hers ends the wait for our "
        "next news.",
        "Clocks": "How clocks run for everybody.",
        "Clocks.first_response": "How the clock of first answers runs.",
        "Clocks.next_response": "How the clock of later answers runs.",
        "Clocks.resolution": "How the clock runs until something is done.",
        "Clocks.update": "How the clock of regular news runs.",
        "Clocks.ownership": "How the clock runs until somebody owns a contact.",
        "Clocks.attempts_suffice": "So many calls that she did not take keep a promise to call "
        "her. 0: none do.",
        "Clocks.resolved_counts_as_reply": "Whether closing without an answer counts as one.",
        "Clocks.resolving_waives_unanswered": "Whether a last message that asks for nothing is "
        'forgiven when the contact is closed: "Thanks!" is not late.',
        "Clocks.reopening_starts_anew": "Whether a contact that is opened again starts anew, or "
        "goes on where it stood.",
        "Clocks.resolution_pauses_for": "Whom a contact may wait for without its time running.",
        "Clocks.follow_up_kept_by": "What keeps a promise to come back: any contact with her, or "
        "only that somebody says it is done.",
        "Clocks.text_exchange": "How long after a promise in writing an answer still belongs to "
        "the same exchange.",
        "Clocks.asks_again_within": "A customer who asks again within this time is judged from the "
        "older message.",
        "Clocks.turned_away_within": "Answered, over so soon, and she is back: that was no help. "
        "Or off.",
        "Clocks.short_abandon": "Who hangs up sooner is owed no call. Or off.",
        "Clocks.lost_track": "After so long a silence a contact leaves all counts, by channel.",
        "Fairness": "Whose turn it is, and what counts as agreed priority. All in wall time.",
        "Fairness.order": "In which order contacts are taken: due (by deadline) or arrival.",
        "Fairness.head_start": "How far ahead of her turn a customer may be served before it is "
        "said.",
        "Fairness.weights": "How much of a team's time a tier is entitled to, beside the others.",
        "Fairness.chats_per_agent": "How many chats one agent takes at a time.",
        "Fairness.wrap_up": "How long an agent is busy after a call or chat where no tool tells "
        "it. Or off.",
        "Fairness.pace": "How many times faster than in life everything happens: for "
        "demonstrations.",
        "Channel": "How the customer reached us.",
        "Order": "In which order contacts are taken.",
        "WaitingFor": "Whom a contact waits for.",
        "StartOn": "When the contact came in, when the rule began to fit, or at her first message.",
        "Happening": "What may stop a clock.",
        "PauseEffect": "exclude moves the deadline; hide only keeps silent about it.",
        "AtEnd": "judged by what had passed; suspended until it is opened again; waived, unless it "
        "was late by then; or cancelled, which is neither kept nor broken.",
        "OnReopen": "Go on where it stood, or begin anew.",
        "Variant": "abandons_as_success: whoever gave up within the threshold was served in time. "
        "answered_only: only answered calls count. abandons_negative: whoever gave up was not "
        "served. abandons_within_ignored: giving up within the threshold leaves the count. "
        "short_abandons_as_success: a short abandon was served in time. short_abandons_removed: a "
        "short abandon leaves the count.",
    }
)
