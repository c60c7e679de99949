"""Control F-30: which files go with a filing. A whole PDF, 25 MB at most, without a password.

What can be seen without reading the PDF; `services/forms/clients/uploads/pdfs.py` looks into its objects, and a scanner
for viruses where one is set (`services/forms/clients/clamd.py`). A PDF is kept and given back as it came.
"""

import re

from formsets.formats import Problem
from formsets.package import ControlText

REFUSED_ATTACHMENT = "F-30"
LARGEST = 25_000_000
"""Bytes."""
END_WITHIN = 2_048
"""Bytes from the end in which a PDF says that it ends."""
_ENCRYPT = re.compile(
    rb"/(?:E|#45)(?:n|#6[eE])(?:c|#63)(?:r|#72)(?:y|#79)(?:p|#70)(?:t|#74)\s*(?:<<|\d+\s+\d+\s+R\b)",
)
"""The entry `/Encrypt` of a trailer or of a cross-reference stream, its name escaped or not; the word in a text is none."""


def refused_attachment(content: bytes) -> Problem | None:
    """Return why a file is not taken, None when it is."""
    if len(content) > LARGEST:
        return _refused(
            ("Le fichier dépasse 25 Mo.", "The file is over 25 MB."),
            ("Joignez un PDF plus léger.", "Attach a smaller PDF."),
        )
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-END_WITHIN:]:
        return _refused(
            ("Le fichier n'est pas un PDF complet.", "The file is not a whole PDF."),
            ("Enregistrez-le de nouveau en PDF.", "Save it as PDF again."),
        )
    if _ENCRYPT.search(content):
        return _refused(
            ("Le PDF est protégé.", "The PDF is protected."),
            ("Joignez-le sans mot de passe ni restriction.", "Attach it without a password or restriction."),
        )
    return None


def _refused(what: tuple[str, str], how: tuple[str, str]) -> Problem:
    french, english = (
        ControlText(*parts) for parts in zip(what, ("La pièce jointe.", "The attachment."), how, strict=True)
    )
    return Problem(REFUSED_ATTACHMENT, "", "", french, english)
