"""Settings all tests share."""

from hypothesis import HealthCheck, settings

# Deadlines time the machine, not the code; the seed is fixed so that a failure can be met again.
settings.register_profile(
    "csat", deadline=None, derandomize=True, max_examples=30, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("csat")
