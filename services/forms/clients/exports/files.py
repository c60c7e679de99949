"""`ThreadedExportFiles`: writes exports in a thread, so that the event loop goes on answering meanwhile."""

import asyncio
from collections.abc import Callable
from types import ModuleType

from services.forms.clients.exports import canonical_json, flat_csv, taxonomy, workbook, xbrl_csv, xbrl_json
from services.forms.domain.export import ExportContent, ExportedFile, ExportFormat

_FORMATS: dict[ExportFormat, ModuleType] = {
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
        module = _FORMATS[chosen]
        write: Callable[[ExportContent], bytes] = module.write
        written = await asyncio.to_thread(write, content)
        name = f"harmonia-{content.form_set.version}" if chosen is ExportFormat.TAXONOMY else content.name
        return ExportedFile(written, f"{name}.{module.EXTENSION}", module.MEDIA_TYPE)
