from cli.export import FORMATS, STANDARD_OUTPUT, export_command
from services.forms.domain.export import ExportFormat


class RecordingDownloads:
    """A server that gives one file."""

    def __init__(self, name="er-2024-000000018.csv"):
        self.name, self.asked = name, []

    def download(self, path, **options):
        self.asked.append((path, options))
        return b"code;colonne;valeur", self.name


def test_the_command_knows_every_format_of_the_server():
    assert set(FORMATS) == {str(chosen) for chosen in ExportFormat}


def test_the_file_is_saved_in_a_folder_under_the_name_the_server_gives(tmp_path, capsys):
    server = RecordingDownloads()
    assert export_command(server, "F1", "xlsx", 2, tmp_path) == 0
    assert (tmp_path / "er-2024-000000018.csv").read_bytes() == b"code;colonne;valeur"
    assert server.asked == [("/filings/F1/export/xlsx", {"params": {"version": 2}})]
    assert "er-2024-000000018.csv" in capsys.readouterr().out


def test_a_server_cannot_choose_another_folder(tmp_path):
    export_command(RecordingDownloads("../../elsewhere.csv"), "F1", "csv", 0, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["elsewhere.csv"]


def test_an_unknown_format_is_refused_before_the_server_is_asked(capsys):
    server = RecordingDownloads()
    assert export_command(server, "F1", "pdf") == 2
    assert server.asked == []
    assert "csv" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_said(tmp_path, capsys):
    assert export_command(RecordingDownloads(), "F1", "csv", 0, tmp_path / "missing" / "file.csv") == 2
    assert "ne peut pas être écrit" in capsys.readouterr().err


def test_the_file_goes_to_the_standard_output_when_asked(capsysbinary):
    assert export_command(RecordingDownloads(), "F1", "json", 0, STANDARD_OUTPUT) == 0
    assert capsysbinary.readouterr().out == b"code;colonne;valeur"
