"""ZIP archives whose bytes depend on their content alone."""

import io
import zipfile
from collections.abc import Mapping

_WHEN = (2024, 1, 1, 0, 0, 0)


def archive_of(files: Mapping[str, bytes]) -> bytes:
    """Return a ZIP of these files, path → content, in this order, without a date of their own."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path, content in files.items():
            member = zipfile.ZipInfo(path, _WHEN)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            zipped.writestr(member, content)
    return archive.getvalue()
