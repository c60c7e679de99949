"""`ThreadedExportFiles`: writes exports in a thread, so that the event loop goes on answering meanwhile."""

import asyncio
from typing import Protocol

from services.forms.clients.exports import canonical_json, flat_csv, taxonomy, workbook, xbrl_csv, xbrl_json
from services.forms.domain.export import ExportContent, ExportedFile, ExportFormat


class FileFormat(Protocol):
    """What each module of this folder is."""

    MEDIA_TYPE: str
    EXTENSION: str

    def write(self, content: ExportContent) -> bytes:
        """Return the file."""
        ...


_FORMATS: dict[ExportFormat, FileFormat] = {
    ExportFormat.CSV: flat_csv,
    ExportFormat.XLSX: workbook,
    ExportFormat.JSON: canonical_json,
    ExportFormat.XBRL_JSON: xbrl_json,
    ExportFormat.XBRL_CSV: xbrl_csv,
    ExportFormat.TAXONOMY: taxonomy,
}


class ThreadedExportFiles:
    """Every published format."""

    async def write(self, content: ExportContent, chosen: ExportFormat) -> ExportedFile:
        """Return the file."""
        file_format = _FORMATS[chosen]
        written = await asyncio.to_thread(file_format.write, content)
        name = f"harmonia-{content.form_set.version}" if chosen is ExportFormat.TAXONOMY else content.name
        return ExportedFile(written, f"{name}.{file_format.EXTENSION}", file_format.MEDIA_TYPE)
