"""The gateway's settings: those of every service, where the four others are, and its first administrator."""

from pathlib import Path

from pydantic import Field, SecretStr

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Read from JALUR_* or from files in JALUR_SECRETS_DIR."""

    http_port: int = 8080
    registration_url: str = "http://127.0.0.1:8081"
    selection_url: str = "http://127.0.0.1:8082"
    certification_url: str = "http://127.0.0.1:8083"
    placement_url: str = "http://127.0.0.1:8084"
    actor_private_key: SecretStr = Field(description="Signs the tokens of calls to the services: a JSON Web Key.")
    admin_password: SecretStr
    admin_token: SecretStr = Field(min_length=20)
    spool_dir: Path = Field(description="Uploaded sheets wait here, mode 600, until they have been imported.")
    max_upload_bytes: int = 20 << 20
    max_listeners: int = Field(default=50, description="Clients of the live feed at a time.")
