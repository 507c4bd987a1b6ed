"""Settings of certification: those every service has."""

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Nothing of its own: the rules are data of each programme."""
