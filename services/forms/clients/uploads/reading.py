"""Finds out what an uploaded file is, and reads it: the one door through which the service and `harmonia check` read files."""

from formsets import FormSet
from formsets.flat_file import FlatFile, read_flat_file
from services.forms.clients.uploads.balances import Balance, is_balance, read_balance
from services.forms.clients.uploads.containers import entries_of
from services.forms.clients.uploads.spreadsheets import OpenedWorkbook, read_balance_sheet, read_spreadsheet
from services.forms.clients.uploads.xbrl_reports import is_package, read_json, read_package


def read_upload(form_set: FormSet, content: bytes, file_name: str) -> FlatFile | Balance:
    """Return what a file holds: the flat form, one of our exports, a trial balance or a FEC.

    Raises:
        FileRefused: hostile, damaged or empty.
    """
    if content.startswith(b"PK"):
        if is_package(entries_of(content)):
            return read_package(content, form_set)
        book = OpenedWorkbook(content)
        return read_balance_sheet(book, file_name) or read_spreadsheet(book, form_set)
    if content[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return read_json(content, form_set)
    return read_balance(content, file_name) if is_balance(content) else read_flat_file(content, form_set)
