"""The gateway's settings: those of every service, where the four others are, and its first administrator."""

from ipaddress import ip_network
from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from services.gateway import cover_list
from services.gateway.cover_list import Column
from services.gateway.passwords import LEAST_CHARACTERS
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Read from JALUR_* or from files in JALUR_SECRETS_DIR."""

    http_port: int = 8080
    registration_url: str = "http://127.0.0.1:8081"
    selection_url: str = "http://127.0.0.1:8082"
    certification_url: str = "http://127.0.0.1:8083"
    placement_url: str = "http://127.0.0.1:8084"
    actor_private_key: SecretStr = Field(description="Signs the tokens of calls to the services: a JSON Web Key.")
    admin_password: SecretStr = Field(min_length=LEAST_CHARACTERS)
    admin_token: SecretStr = Field(min_length=20)
    spool_dir: Path = Field(description="Uploaded sheets wait here, mode 600, until they have been imported.")
    max_upload_bytes: int = 20 << 20
    max_listeners: int = Field(default=50, description="Clients of the live feed at a time.")
    tls: bool = Field(default=False, description="Browsers reach us over TLS only: Secure cookies, HSTS.")
    trusted_proxies: str = Field(
        default="", description="Addresses or networks, with commas, whose X-Forwarded-For and -Proto are believed."
    )
    office: str = Field(
        default="Dinas Perindustrian dan Tenaga Kerja Kota Pekalongan",
        description="Stands at the head of what is printed.",
    )
    public_url: str = Field(
        default="http://127.0.0.1:8080", description="Where citizens reach the pages: in QR codes and links."
    )

    cover_list: str = Field(
        default=cover_list.DEFAULT,
        description="The columns of the list that is uploaded to BPJS Ketenagakerjaan: `Heading=field; …`.",
    )
    broker_api_url: str = Field(
        default="",
        description="RabbitMQ's management API, as http://host:15672, to show who listens over AMQP; the account is "
        "that of amqp_url. Without it nobody is shown.",
    )

    session_idle_s: int = Field(default=3600, ge=10, description="A session unused for that long is over.")
    session_longest_s: int = Field(default=12 * 3600, ge=10, description="And so is one this old.")

    webhook_keys: SecretStr | None = Field(
        default=None,
        description="Seal the secrets of webhooks: 32 characters or more, several with commas, the first seals. "
        "Without it there are no webhooks.",
    )
    webhook_networks: str = Field(
        default="", description="Private addresses or networks, with commas, that webhooks may reach all the same."
    )

    @field_validator("trusted_proxies", "webhook_networks")
    @classmethod
    def _are_networks(cls, given: str) -> str:
        """Not `*`: then anybody could say who they are."""
        for one in filter(None, map(str.strip, given.split(","))):
            ip_network(one)
        return given

    @field_validator("cover_list")
    @classmethod
    def _has_columns(cls, given: str) -> str:
        cover_list.columns(given)
        return given

    @property
    def columns_of_cover_list(self) -> list[Column]:
        return cover_list.columns(self.cover_list)
