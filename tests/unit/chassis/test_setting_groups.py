"""Where a setting comes from: the environment wins over what the node passes, which wins over the default."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from chassis.settings import DatabaseSettings, ServiceSettings, TlsSettings


class ShelfSettings(ServiceSettings):
    """Settings of a service that exists only here."""

    model_config = SettingsConfigDict(**{**ServiceSettings.model_config, "env_prefix": "SHELF_"})


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def passed() -> ShelfSettings:
    return ShelfSettings(database=DatabaseSettings(url=SecretStr("postgresql+psycopg://node")))


def test_what_the_node_passes_is_used():
    assert passed().database.url.get_secret_value() == "postgresql+psycopg://node"


def test_the_environment_wins_over_what_the_node_passes():
    with environment(SHELF_DATABASE__URL="postgresql+psycopg://operator"):
        assert passed().database.url.get_secret_value() == "postgresql+psycopg://operator"


def test_one_field_of_a_group_can_be_set_alone():
    with environment(SHELF_DATABASE__POOL_SIZE="9"):
        settings = passed()

    assert settings.database.pool_size == 9
    assert settings.database.url.get_secret_value() == "postgresql+psycopg://node"


def test_secrets_are_masked_when_printed():
    assert "node" not in repr(passed())
    assert "node" not in passed().model_dump_json()


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError):
        passed().database = DatabaseSettings()


def test_a_mistyped_field_of_a_group_is_refused():
    with pytest.raises(ValidationError):
        TlsSettings.model_validate({"certificat": "x.pem"})
