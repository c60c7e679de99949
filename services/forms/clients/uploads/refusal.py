"""Why an uploaded file is refused as a whole, before or while it is read."""

from formsets.flat_file import WHOLE_FILE, Sentence, file_problem

SAVE_AGAIN: Sentence = (
    "Ouvrez-le dans votre tableur et enregistrez-le de nouveau en .xlsx.",
    "Open it in your spreadsheet program and save it again as .xlsx.",
)
"""How to mend a workbook that a spreadsheet program would not have written so."""


class FileRefused(Exception):
    """The whole file is refused; the problem has the official control, and three parts in both languages."""

    def __init__(self, control: str, what: Sentence, how: Sentence, where: Sentence = WHOLE_FILE) -> None:
        super().__init__(f"{what[1]} {how[1]}")
        self.problem = file_problem(control, what, how, where, is_fatal=True)
