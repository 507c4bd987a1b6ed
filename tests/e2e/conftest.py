"""The whole system as separate processes on real servers, and clients that speak to it as anybody would."""

import json
from collections.abc import Iterator

import httpx
import pytest

from deploy.local.runner import LocalStack
from tests.conftest import Urls
from tests.stack import empty_stack


@pytest.fixture(scope="module")
def stack(servers: Urls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A system of its own for each test module."""
    with empty_stack(servers, tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(stack: LocalStack) -> Iterator[httpx.Client]:
    """The JSON API as the first administrator."""
    token = json.loads(stack.credentials.read_text())["token"]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{stack.gateway_url}/api/v1", headers=headers, timeout=60) as client:
        yield client
