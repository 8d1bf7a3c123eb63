"""Who calls and who answers: invented companies, invented people, numbers kept free for fiction."""

from random import Random

from app.simulate.facts import Agent, Customer

IMPORTANT = "important"
STANDARD = "standard"

IMPORTANT_CLIENT = "Tollmark Logistics"
"""The one whose surge everybody else waits for."""

_COMPANIES = (
    "Aldergrove Dental",
    "Bexley & Moor",
    "Birkholm Bakery",
    "Blue Heron Cycles",
    "Callow Street Books",
    "Dunmere Hotel",
    "Elverdal Garden",
    "Fennick Electrics",
    "Gullhaven Ferries",
    "Hartwell Opticians",
    "Ivory Lane Interiors",
    "Juniper Vets",
    "Kestrel Roofing",
    "Lindqvist Joinery",
    "Marrow & Pine",
    "Nettlebed Farm",
    "Oxbow Plumbing",
    "Pellworth School",
    "Quillfeather Print",
    "Rosendal Clinic",
    "Saltmarsh Foods",
    "Thistledown Toys",
    "Umberfield Tiles",
    "Wrenhouse Care",
)
_FIRST_NAMES = (
    *("Ada", "Bram", "Carla", "Dylan", "Esme", "Farid", "Greta", "Hugo", "Ines", "Jonas"),
    *("Kaya", "Leon", "Mira", "Niels", "Olga", "Pia", "Rafael", "Selma", "Tariq", "Vera"),
)
_LAST_NAMES = (
    *("Abbott", "Bergmann", "Castell", "Dahl", "Eriksen", "Fontane", "Grant", "Holt", "Ibsen"),
    *("Jarvis", "Keller", "Lund", "Moreau", "Novak", "Okafor", "Petrov", "Quist", "Romero"),
)


def customers(random: Random) -> list[Customer]:
    """The important client first, then everybody else in a shuffled order."""
    names = [IMPORTANT_CLIENT, *random.sample(_COMPANIES, len(_COMPANIES))]
    return [_customer(number, name, random) for number, name in enumerate(names, start=1)]


def agents(teams: dict[str, int], random: Random) -> list[Agent]:
    """As many agents a team as ``teams`` says; no two bear the same name until names run out."""
    names = [f"{first} {last}" for first in _FIRST_NAMES for last in _LAST_NAMES]
    random.shuffle(names)
    places = [team for team, size in teams.items() for _ in range(size)]
    return [
        Agent(number, names[number % len(names)], team)
        for number, team in enumerate(places, start=1)
    ]


def _customer(number: int, name: str, random: Random) -> Customer:
    person = f"{random.choice(_FIRST_NAMES)} {random.choice(_LAST_NAMES)}"
    domain = "".join(letter for letter in name.lower() if letter.isalpha()) + ".example"
    return Customer(
        number=number,
        name=name,
        person=person,
        tier=IMPORTANT if name == IMPORTANT_CLIENT else STANDARD,
        phone=f"+44207946{number:04d}",
        email=f"{person.split(maxsplit=1)[0].lower()}@{domain}",
    )
