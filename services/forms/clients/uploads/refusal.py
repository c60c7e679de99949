"""Why an uploaded file is refused as a whole, before or while it is read."""


class FileRefused(Exception):
    """The whole file is refused; the official control and the sentence in both languages."""

    def __init__(self, control: str, french: str, english: str) -> None:
        super().__init__(english)
        self.control, self.french, self.english = control, french, english
