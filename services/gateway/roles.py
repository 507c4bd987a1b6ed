"""Who may do what: one table from routes to roles, and which roles may see personal and health facts."""

from enum import StrEnum

from services.gateway.kinds import BY_NAME

PREFIX = "/api/v1"


class Role(StrEnum):
    ADMIN = "admin"
    REGISTRAR = "registrar"
    SELECTOR = "selector"
    CERTIFIER = "certifier"
    PLACEMENT = "placement"
    OPERATOR = "operator"
    VIEWER = "viewer"


ALL = frozenset(Role)
_STAFF = ALL - {Role.VIEWER, Role.OPERATOR}
_REGISTRAR = frozenset({Role.ADMIN, Role.REGISTRAR})
_SELECTOR = frozenset({Role.ADMIN, Role.SELECTOR})
_CERTIFIER = frozenset({Role.ADMIN, Role.CERTIFIER})
_PLACEMENT = frozenset({Role.ADMIN, Role.PLACEMENT})
_CALLERS = _PLACEMENT | _REGISTRAR  # who has a graduate on the phone: registrars see numbers
_OPERATOR = frozenset({Role.ADMIN, Role.OPERATOR})
_ADMIN = frozenset({Role.ADMIN})

SEES_PERSONAL_DATA = _REGISTRAR
SEES_HEALTH = _REGISTRAR | _SELECTOR

_OF_KIND = {
    "applicants": _REGISTRAR,
    "alumni": _REGISTRAR,
    "scores": _SELECTOR,
    "attendance": _CERTIFIER,
    "assessments": _CERTIFIER,
    "certificates": _CERTIFIER,
    "vacancies": _PLACEMENT,
    "tracer": _PLACEMENT,
}

# paths as the routes declare them, below PREFIX
ROLES: dict[tuple[str, str], frozenset[Role]] = {
    ("GET", "/programmes"): ALL,
    ("POST", "/programmes"): _REGISTRAR,
    ("POST", "/programmes/preview"): _REGISTRAR,
    ("GET", "/programmes/{code}"): ALL,
    ("POST", "/programmes/{code}/changes"): _REGISTRAR,
    ("POST", "/programmes/{code}/changes/preview"): _REGISTRAR | _SELECTOR,
    ("GET", "/programmes/{code}/funnel"): ALL,
    ("GET", "/programmes/{code}/portrait"): ALL,
    ("GET", "/programmes/{code}/classes"): ALL,
    ("GET", "/programmes/{code}/classes/{class_code}"): _STAFF,
    ("POST", "/programmes/{code}/classes/{class_code}/attendance"): _CERTIFIER,
    ("POST", "/programmes/{code}/classes/{class_code}/completion"): _CERTIFIER,
    ("GET", "/programmes/{code}/classes/{class_code}/sign-sheet.pdf"): _STAFF,
    ("POST", "/programmes/{code}/classes/{class_code}/training-certificates"): _CERTIFIER,
    # they bear names
    ("GET", "/programmes/{code}/classes/{class_code}/training-certificates.pdf"): _REGISTRAR,
    ("POST", "/applicants/{applicant_id}/training-certificates"): _CERTIFIER,
    ("POST", "/applicants/{applicant_id}/training-certificates/revocation"): _CERTIFIER,
    ("GET", "/applicants/{applicant_id}/training-certificate.pdf"): _REGISTRAR,
    ("GET", "/programmes/{code}/expected-certificates"): _STAFF,
    ("GET", "/programmes/{code}/expected-certificates.xlsx"): _STAFF,
    ("POST", "/applicants/{applicant_id}/assessments"): _CERTIFIER,
    ("GET", "/programmes/{code}/appeals"): _STAFF,
    ("POST", "/applicants/{applicant_id}/appeals"): _CERTIFIER,
    ("POST", "/applicants/{applicant_id}/appeals/{number}/assessor"): _CERTIFIER,
    ("POST", "/applicants/{applicant_id}/appeals/{number}/decision"): _CERTIFIER,
    ("POST", "/programmes/{code}/applicants"): _REGISTRAR,
    ("GET", "/programmes/{code}/applicants"): ALL,
    ("GET", "/programmes/{code}/applicants.xlsx"): ALL,
    ("POST", "/programmes/{code}/applicants/search"): _STAFF,
    ("GET", "/applicants/{applicant_id}"): _STAFF,
    ("POST", "/applicants/{applicant_id}/reveal"): _REGISTRAR,
    ("POST", "/people/export"): _REGISTRAR,
    ("POST", "/people/erasure"): _REGISTRAR,
    ("GET", "/reveals"): _ADMIN,
    ("POST", "/retention"): _ADMIN,
    ("GET", "/keys"): _ADMIN,
    ("POST", "/keys/rotation"): _ADMIN,
    ("POST", "/applicants/{applicant_id}/corrections"): _REGISTRAR,
    ("POST", "/applicants/{applicant_id}/withdrawal"): _REGISTRAR,
    ("POST", "/applicants/{applicant_id}/overrules"): _SELECTOR,
    ("GET", "/programmes/{code}/scores"): _STAFF,
    ("PUT", "/applicants/{applicant_id}/scores/{part}"): _SELECTOR,
    ("POST", "/applicants/{applicant_id}/seat/confirmation"): _SELECTOR,
    ("POST", "/applicants/{applicant_id}/seat/refusal"): _SELECTOR,
    ("POST", "/applicants/{applicant_id}/promotion"): _SELECTOR,
    ("POST", "/programmes/{code}/selection/simulate"): _SELECTOR,
    ("POST", "/programmes/{code}/selection/decide"): _SELECTOR,
    ("GET", "/programmes/{code}/selection/runs/{run_id}"): _SELECTOR,
    ("GET", "/programmes/{code}/selection"): _STAFF,
    ("GET", "/programmes/{code}/selection/classes/{class_code}"): _STAFF,
    ("GET", "/programmes/{code}/selection/minutes.pdf"): _STAFF,
    ("GET", "/programmes/{code}/selection/runs/{run_id}/classes"): _SELECTOR,
    ("GET", "/programmes/{code}/selection/runs/{run_id}/classes/{class_code}"): _SELECTOR,
    ("GET", "/programmes/{code}/selection/runs/{run_id}/compare/{other_id}"): _SELECTOR,
    ("GET", "/programmes/{code}/selection/runs/{run_id}/replay"): _SELECTOR | _OPERATOR,
    ("POST", "/certificates/{certificate_id}/revocation"): _CERTIFIER,
    ("POST", "/programmes/{code}/matching/run"): _PLACEMENT,
    ("GET", "/programmes/{code}/matching/runs/{run_id}"): _PLACEMENT,
    ("GET", "/programmes/{code}/matching/runs/{run_id}/replay"): _PLACEMENT | _OPERATOR,
    ("GET", "/vacancies"): ALL,
    ("POST", "/vacancies"): _PLACEMENT,
    ("GET", "/vacancies/{vacancy_id}"): ALL,
    ("POST", "/vacancies/{vacancy_id}/state"): _PLACEMENT,
    ("GET", "/vacancies/{vacancy_id}/matches"): _STAFF,
    ("GET", "/employers"): ALL,
    ("GET", "/programmes/{code}/matches"): _STAFF,
    ("POST", "/matches"): _PLACEMENT,
    ("POST", "/applicants/{applicant_id}/matches/{match_id}/answers"): _PLACEMENT,
    ("GET", "/programmes/{code}/waves"): ALL,
    ("POST", "/programmes/{code}/waves/{wave}"): _PLACEMENT,
    ("GET", "/programmes/{code}/waves/{wave}/silent"): _STAFF,
    ("POST", "/programmes/{code}/waves/{wave}/answers"): _CALLERS,
    ("POST", "/programmes/{code}/waves/{wave}/links"): _CALLERS,
    ("POST", "/programmes/{code}/waves/{wave}/links/{applicant_id}/revocation"): _CALLERS,
    ("POST", "/programmes/{code}/imports/{kind}"): _STAFF,
    ("POST", "/imports/{kind}"): _STAFF,
    ("GET", "/imports/{import_id}"): _STAFF,
    ("GET", "/events"): ALL,
    ("POST", "/users"): _ADMIN,
    ("GET", "/users"): _ADMIN,
    ("GET", "/users/{name}"): _ADMIN,
    ("PATCH", "/users/{name}"): _ADMIN,
    ("PUT", "/users/{name}/password"): _ADMIN,
    ("POST", "/users/{name}/tokens"): _ADMIN,
    ("DELETE", "/users/{name}/tokens/{label}"): _ADMIN,
    ("DELETE", "/users/{name}/sessions"): _ADMIN,
    ("POST", "/webhooks"): _ADMIN,
    ("GET", "/webhooks"): _OPERATOR,
    ("GET", "/webhooks/{name}"): _OPERATOR,
    ("PATCH", "/webhooks/{name}"): _ADMIN,
    ("DELETE", "/webhooks/{name}"): _ADMIN,
    ("POST", "/webhooks/{name}/secret"): _ADMIN,
    ("POST", "/webhooks/{name}/replay"): _ADMIN,
    ("POST", "/rebuild"): _OPERATOR,
    ("GET", "/rebuild"): _OPERATOR,
    ("GET", "/deployment"): _OPERATOR,
    ("GET", "/parked"): _OPERATOR,
    ("GET", "/parked/{message_id}"): _OPERATOR,
    ("POST", "/parked/replay"): _OPERATOR,
    ("POST", "/parked/discard"): _OPERATOR,
    ("GET", "/audit/entries"): _OPERATOR,
    ("GET", "/audit/verify"): _OPERATOR,
    ("GET", "/session"): ALL,
    ("DELETE", "/session"): ALL,
    ("PUT", "/session/password"): ALL,
    ("GET", "/sessions"): ALL,
    ("DELETE", "/sessions"): ALL,
    ("DELETE", "/sessions/{session_id}"): ALL,
} | {
    ("POST", f"{'/programmes/{code}' if kind.of_a_programme else ''}/imports/{name}"): _OF_KIND[name]
    for name, kind in BY_NAME.items()
}

# pages, by whole paths; each calls routes of the API, which have roles of their own
PAGES: dict[tuple[str, str], frozenset[Role]] = {
    ("GET", "/beranda"): ALL,
    ("GET", "/beranda/tertahan"): _OPERATOR,
    ("POST", "/keluar"): ALL,
    ("GET", "/program"): _REGISTRAR,
    ("GET", "/program-baru"): _REGISTRAR,
    ("POST", "/program-baru"): _REGISTRAR,
    ("GET", "/program-baru/yaml"): _REGISTRAR,
    ("POST", "/program-baru/yaml"): _REGISTRAR,
    ("GET", "/isian"): ALL,
    ("POST", "/isian/buang"): ALL,
    ("GET", "/sandi"): ALL,
    ("POST", "/sandi"): ALL,
    ("GET", "/program/{code}"): ALL,
    ("GET", "/program/{code}/ubah"): _REGISTRAR,
    ("POST", "/program/{code}/ubah"): _REGISTRAR,
    ("GET", "/program/{code}/definisi.yaml"): _REGISTRAR,
    ("GET", "/program/{code}/pendaftar"): ALL,
    ("POST", "/program/{code}/pendaftar/cari"): _STAFF,
    ("GET", "/pendaftar/{applicant_id}"): _STAFF,
    ("POST", "/pendaftar/{applicant_id}/buka"): _REGISTRAR,
    ("POST", "/pendaftar/{applicant_id}/perbaiki"): _REGISTRAR,
    ("POST", "/pendaftar/{applicant_id}/kesampingkan"): _SELECTOR,
    ("POST", "/pendaftar/{applicant_id}/mundur"): _REGISTRAR,
    ("GET", "/program/{code}/nilai"): _STAFF,
    ("POST", "/program/{code}/nilai"): _SELECTOR,
    ("POST", "/program/{code}/nilai/sel"): _SELECTOR,
    ("GET", "/program/{code}/seleksi"): _STAFF,
    ("GET", "/program/{code}/seleksi/kelas/{class_code}"): _STAFF,
    ("POST", "/program/{code}/seleksi/kelas/{class_code}/cadangan"): _SELECTOR,
    ("POST", "/program/{code}/seleksi/simulasi"): _SELECTOR,
    ("GET", "/program/{code}/seleksi/simulasi/{run_id}"): _SELECTOR,
    ("GET", "/program/{code}/seleksi/banding"): _SELECTOR,
    ("GET", "/program/{code}/seleksi/putuskan"): _SELECTOR,
    ("POST", "/program/{code}/seleksi/putuskan"): _SELECTOR,
    ("GET", "/program/{code}/kelas"): ALL,
    ("GET", "/program/{code}/kelas/{class_code}"): _STAFF,
    ("POST", "/program/{code}/kelas/{class_code}/kehadiran"): _CERTIFIER,
    ("POST", "/program/{code}/kelas/{class_code}/selesai"): _CERTIFIER,
    ("POST", "/program/{code}/kelas/{class_code}/daftar-hadir"): _STAFF,
    ("POST", "/program/{code}/kelas/{class_code}/sertifikat-pelatihan"): _CERTIFIER,
    ("POST", "/program/{code}/kelas/{class_code}/cetak-sertifikat"): _REGISTRAR,
    ("POST", "/pendaftar/{applicant_id}/sertifikat-pelatihan"): _CERTIFIER,
    ("POST", "/pendaftar/{applicant_id}/cabut-sertifikat"): _CERTIFIER,
    ("POST", "/pendaftar/{applicant_id}/cetak-sertifikat"): _REGISTRAR,
    ("GET", "/program/{code}/uji"): _STAFF,
    ("GET", "/program/{code}/uji/{class_code}"): _STAFF,
    ("GET", "/uji/{applicant_id}"): _STAFF,
    ("POST", "/uji/{applicant_id}/hasil"): _CERTIFIER,
    ("POST", "/uji/{applicant_id}/cabut"): _CERTIFIER,
    ("POST", "/uji/{applicant_id}/banding"): _CERTIFIER,
    ("POST", "/uji/{applicant_id}/banding/{number}/asesor"): _CERTIFIER,
    ("POST", "/uji/{applicant_id}/banding/{number}/putusan"): _CERTIFIER,
    ("GET", "/impor"): _STAFF,
    ("POST", "/impor"): _STAFF,
    ("POST", "/impor/mulai"): _STAFF,
    ("GET", "/impor/{import_id}"): _STAFF,
    ("GET", "/penempatan"): ALL,
    ("GET", "/penempatan/perusahaan"): ALL,
    ("GET", "/penempatan/lowongan-baru"): _PLACEMENT,
    ("POST", "/penempatan/lowongan-baru"): _PLACEMENT,
    ("GET", "/penempatan/lowongan/{vacancy_id}"): ALL,
    ("GET", "/penempatan/lowongan/{vacancy_id}/ubah"): _PLACEMENT,
    ("POST", "/penempatan/lowongan/{vacancy_id}/ubah"): _PLACEMENT,
    ("POST", "/penempatan/lowongan/{vacancy_id}/tutup"): _PLACEMENT,
    ("POST", "/penempatan/lowongan/{vacancy_id}/usulkan"): _PLACEMENT,
    ("GET", "/penempatan/usulan"): _STAFF,
    ("POST", "/penempatan/usulan/jawab"): _PLACEMENT,
    ("POST", "/penempatan/pencocokan"): _PLACEMENT,
    ("GET", "/penempatan/pencocokan/{code}/{run_id}"): _PLACEMENT,
    ("GET", "/penempatan/penelusuran"): ALL,
    ("POST", "/penempatan/penelusuran/gelombang"): _PLACEMENT,
    ("GET", "/penempatan/penelusuran/{code}/{wave}"): _STAFF,
    ("POST", "/penempatan/penelusuran/{code}/{wave}/buka"): _REGISTRAR,
    ("POST", "/penempatan/penelusuran/{code}/{wave}/jawab"): _CALLERS,
    ("POST", "/penempatan/penelusuran/{code}/{wave}/tautan"): _CALLERS,
    ("POST", "/penempatan/penelusuran/{code}/{wave}/cabut"): _CALLERS,
    ("GET", "/operasi"): _OPERATOR,
    ("POST", "/operasi/pesan"): _OPERATOR,
    ("GET", "/audit"): _OPERATOR,
    ("POST", "/audit/periksa"): _OPERATOR,
    ("GET", "/webhook"): _OPERATOR,
    ("POST", "/webhook"): _ADMIN,
    ("GET", "/webhook/{name}"): _OPERATOR,
    ("POST", "/webhook/{name}/{tindakan}"): _ADMIN,
    ("GET", "/pengguna"): _ADMIN,
    ("POST", "/pengguna"): _ADMIN,
    ("GET", "/pengguna/{name}"): _ADMIN,
    ("POST", "/pengguna/{name}/{tindakan}"): _ADMIN,
}

# whole paths that anybody may use, without a token
PUBLIC: frozenset[tuple[str, str]] = frozenset(
    {
        ("POST", f"{PREFIX}/session"),
        ("GET", f"{PREFIX}/open-programmes"),
        ("POST", f"{PREFIX}/open-programmes/{{code}}/answers"),
        ("POST", f"{PREFIX}/open-programmes/{{code}}/applicants"),
        ("POST", f"{PREFIX}/status"),
        ("GET", f"{PREFIX}/verify/{{verify_code}}"),
        ("GET", f"{PREFIX}/tracer/{{token}}"),
        ("POST", f"{PREFIX}/tracer/{{token}}"),
        ("GET", "/verify/{verify_code}"),
        ("GET", "/health/live"),
        ("GET", "/health/ready"),
        ("GET", "/api/openapi.json"),
        ("HEAD", "/api/openapi.json"),
        ("GET", "/api/docs"),
        ("GET", "/api/docs/{file}"),
        ("GET", "/api/events"),
        ("GET", "/api/events/style.css"),
        ("GET", "/api/asyncapi.json"),
        ("GET", "/api/schemas/{name}"),
    }
)
PUBLIC_PAGES: frozenset[tuple[str, str]] = frozenset(
    {
        ("GET", "/"),
        ("GET", "/masuk"),
        ("POST", "/masuk"),
        ("POST", "/bahasa"),
        ("GET", "/sertifikat"),
        ("GET", "/sertifikat/{verify_code}"),
        ("GET", "/daftar"),
        ("GET", "/daftar/{code}"),
        ("POST", "/daftar/{code}"),
        ("GET", "/daftar/{code}/{langkah}"),
        ("POST", "/daftar/{code}/{langkah}"),
        ("GET", "/status"),
        ("POST", "/status"),
        ("GET", "/lulusan/{token}"),
        ("POST", "/lulusan/{token}"),
    }
)


def may(role: str, method: str, path: str) -> bool:
    """Whether a role may use a route; a route that the table does not name is nobody's."""
    return role in (ROLES | PAGES).get((method, path), frozenset())
