"""Settings: the only reader of environment and TOML.

Order: command line, environment (`IVR_…`, sections by `__`, for example `IVR_STORE__URL`), the TOML file, defaults.
"""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from pydantic_settings.exceptions import SettingsError

from ivr.sections import REPOSITORY as REPOSITORY
from ivr.sections import VOICE as VOICE
from ivr.sections import Accounts as Accounts
from ivr.sections import Callbacks as Callbacks
from ivr.sections import Line as Line
from ivr.sections import Manager as Manager
from ivr.sections import Readings as Readings
from ivr.sections import Recordings as Recordings
from ivr.sections import Section as Section
from ivr.sections import Sounds as Sounds
from ivr.sections import Speech as Speech
from ivr.sections import Store as Store
from ivr.sections import Studio as Studio
from ivr.sections import Surge as Surge
from ivr.sections import Waits as Waits
from ivr.sections import Web as Web

CONFIG_PLACES = (Path("ivr.toml"), Path("/etc/ivr/ivr.toml"))


class BadSettings(Exception):
    """The configuration cannot be used; the text names the file and field, or the variable, of each fault."""


class Settings(BaseSettings):
    """All settings of a node."""

    model_config = SettingsConfigDict(
        env_prefix="IVR_", env_nested_delimiter="__", extra="forbid", frozen=True, toml_file=None
    )

    time_zone: str = "Europe/Moscow"
    store: Store = Store()
    line: Line = Line()
    waits: Waits = Waits()
    sounds: Sounds = Sounds()
    studio: Studio = Studio()
    speech: Speech = Speech()
    recordings: Recordings = Recordings()
    accounts: Accounts = Accounts()
    readings: Readings = Readings()
    ami: Manager = Manager()
    callbacks: Callbacks = Callbacks()
    web: Web = Web()
    surge: Surge = Surge()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("an IANA time zone, for example Europe/Moscow") from error
        return name

    @property
    def zone(self) -> ZoneInfo:
        """Where the customers live."""
        return ZoneInfo(self.time_zone)


def load(file: Path | None = None) -> Settings:
    """Settings from `file`, else from IVR_CONFIG, else from the first of CONFIG_PLACES that exists, else defaults.

    Raises BadSettings with every wrong field and where it was given.
    """
    named = file or (Path(os.environ["IVR_CONFIG"]) if os.environ.get("IVR_CONFIG") else None)
    if named is not None and not named.is_file():
        raise BadSettings(f"{named}: no such configuration file")
    place = named or next((place for place in CONFIG_PLACES if place.is_file()), None)

    class FromFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            toml = TomlConfigSettingsSource(settings_cls, place)
            return (init_settings, env_settings, toml)

    try:
        return FromFile()
    except ValidationError as error:
        wrong = (f"{_given_in(fault['loc'], place)}: {fault['msg']}" for fault in error.errors())
        raise BadSettings("; ".join(wrong)) from None
    except SettingsError as error:
        raise BadSettings(f"environment: {error}") from None
    except (OSError, ValueError) as error:
        raise BadSettings(f"{place}: {error}") from None


def _given_in(field: tuple[int | str, ...], place: Path | None) -> str:
    """The environment variable that set `field`, else the file and the field."""
    names = [str(part) for part in field]
    for length in range(len(names), 0, -1):
        variable = "IVR_" + "__".join(names[:length]).upper()
        if variable in map(str.upper, os.environ):
            return variable
    return f"{place or 'settings'}: {'.'.join(names) or 'the whole'}"
