"""Names from the policy within queries, matchers and comments: any character may stand in them."""


def quoted(name: str) -> str:
    """A text of PromQL, and the value of an Alertmanager matcher: both are written alike."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def in_a_line(name: str) -> str:
    """A name that ends no comment before its time."""
    return " ".join(name.split())
