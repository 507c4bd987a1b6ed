"""What each reason code means, in plain Indonesian and English, for people who read an import's report."""

from typing import Literal

Language = Literal["id", "en"]

_UNKNOWN = ("Isi baris ini tidak dapat dipakai.", "This row cannot be used.")

# reason → (Indonesian, English)
MESSAGES: dict[str, tuple[str, str]] = {
    "unusable": _UNKNOWN,
    # cells
    "missing": ("Kolom ini kosong.", "This column is empty."),
    "not_a_date": ("Ini bukan tanggal yang dikenali.", "This is not a date we can read."),
    "not_a_number": ("Ini bukan angka.", "This is not a number."),
    "not_whole": ("Ini bukan bilangan bulat.", "This is not a whole number."),
    "not_yes_or_no": ("Isi dengan ya atau tidak.", "Answer with yes or no."),
    "too_long": ("Isinya terlalu panjang.", "The text is too long."),
    "string_too_long": ("Isinya terlalu panjang.", "The text is too long."),
    "out_of_range": ("Nilai harus antara 0 dan 100.", "A score must be between 0 and 100."),
    "greater_than_equal": ("Angkanya terlalu kecil.", "The number is too small."),
    "less_than_equal": ("Angkanya terlalu besar.", "The number is too large."),
    # people
    "nik_length": ("NIK harus 16 angka.", "A NIK has 16 digits."),
    "nik_not_digits": ("NIK hanya boleh berisi angka.", "A NIK has digits only."),
    "nik_date": ("Bagian tanggal lahir pada NIK tidak mungkin.", "The date inside the NIK is impossible."),
    "nik_numeric": (
        "NIK tersimpan sebagai angka, sehingga digit terakhirnya hilang. Ubah kolomnya menjadi teks.",
        "The NIK is stored as a number, so its last digit is lost. Make the column text.",
    ),
    "not_registered": (
        "NIK ini tidak terdaftar pada program ini.",
        "Nobody with this NIK is registered in this programme.",
    ),
    "impossible_date": ("Tanggal lahir ini tidak mungkin.", "This birth date is impossible."),
    "unknown_gender": ("Jenis kelamin tidak dikenali.", "The gender is not recognised."),
    "unknown_education": ("Pendidikan tidak dikenali.", "The education is not recognised."),
    "unknown_occupation": ("Status pekerjaan tidak dikenali.", "The occupation is not recognised."),
    "unknown_class": ("Kelas ini tidak ada pada program ini.", "The programme has no such class."),
    "not_open": ("Pendaftaran belum dibuka pada waktu itu.", "Registration was not open yet at that time."),
    "closed": ("Pendaftaran sudah ditutup pada waktu itu.", "Registration was closed at that time."),
    "phone_unusable": ("Nomor telepon tidak dikenali.", "The phone number is not recognised."),
    "phone_made_up": ("Nomor telepon tampak seperti contoh.", "The phone number looks made up."),
    "phone_shared": ("Nomor telepon ini dipakai orang lain juga.", "Somebody else gave this phone number too."),
    "email_unusable": ("Alamat email tidak dikenali.", "The e-mail address is not recognised."),
    "email_made_up": ("Alamat email tampak seperti contoh.", "The e-mail address looks made up."),
    "nik_birth_date_differs": (
        "Tanggal lahir pada NIK berbeda dengan yang ditulis.",
        "The birth date inside the NIK differs from the one stated.",
    ),
    "nik_gender_differs": (
        "Jenis kelamin pada NIK berbeda dengan yang ditulis.",
        "The gender inside the NIK differs from the one stated.",
    ),
    "city_or_regency_not_stated": ("Tidak disebut kota atau kabupaten.", "It does not say city or regency."),
    "chosen_before": ("Kelas ini sudah dipilih sebelumnya.", "This class was chosen already."),
    "consent_missing": (
        "Tanpa persetujuan, data Anda tidak boleh kami simpan.",
        "Without your agreement we may not keep your data.",
    ),
    # scores
    "later_row_counts": (
        "Baris lain di bawahnya menyebut hal yang sama dengan isi berbeda; baris itu yang dipakai.",
        "A later row says something else about the same; that row counts.",
    ),
    "absent_with_scores": ("Tertulis tidak hadir, tetapi ada nilainya.", "Noted as absent, but there are scores."),
    "not_screened_yet": ("Seleksi administrasi belum selesai.", "The administrative screening is not done yet."),
    "not_passed": ("Tidak lulus seleksi administrasi.", "Did not pass the administrative screening."),
    "already_decided": (
        "Seleksi sudah diputuskan, nilai tidak dapat diubah.",
        "The selection has been decided; scores can no longer change.",
    ),
    "cannot_be_emptied": (
        "Nilai yang sudah lengkap tidak dapat dikosongkan. Tulis - bila tidak hadir.",
        "A complete score row cannot be emptied. Write - for absent.",
    ),
    "withdrawn": ("Peserta sudah mengundurkan diri.", "The person has withdrawn."),
    # training, assessments, certificates
    "not_decided": ("Seleksi untuk orang ini belum diputuskan.", "The selection of this person is not decided yet."),
    "not_accepted": ("Orang ini tidak diterima pada program ini.", "This person was not accepted in this programme."),
    "class_unknown": ("Kelas peserta belum diketahui.", "The class of this trainee is not known yet."),
    "programme_unknown": ("Program belum diketahui.", "The programme is not known yet."),
    "other_programme": ("Orang ini ada pada program lain.", "This person belongs to another programme."),
    "other_class": ("Peserta ini ada di kelas lain.", "This trainee is in another class."),
    "more_than_days": ("Hadir lebih banyak daripada hari pelatihan.", "Present on more days than there were."),
    "already_assessed": (
        "Peserta ini sudah diuji, tetapi tidak menyelesaikan pelatihan.",
        "This trainee was assessed, but did not complete the training.",
    ),
    "decided_on_appeal": (
        "Hasil uji ini sudah diubah oleh banding yang dikabulkan.",
        "This result was changed by an appeal that was upheld.",
    ),
    "daily_marks_count": (
        "Kehadiran orang ini dicatat hari demi hari, dan catatan harian itulah yang berlaku. Perbaiki di laman Kelas.",
        "This person's attendance is marked day by day, and these marks count. Correct them on the page of the class.",
    ),
    "outside_training": ("Hari ini di luar masa pelatihan.", "This day is outside the training."),
    "in_the_future": ("Hari ini belum tiba.", "This day has not come yet."),
    "kpj_not_digits": ("Nomor KPJ hanya berisi angka.", "A participant number has digits only."),
    "kpj_length": (
        "Nomor KPJ harus 11 angka, termasuk nol di depan.",
        "A participant number has 11 digits, zeros in front included.",
    ),
    "kpj_of_another": (
        "Nomor KPJ ini sudah dicatat untuk orang lain. Bila keliru, hapus dulu dari orang itu.",
        "This participant number is recorded for somebody else. If that is wrong, take it away there first.",
    ),
    "kpj_changed_meanwhile": (
        "Petugas lain sudah mencatat nomor KPJ orang ini sejak halaman dibuka.",
        "Somebody else has recorded this person's participant number since the page was opened.",
    ),
    "erased": ("Data pribadi orang ini sudah dihapus.", "This person's personal data have been erased."),
    "ends_before_it_starts": ("Hari terakhir mendahului hari pertama.", "The last day is before the first."),
    "cover_too_long": (
        "Pertanggungan ini lebih dari setahun. Periksa tahunnya.",
        "This cover is longer than a year. Look at the years.",
    ),
    "cover_outside_training": (
        "Pertanggungan ini tidak menyentuh satu hari pun dari pelatihan.",
        "This cover touches no day of the training.",
    ),
    "cover_is_active": (
        "Pertanggungan orang ini sudah berlaku. Bila keliru, batalkan dulu.",
        "This person's cover is valid already. If that is wrong, cancel it first.",
    ),
    "no_such_cover": (
        "Orang ini tidak memiliki pertanggungan dengan tanggal dan jaminan itu.",
        "This person has no cover of these days and insurances.",
    ),
    "no_units": ("Tidak ada kolom unit kompetensi.", "There are no columns of units."),
    "not_k_or_bk": ("Isi dengan K atau BK.", "Answer with K or BK."),
    "units_differ": (
        "Rekomendasi berbeda dengan unitnya; unit yang berlaku.",
        "The recommendation differs from the units; the units count.",
    ),
    "certificate_stands": (
        "Hasil ini membatalkan kompeten, tetapi sertifikatnya masih berlaku.",
        "No longer competent by this result, but a certificate still stands.",
    ),
    "older_than_last": ("Ada hasil uji yang lebih baru.", "There is a later assessment."),
    "already_competent": ("Peserta ini sudah kompeten.", "This trainee is competent already."),
    "did_not_complete": ("Peserta ini tidak menyelesaikan pelatihan.", "This person did not complete the training."),
    "not_competent": ("Peserta ini belum dinyatakan kompeten.", "This trainee was not found competent."),
    "other_scheme": ("Skemanya bukan skema kelas peserta ini.", "The scheme is not the one of this trainee's class."),
    "other_lsp": ("LSP-nya bukan LSP kelas peserta ini.", "The certification body is not the one of the class."),
    "number_taken": ("Nomor ini milik orang lain.", "This number belongs to somebody else."),
    "digits_lost": (
        "Nomor tersimpan sebagai angka, sehingga digit terakhirnya hilang. Ubah kolomnya menjadi teks.",
        "The number is stored as a number, so its last digits are lost. Make the column text.",
    ),
    "looks_like_nik": (
        "Ini tampak seperti NIK, padahal isian ini diterbitkan.",
        "This looks like a NIK, and this value is published.",
    ),
    "names_somebody": (
        "Isian ini diterbitkan, jadi tidak boleh memuat nama orang.",
        "This value is published, so it must not hold somebody's name.",
    ),
    "unusual_number": ("Bentuk nomornya tidak biasa.", "The number has an unusual form."),
    "before_issue": ("Berlaku sampai sebelum tanggal terbit.", "Valid until a day before it was issued."),
    "already_certified": ("Peserta ini sudah punya sertifikat.", "This trainee has a certificate already."),
    "corrected": ("Data sebelumnya diperbaiki.", "What was recorded before has been corrected."),
    "unknown_rule": ("Aturan ini tidak ada.", "There is no such rule."),
    # vacancies and what became of graduates
    "below_minimum": ("Lebih kecil daripada batas bawahnya.", "It is below the minimum that is stated."),
    "identity_fixed": (
        "Kode dan perusahaan tidak dapat diganti; buat lowongan baru.",
        "Code and employer cannot change; make a new vacancy.",
    ),
    "greater_than": ("Angkanya terlalu kecil.", "The number is too small."),
    "not_a_place": ("Kota atau kabupaten tidak dikenali.", "The city or regency is not recognised."),
    "not_a_year": ("Ini bukan tahun yang mungkin.", "This is not a possible year."),
    "not_a_graduate": ("Orang ini tidak menyelesaikan pelatihan.", "This person did not complete the training."),
    "completion_unknown": (
        "Belum diketahui apakah orang ini menyelesaikan pelatihan.",
        "It is not known yet whether this person completed the training.",
    ),
    "unknown_status": ("Status tidak dikenali.", "The status is not recognised."),
    "unknown_wave": ("Bulan penelusuran harus 3, 6 atau 12.", "The tracer study asks after 3, 6 and 12 months."),
    "programme_not_arrived": ("Program belum diketahui.", "The programme is not known yet."),
    "revoked": ("Sertifikat ini sudah dicabut.", "This certificate has been revoked."),
}


def message(reason: str, language: Language) -> str:
    """The reason in words; a code that nobody has described yet gets a general sentence."""
    indonesian, english = MESSAGES.get(reason, _UNKNOWN)
    return english if language == "en" else indonesian
