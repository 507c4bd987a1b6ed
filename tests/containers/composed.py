"""The system as operations deploy it, from a copy of this checkout: image, secrets, compose. For tests."""

import json
import os
import shutil
import subprocess
import tarfile
import uuid
from io import BytesIO
from pathlib import Path
from typing import Any

from testcontainers.compose import DockerCompose

from tests.stack import free_port

ROOT = Path(__file__).parents[2]
BASE_IMAGES = ("python:3.13-slim", "rabbitmq:4-management", "mongo:8")
SERVICES = ("registration", "selection", "certification", "placement", "gateway")
_PARTS = ("deploy", "services", "shared", ".dockerignore")
_OF_ONE_CHECKOUT = ("__pycache__", "secrets", ".env")
_COMMAND_S = 600


def why_not() -> str | None:
    """Why the system cannot be composed here; None when it can."""
    if shutil.which("docker") is None:
        return "there is no Docker"
    for asked, missing in (
        (["docker", "info"], "no Docker engine answers"),
        (["docker", "compose", "version"], "there is no docker compose"),
        (["docker", "image", "inspect", *BASE_IMAGES], f"not all of {', '.join(BASE_IMAGES)} are here"),
    ):
        if subprocess.run(asked, capture_output=True, check=False).returncode:
            return missing
    return None


class Composed:
    """One deployment: a project, a port, a network and image tags of its own, so that several can be on one host.

    Every method raises CalledProcessError, whose `stderr` says why, when Docker refuses.
    """

    def __init__(self, directory: Path) -> None:
        self.project = f"uji-{uuid.uuid4().hex[:8]}"
        self.version = self.project
        self._clone = directory / "clone"
        self._port = free_port()
        for part in _PARTS:
            _copy(ROOT / part, self._clone / part)
        # 16 addresses nobody else of this host is likely to have
        where = f"10.213.{self._port >> 8 & 255}.{self._port & 240}"
        base = where.rpartition(".")
        self._settings = {
            "COMPOSE_PROJECT_NAME": self.project,
            "JALUR_PORT": str(self._port),
            "JALUR_FRONT_NETWORK": f"{where}/28",
            "JALUR_PROXY_ADDRESS": f"{base[0]}.{int(base[2]) + 10}",
        }
        self._is_run(self.version)
        self.compose = DockerCompose(self._clone / "deploy", wait=True)

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def secrets(self) -> Path:
        return self._clone / "deploy" / "secrets"

    @property
    def token(self) -> str:
        """Of the first administrator."""
        return (self.secrets / "jalur_admin_token").read_text()

    def init(self) -> None:
        self.run(str(self._clone / "deploy" / "init"))

    def up(self, *arguments: str, version: str | None = None) -> None:
        """Start what is not running as it should, from the image of this version; return when all is healthy."""
        self._is_run(version or self.version)
        self.docker_compose("up", "--wait", *arguments)

    def upgrade(self) -> None:
        """To the image of this version, as docs/deploying.md says it: what stands behind the gateway first."""
        self._is_run(self.version)
        self.docker_compose("run", "--rm", "-T", "prepare")
        self.up("--no-deps", *(name for name in SERVICES if name != "gateway"))
        self.up("--no-deps", "gateway")

    def docker_compose(self, *arguments: str) -> str:
        return self.run(*self.compose.docker_compose_command(), *arguments)

    def jalur(self, *arguments: str) -> str:
        """The command, as operations run it."""
        return self.docker_compose("--profile", "command", "run", "--rm", "-T", "jalur", *arguments)

    def build_earlier(self, revision: str) -> str:
        """An image of an earlier revision of this repository; its version. What it lacks of `deploy` is this one's."""
        archive = subprocess.run(
            ["git", "archive", revision, "services", "shared", "deploy"], cwd=ROOT, capture_output=True, check=True
        )
        earlier = self._clone.parent / "earlier"
        with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
            files.extractall(earlier, filter="data")
        if not (earlier / "deploy" / "composed").exists():
            shutil.rmtree(earlier / "deploy")
            _copy(ROOT / "deploy", earlier / "deploy")
        _copy(ROOT / ".dockerignore", earlier / ".dockerignore")
        version = f"{self.project}-earlier"
        self.run(
            *("docker", "build", "--quiet", "--tag", f"jalur:{version}", "--file", str(earlier / "deploy/Dockerfile")),
            str(earlier),
        )
        return version

    def containers(self, service: str | None = None) -> list[str]:
        """The ids of the running containers."""
        return self.docker_compose("ps", "--quiet", *([service] if service else [])).split()

    def inspect(self, container: str) -> dict[str, Any]:
        (found,) = json.loads(self.run("docker", "inspect", container))
        return dict(found)

    def kill(self, container: str) -> None:
        """Kill what the container runs. Not `docker kill`, after which no restart policy holds."""
        # everything but the first process, which ends then too; the one that kills is not itself killed in time
        subprocess.run(["docker", "exec", container, "sh", "-c", "kill -9 -1"], capture_output=True, check=False)

    def restarts(self, container: str) -> int:
        return int(self.inspect(container)["RestartCount"])

    def size(self, version: str) -> str:
        """Of an image."""
        return f"{int(self.run('docker', 'image', 'inspect', '--format', '{{.Size}}', f'jalur:{version}')) >> 20} MB"

    def change(self, file: str) -> None:
        """Make the copy's code another, in a way that changes nothing it does."""
        with (self._clone / file).open("a") as source:
            source.write("\n# another version\n")

    def remove(self) -> None:
        self.run("docker", "compose", "--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "5")
        versions = (f"jalur:{self.version}", f"jalur:{self.project}-earlier")
        subprocess.run(["docker", "image", "rm", *versions], capture_output=True, check=False)

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self._clone / "deploy", env=_environment(), capture_output=True, text=True, timeout=_COMMAND_S
        )
        if done.returncode:
            error = subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
            error.add_note(done.stderr[-3000:])
            raise error
        return done.stdout

    def _is_run(self, version: str) -> None:
        settings = {**self._settings, "JALUR_VERSION": version}
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        (self._clone / "deploy" / ".env").write_text(text)


def _environment() -> dict[str, str]:
    """What is meant for other deployments is not for this one."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("JALUR_", "COMPOSE_"))}


def _copy(source: Path, to: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, to, ignore=shutil.ignore_patterns(*_OF_ONE_CHECKOUT))
    else:
        shutil.copy(source, to)
