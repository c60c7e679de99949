"""Which encoding a file is in: UTF-8 with or without mark, Windows-1252, ISO-8859-15, or none of them (F-23)."""

_CONTROLS = bytes(sorted(set(range(32)) - {9, 10, 12, 13})) + b"\x7f"
_WINDOWS_ONLY = frozenset(range(0x80, 0xA0))
_LATIN9_DIFFERENCES = frozenset({0xA4, 0xA6, 0xA8, 0xB4, 0xB8, 0xBC, 0xBD, 0xBE})
_MAGIC = {
    b"PK\x03\x04": ("un classeur ou une archive", "a workbook or an archive"),
    b"%PDF": ("un PDF", "a PDF"),
    b"\xd0\xcf\x11\xe0": ("un ancien classeur", "an old workbook"),
    b"\x7fELF": ("un programme", "a program"),
    b"\x89PNG": ("une image", "an image"),
    b"\x1f\x8b": ("une archive", "an archive"),
}


SAVE_AS_UTF8 = ("Enregistrez-le en « CSV UTF-8 ».", "Save it as “CSV UTF-8”.")
"""How to mend a file of no known encoding, French and English."""


class UnknownEncoding(ValueError):
    """The bytes are not text in one of the three encodings; says what they are in both languages."""

    def __init__(self, french: str, english: str) -> None:
        super().__init__(english)
        self.what = (french, english)


def decoded(content: bytes) -> tuple[str, str]:
    """Text and encoding name (`utf-8`, `windows-1252` or `iso-8859-15`).

    Raises:
        UnknownEncoding: the content is binary, or in another encoding.
    """
    for magic, (french, english) in _MAGIC.items():
        if content.startswith(magic):
            raise UnknownEncoding(
                f"Ce fichier est {french}, pas un CSV.",
                f"This file is {english}, not CSV.",
            )
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise UnknownEncoding("Ce fichier est en UTF-16.", "This file is in UTF-16.")
    if content.translate(None, _CONTROLS) != content:
        raise UnknownEncoding(
            "Ce fichier contient des octets qui ne sont pas du texte.",
            "This file has bytes that are not text.",
        )
    try:
        return content.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return _single_byte(content)


def _single_byte(content: bytes) -> tuple[str, str]:
    present = set(content)
    if present & _WINDOWS_ONLY or not present & _LATIN9_DIFFERENCES:
        try:
            return content.decode("cp1252"), "windows-1252"
        except UnicodeDecodeError:
            raise UnknownEncoding(
                "Encodage du fichier non reconnu.",
                "The encoding of this file is not recognised.",
            ) from None
    return content.decode("iso-8859-15"), "iso-8859-15"
