"""Private keys in a file that only the owner reads."""

import pytest

from services.auth.clients.passport_key.signer import SoftwarePassportSigner, fresh_jwks
from services.auth.store.key_file import KeyFileExposed, open_or_make


def test_keys_are_made_once_and_kept_for_the_owner_only(tmp_path):
    path = tmp_path / "auth" / "keys.json"
    first = open_or_make(path, fresh_jwks)
    assert open_or_make(path, fresh_jwks) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["keys.json"]


def test_of_two_starts_at_the_same_time_the_first_keys_win(tmp_path):
    path = tmp_path / "keys.json"
    winner = fresh_jwks()

    def make_slowly():
        open_or_make(path, lambda: winner)
        return fresh_jwks()

    assert open_or_make(path, make_slowly) == winner


def test_a_key_file_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "keys.json"
    open_or_make(path, fresh_jwks)
    path.chmod(0o644)
    with pytest.raises(KeyFileExposed):
        open_or_make(path, fresh_jwks)


def test_a_signer_needs_a_private_key():
    public = {"keys": [{name: value for name, value in fresh_jwks()["keys"][0].items() if name != "d"}]}
    with pytest.raises(ValueError, match="no private"):
        SoftwarePassportSigner(public)


def test_an_older_key_stays_published_behind_the_one_that_signs():
    old, new = fresh_jwks()["keys"][0], fresh_jwks()["keys"][0]
    signer = SoftwarePassportSigner({"keys": [new, old]})
    assert [key["kid"] in signer.public_keys() for key in (old, new)] == [True, True]
