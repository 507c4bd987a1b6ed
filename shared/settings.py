"""Settings every service has: from JALUR_* in the environment, or from files in JALUR_SECRETS_DIR."""

import os
from typing import Any, Literal, Self

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """A service's own settings extend this; the file of a setting is named `jalur_<setting>`."""

    model_config = SettingsConfigDict(env_prefix="JALUR_", extra="ignore", hide_input_in_errors=True)

    amqp_url: SecretStr = Field(description="RabbitMQ, with account: amqp://user:password@host:port/vhost")
    mongo_url: SecretStr = Field(description="MongoDB replica set, with account.")
    actor_public_keys: str = Field(
        description="Verify the tokens of calls between services: a JSON Web Key Set, one key per kid."
    )
    db_prefix: str = Field(default="jalur", description="Databases are named <prefix>_<service>.")
    http_host: str = "127.0.0.1"
    http_port: int = 8000
    log_level: str = "INFO"
    log_format: Literal["json", "plain"] = Field(default="json", description="One JSON object a line, or for reading.")
    metrics_token: SecretStr | None = Field(
        default=None, min_length=20, description="What Prometheus shows at /metrics; without one nobody sees them."
    )
    otlp_url: str = Field(
        default="", description="Where traces are sent over OTLP/HTTP, as http://host:4318/v1/traces; else nowhere."
    )
    traced_share: float = Field(default=1.0, ge=0, le=1, description="Of all requests, how many are traced.")

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Read the settings; raises pydantic's ValidationError, which names each one that is missing."""
        return cls(_secrets_dir=os.environ.get("JALUR_SECRETS_DIR"), **overrides)  # type: ignore[call-arg]
