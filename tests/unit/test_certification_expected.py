"""Which certificates have not come yet, from whom, and since when."""

from datetime import date

from services.certification import certificate
from services.certification.expected import expected
from tests.unit.certification_examples import FIRST_DAY, SECOND_DAY, SIGNED, assess, certify, competent, trainee

TODAY = date(2030, 6, 30)


def test_somebody_competent_waits_since_the_day_they_were_assessed() -> None:
    late = trainee(_id="a-2")
    assess(late, "K BK", assessed_on=FIRST_DAY)
    assess(late, assessed_on=SECOND_DAY)
    found = expected([late, competent()], TODAY)
    assert [(one.applicant_id, one.days, one.certification_body) for one in found.waiting] == [
        ("a-1", 20, "LSP Logam"),
        ("a-2", 19, "LSP Logam"),
    ]
    [scheme] = found.schemes
    assert (scheme.scheme, scheme.competent, scheme.received, scheme.waiting) == ("Juru las", 2, 0, 2)


def test_a_certificate_that_came_is_awaited_no_more_even_when_it_is_revoked() -> None:
    person = competent()
    certify(person)
    assert expected([person], TODAY).waiting == []
    certificate.revoke(person, person.certificates[0].certificate_id, "salah", SIGNED, TODAY)
    found = expected([person], TODAY)
    assert (found.waiting, found.schemes[0].received) == ([], 1)


def test_whoever_is_not_competent_or_not_assessed_is_not_expected_to_get_one() -> None:
    failed = trainee()
    assess(failed, "K BK")
    assert expected([failed, trainee(_id="a-2")], TODAY) == expected([], TODAY)
