"""How many examples the laws are tried on: few by default, `--hypothesis-profile thorough` many."""

from hypothesis import HealthCheck, settings

QUICK, THOROUGH = "quick", "thorough"

for name, examples in ((QUICK, 30), (THOROUGH, 600)):
    settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
if settings.get_current_profile_name() == "default":
    settings.load_profile(QUICK)
