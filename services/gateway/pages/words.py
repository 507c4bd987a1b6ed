"""The office's words for what the system calls by codes; their English stands in the catalogue like any other text."""

from services.gateway import messages

_WORDS: dict[str, dict[str, str]] = {
    "stage": {
        "registered": "Terdaftar",
        "refused": "Tidak lolos administrasi",
        "passed": "Lolos administrasi",
        "scored": "Sudah dinilai",
        "accepted": "Diterima",
        "reserve": "Cadangan",
        "rejected": "Tidak diterima",
        "withdrawn": "Mengundurkan diri",
        "completed": "Selesai pelatihan",
        "dropped_out": "Tidak selesai",
        "assessed": "Sudah diuji",
        "competent": "Kompeten",
        "not_yet_competent": "Belum kompeten",
        "certified": "Bersertifikat",
        "matched": "Diusulkan ke lowongan",
        "placed": "Terserap kerja",
    },
    "reason": {
        "not_resident": "Bukan warga kota ini",
        "under_age": "Belum cukup umur saat pelatihan dimulai",
        "not_healthy": "Belum ada surat keterangan sehat",
        "trained_before": "Sudah pernah ikut pelatihan",
        "employed": "Sudah bekerja",
        "studying": "Masih sekolah atau kuliah",
        "no_social_media": "Belum mengikuti media sosial dinas",
        "below_pass_mark": "Nilai di bawah batas lulus",
        "absent": "Tidak hadir tes atau wawancara",
        "no_seat": "Kursi kelas pilihan sudah penuh",
        "same_vocation": "Kejuruan sama",
        "education_suffices": "Pendidikan memenuhi",
        "same_city": "Satu kota",
        "neighbouring_city": "Kota tetangga",
        "other_city": "Kota lain",
    },
    "status": {
        "employed": "Bekerja",
        "self_employed": "Wirausaha",
        "studying": "Melanjutkan studi",
        "unemployed": "Belum bekerja",
        "unreachable": "Tidak dapat dihubungi",
    },
    "role": {
        "admin": "Administrator",
        "registrar": "Petugas pendaftaran",
        "selector": "Petugas seleksi",
        "certifier": "Petugas sertifikasi",
        "placement": "Petugas penempatan",
        "operator": "Operator sistem",
        "viewer": "Pengamat",
    },
    "field": {
        "name": "Nama",
        "nik": "NIK",
        "birth_date": "Tanggal lahir",
        "gender": "Jenis kelamin",
        "phone": "Telepon",
        "address": "Alamat",
        "city": "Kota",
        "district": "Kecamatan",
        "education": "Pendidikan",
        "occupation": "Status saat ini",
    },
    "kind": {
        "applicants": "Pendaftar",
        "scores": "Nilai tes dan wawancara",
        "attendance": "Kehadiran",
        "assessments": "Hasil uji kompetensi",
        "certificates": "Sertifikat kompetensi",
        "tracer": "Penelusuran lulusan",
        "alumni": "Alumni pelatihan tahun lalu",
        "vacancies": "Lowongan kerja",
    },
    "sheet": {
        "programme_missing": "Pilih programnya: berkas jenis ini milik satu program.",
        "file_missing": "Pilih berkas yang akan diimpor.",
        "sheet_gone": "Berkas ini sudah tidak disimpan. Pilih berkasnya sekali lagi.",
        "not_a_spreadsheet": "Berkas ini bukan buku kerja Excel dan bukan CSV.",
        "empty": "Berkas ini kosong.",
        "no_rows": "Lembar ini hanya berisi judul kolom, tanpa baris di bawahnya.",
        "encrypted": "Buku kerja ini dilindungi kata sandi. Simpan tanpa kata sandi, lalu coba lagi.",
        "too_large": "Lembar ini terlalu besar. Bagi menjadi beberapa berkas.",
        "columns_missing": "Kolom yang diperlukan tidak ditemukan",
        "columns_ambiguous": "Beberapa kolom menyebut hal yang sama",
        "no_unit_columns": "Tidak ada kolom unit di antara Skema dan Rekomendasi.",
    },
    "certificate": {
        "valid": "Berlaku",
        "expired": "Habis masa berlaku",
        "revoked": "Dicabut",
    },
    "appeal": {
        "explained": "Apakah proses banding sudah dijelaskan kepada peserta?",
        "discussed": "Apakah hasil sudah dibicarakan dengan asesor?",
        "others_involved": "Apakah orang lain dilibatkan dalam banding ini?",
        "upheld": "Dikabulkan",
        "dismissed": "Ditolak",
    },
    "result": {
        "explained": "Jawab ya atau tidak: penjelasan proses banding.",
        "discussed": "Jawab ya atau tidak: pembicaraan dengan asesor.",
        "others_involved": "Jawab ya atau tidak: keterlibatan orang lain.",
        "outcome": "Pilih dikabulkan atau ditolak.",
        "not_appealable": "Hanya hasil terakhir yang belum kompeten dapat dibanding.",
        "appealed_before": "Hasil ini sudah pernah dibanding.",
        "assessor_tested": "Asesor ini menguji peserta tersebut. Tunjuk asesor lain.",
        "assessor_not_recorded": "Belum tercatat siapa yang menguji peserta ini. Catat dulu asesor pada hasil ujinya.",
        "appeal_decided": "Banding ini sudah diputuskan.",
        "no_assessor": "Tunjuk dulu asesor untuk banding ini.",
        "result_changed": "Hasil ujinya sudah diperbaiki sejak banding diajukan.",
        "nothing_upheld": "Pilih unit yang ternyata kompeten.",
        "changed_meanwhile": "Orang lain baru saja mencatat hasil peserta ini. Periksa, lalu simpan lagi bila perlu.",
        "already_revoked": "Sertifikat ini sudah dicabut dengan alasan lain.",
        "scheme": "Skemanya belum diisi.",
        "units": "Isi K atau BK untuk setiap unit.",
        "assessed_on": "Isi tanggal uji.",
        "assessor": "Tulis nama asesor, paling banyak 500 huruf.",
        "alasan": "Tulis alasannya; alasan disimpan bersama tindakannya.",
    },
    "attendance": {
        "no_days": "Belum ada hari yang ditandai di kelas ini.",
        "other_class": "Ada orang yang bukan peserta kelas ini.",
    },
    "presence": {
        "present": "Hadir",
        "excused": "Izin",
        "absent": "Tidak hadir",
    },
    "service": {
        "registration": "Pendaftaran",
        "selection": "Seleksi",
        "certification": "Sertifikasi",
        "placement": "Penempatan",
        "gateway": "Laman dan API",
    },
}


# for which somebody may be refused or not accepted
REASONS = (
    *("not_resident", "under_age", "not_healthy", "trained_before", "employed", "studying", "no_social_media"),
    *("below_pass_mark", "absent", "no_seat"),
)


def say(kind: str, code: str) -> str:
    """A code in Indonesian words; one that has none yet is shown as it is, so that nothing is hidden."""
    found = _WORDS[kind].get(code)
    if found is None and kind == "reason" and code in messages.MESSAGES:
        return messages.message(code, "id")
    return found or code


def all_words() -> list[str]:
    """Every text here, for the catalogue."""
    return [text for words in _WORDS.values() for text in words.values()]
