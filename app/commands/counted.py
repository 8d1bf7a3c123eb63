"""Numbers and what they count, as people say them."""


def counted(number: int, what: str) -> str:
    """One source, 2 sources."""
    return f"{number} {what}{'' if number == 1 else 's'}"
