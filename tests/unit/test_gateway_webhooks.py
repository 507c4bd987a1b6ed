"""Signatures as Standard Webhooks publishes them, and which addresses a webhook may have."""

import pytest

from services.gateway.reach import Reach
from services.gateway.sealing import Seal
from services.gateway.signatures import headers, new_secret, webhook_id
from services.gateway.webhook_places import PAUSES_S, Place
from shared.problems import Away, Invalid

INSIDE = (
    *("127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),  # noqa: S104
    *("224.0.0.1", "255.255.255.255", "[::1]", "[::]", "[fe80::1]", "[fd00::1]", "[ff02::1]", "[::ffff:10.0.0.1]"),
    *("[64:ff9b::a00:1]", "[2002:a00:1::]", "[2001:0:a00:1::]"),
)


def test_the_signature_is_that_of_the_published_example() -> None:
    signed = headers(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signed == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_each_secret_signs_and_an_id_has_no_full_stop() -> None:
    one, other = new_secret(), new_secret()
    both = headers([one, other], "evt_1", 1, b"{}")["webhook-signature"].split()
    assert both == [headers([secret], "evt_1", 1, b"{}")["webhook-signature"] for secret in (one, other)]
    assert webhook_id("placement.match:a:1:0") == webhook_id("placement.match:a:1:0")
    assert webhook_id("placement.match:a:1:0") != webhook_id("placement.match:a:1:1")
    assert "." not in webhook_id("placement.match:a:1:0")


@pytest.mark.parametrize("host", INSIDE)
def test_an_address_inside_is_refused(host: str) -> None:
    with pytest.raises(Invalid):
        Reach("").check(f"https://{host}/hook")


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://example.org/",
            "ftp://example.org/",
            "https://",
            "https:///x",
            "example.org",
            "",
            "file:///etc/passwd",
        ),
        *(
            "https://a:b@example.org/",
            "https://example.org/#x",
            "https://example.org/a b",
            "https://example.org/\r\nX: y",
        ),
        *(
            "https://example.org:99999/",
            "https://example.org:0/",
            "https://exämple.org/",
            "https://example.org/" + "x" * 1000,
        ),
        *("http://127.0.0.1/", "http://10.0.0.1/", "https://[::1/", "//example.org/"),
    ],
)
def test_what_is_no_https_url_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as refusal:
        Reach("10.0.0.0/8").check(url)
    assert refusal.value.code == "bad_url"


def test_public_addresses_and_the_networks_that_are_named_may_be_reached() -> None:
    for url in (
        "https://example.org",
        "https://example.org:8443/a?b=c",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
    ):
        Reach("").check(url)
    reach = Reach(" 10.1.0.0/16, 127.0.0.1 ,fd00::/8")
    for url in ("https://10.1.2.3/", "https://[fd00::1]/", "https://[::ffff:10.1.0.1]/", "http://127.0.0.1:8000/hook"):
        reach.check(url)
    for url in ("https://10.2.0.1/", "https://127.0.0.2/"):
        with pytest.raises(Invalid):
            reach.check(url)


def test_a_secret_is_opened_by_the_key_that_sealed_it_alone() -> None:
    first, second = "a" * 32, "b" * 32
    sealed = Seal(first).close("whsec_x")
    assert "whsec_x" not in sealed
    assert Seal(first).open(sealed) == Seal(f"{second}, {first}").open(sealed) == "whsec_x"
    for keys, what in ((second, sealed), (first, sealed[:-4] + "AAAA")):
        with pytest.raises(Away):
            Seal(keys).open(what)
    with pytest.raises(ValueError, match="32 characters"):
        Seal(f"{first},short")


def test_it_waits_longer_after_each_failure_and_no_more_after_a_success() -> None:
    place = Place(offset=3)
    for pause in (*PAUSES_S, PAUSES_S[-1]):
        before = place
        place = place.failed_at(3, "answered 500", delivered=False)
        assert place.next_attempt_at is not None and place.failing_since is not None
        waited = (place.next_attempt_at - (before.failing_since or place.failing_since)).total_seconds()
        assert 0.9 * pause - 1 <= waited <= 1.1 * pause + 1
    assert place.failures == len(PAUSES_S) + 1
    other = place.failed_at(5, "answered 500", delivered=True)
    assert (other.failures, other.delivered_at) == (1, other.failing_since), "it takes some: it is not failing for long"
    assert place.reached(4, delivered=False).failures == place.failures
    well = place.reached(4, delivered=True)
    assert (well.failures, well.failing_since, well.next_attempt_at, well.last_failure) == (0, None, None, None)
