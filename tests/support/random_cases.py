"""How many random cases a test tries."""

from hypothesis import HealthCheck, settings


def cases(count: int) -> settings:
    """Settings of a test that tries this many random cases, or as few as the quick tests do."""
    return settings(
        max_examples=min(count, settings.default.max_examples),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
