"""Settings of certification: those every service has, and how long an appeal may take."""

from pydantic import Field

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Other rules are data of each programme."""

    appeal_days: int = Field(default=14, ge=1, le=365, description="An appeal is to be decided within so many days.")
