"""A person's data as a letter they can read: the export in plain Indonesian."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from shared.cells import JAKARTA

_WORDS: Final = {
    # sections
    "registration": "Pendaftaran",
    "selection": "Seleksi",
    "certification": "Pelatihan dan sertifikasi",
    "placement": "Penempatan kerja",
    "person": "Data pribadi",
    "facts": "Keterangan pendaftaran",
    "ledger": "Riwayat keputusan dan perubahan",
    "reveals": "Siapa yang pernah melihat atau mencari data pribadi ini",
    "earlier_trainings": "Pelatihan sebelumnya",
    "warnings": "Catatan pemeriksaan",
    "screening": "Seleksi administrasi",
    "scores": "Nilai",
    "decision": "Keputusan seleksi",
    "attendance": "Kehadiran",
    "covers": "Pertanggungan BPJS Ketenagakerjaan",
    "insurances": "Jaminan",
    "attempts": "Uji kompetensi",
    "certificates": "Sertifikat",
    "training_certificates": "Sertifikat pelatihan",
    "match": "Lowongan yang diusulkan",
    "answers": "Penelusuran setelah pelatihan",
    "superseded": "Digantikan oleh perbaikan",
    "confirmations": "Keterangan perusahaan",
    # fields
    "applicant_id": "Kode pendaftar",
    "registration_no": "Nomor pendaftaran",
    "programme_code": "Kode program",
    "programme_name": "Nama program",
    "registered_at": "Waktu pendaftaran",
    "withdrawn_on": "Mengundurkan diri pada",
    "erased_at": "Data pribadi dihapus pada",
    "person_id": "Kode orang (samaran)",
    "name": "Nama",
    "nik": "NIK",
    "birth_place": "Tempat lahir",
    "birth_date": "Tanggal lahir",
    "gender": "Jenis kelamin",
    "address": "Alamat",
    "village": "Kelurahan",
    "district": "Kecamatan",
    "city": "Kota/kabupaten",
    "phone": "Nomor HP",
    "email": "Email",
    "kpj": "Nomor KPJ (BPJS Ketenagakerjaan)",
    "choices": "Pilihan kelas",
    "willing_to_move": "Bersedia dialihkan",
    "age": "Usia saat pelatihan dimulai",
    "education": "Pendidikan",
    "occupation": "Pekerjaan",
    "health_certificate": "Surat keterangan sehat",
    "trained_before": "Pernah dilatih",
    "follows_social_media": "Mengikuti media sosial",
    "at": "Waktu",
    "by": "Oleh",
    "what": "Peristiwa",
    "reason": "Alasan",
    "reasons": "Alasan",
    "detail": "Rincian",
    "fields": "Data yang dilihat",
    "sought": "Dicari menurut",
    "training": "Pelatihan",
    "year": "Tahun",
    "column": "Kolom",
    "passed": "Lulus",
    "outcome": "Hasil",
    "class_code": "Kelas",
    "class_name": "Nama kelas",
    "provider": "Lembaga",
    "starts": "Mulai",
    "ends": "Selesai",
    "outdated": "Hari hadir yang tercatat sekarang berbeda",
    "rank": "Peringkat",
    "total": "Nilai akhir",
    "written": "Nilai tertulis",
    "interview": "Nilai wawancara",
    "absent": "Tidak hadir",
    "completed": "Menyelesaikan pelatihan",
    "days": "Hari pelatihan",
    "present": "Hari hadir",
    "scheme": "Skema",
    "certification_body": "Lembaga sertifikasi",
    "certificate_no": "Nomor sertifikat",
    "issued_on": "Tanggal terbit",
    "valid_until": "Berlaku sampai",
    "verify_code": "Kode verifikasi",
    "assessed_on": "Tanggal uji",
    "assessor": "Asesor",
    "result": "Hasil",
    "units": "Unit kompetensi",
    "code": "Kode",
    "competent": "Kompeten",
    "employer": "Perusahaan / usaha",
    "position": "Jabatan",
    "score": "Kecocokan",
    "status": "Status",
    "wave": "Bulan ke-",
    "started_on": "Mulai",
    "withdrawn": "Mengundurkan diri",
    "says": "Kata perusahaan",
    "left_on": "Tidak bekerja lagi sejak",
    "channel": "Disampaikan lewat",
    "told_by": "Disampaikan oleh",
    "said_on": "Disampaikan pada",
}
_INTRODUCTION: Final = (
    "SALINAN DATA PRIBADI",
    "Disusun atas permintaan yang bersangkutan (UU No. 27 Tahun 2022 tentang Pelindungan Data Pribadi).",
    "Isinya semua yang disimpan tentang orang ini, di semua program. Istilah berbahasa Inggris adalah kode sistem.",
)
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*")


def written(export: Mapping[str, Any]) -> str:
    """The letter. Whatever the export holds stands in it; what has no Indonesian word yet stands under its own name."""
    lines = list(_INTRODUCTION)
    for number, registration in enumerate(export["registrations"], start=1):
        lines += ["", "=" * 72, f"{number}. {registration['registration']['programme_name']}", "=" * 72]
        lines += _lines(registration, 0)
    lines += ["", "=" * 72, *_lines({name: held for name, held in export.items() if name != "registrations"}, 0)]
    return "\n".join(lines) + "\n"


def _lines(held: Any, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(held, Mapping):
        for name, value in held.items():
            word = _WORDS.get(name, name)
            if _is_plain(value):
                yield f"{indent}{word}: {_plain(value)}"
            elif value:
                yield f"{indent}{word}:"
                yield from _lines(value, depth + 1)
        return
    for one in held:
        if _is_plain(one):
            yield f"{indent}- {_plain(one)}"
        else:
            first, *rest = _lines(one, depth + 1) if one else ("",)
            yield f"{indent}- {first.strip()}"
            yield from rest


def _is_plain(value: Any) -> bool:
    return not isinstance(value, Mapping | list) or (isinstance(value, list) and all(isinstance(v, str) for v in value))


def _plain(value: Any) -> str:
    if value is None or value == []:
        return "-"
    if isinstance(value, bool):
        return "ya" if value else "tidak"
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return f"{datetime.fromisoformat(value).astimezone(JAKARTA):%d-%m-%Y %H:%M} WIB"
    return str(value)
