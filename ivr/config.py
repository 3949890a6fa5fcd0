"""Settings: the only reader of environment and TOML.

Order: command line, environment (`IVR_…`, sections by `__`, for example `IVR_STORE__URL`), the TOML file, defaults.
A relative path in the TOML file begins in the folder of that file, every other one in the present folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

from pydantic import ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from pydantic_settings.exceptions import SettingsError

from ivr.domain.faults import BadInput
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

SQLITE = "sqlite:///"


class BadSettings(BadInput):
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


def file_used(file: Path | None = None) -> Path | None:
    """The configuration file that `load` reads, None if there is none. Raises BadSettings if a named one is missing."""
    named = file or (Path(os.environ["IVR_CONFIG"]) if os.environ.get("IVR_CONFIG") else None)
    if named is not None and not named.is_file():
        raise BadSettings(f"{named}: no such configuration file")
    return named or next((place for place in CONFIG_PLACES if place.is_file()), None)


def adrift(settings: Settings, file: Path | None = None) -> list[str]:
    """Prompt folders relative to the present folder, although `file`, as for `load`, lies elsewhere.

    With them the database would describe another folder than the daemon's. As text: ``sounds.own (var/prompts)``.
    """
    place = file_used(file)
    if place is None or place.absolute().parent.resolve() == Path.cwd().resolve():
        return []
    folders = {"sounds.own": settings.sounds.own, "studio.takes": settings.studio.takes}
    return [f"{name} ({folder})" for name, folder in folders.items() if not folder.is_absolute()]


def load(file: Path | None = None) -> Settings:
    """Settings from `file`, else from IVR_CONFIG, else from the first of CONFIG_PLACES that exists, else defaults.

    Raises BadSettings with every wrong field and where it was given.
    """
    place = file_used(file)

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
            return (init_settings, env_settings, _TomlFile(settings_cls, place))

    try:
        return FromFile()
    except ValidationError as error:
        wrong = (f"{_given_in(fault['loc'], place)}: {fault['msg']}" for fault in error.errors())
        raise BadSettings("; ".join(wrong)) from None
    except SettingsError as error:
        raise BadSettings(f"environment: {error}") from None
    except (OSError, ValueError) as error:
        raise BadSettings(f"{place}: {error}") from None


class _TomlFile(TomlConfigSettingsSource):
    """The file, its relative paths made absolute where it lies in another folder than the present one."""

    def __call__(self) -> dict[str, Any]:
        values = super().__call__()
        place = self.toml_file_path
        folder = Path(place).absolute().parent.resolve() if isinstance(place, str | Path) else Path.cwd()
        return values if folder == Path.cwd().resolve() else _anchored(values, folder)


def _anchored(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    anchored = dict(values)
    for name, section in values.items():
        kind = Settings.model_fields[name].annotation if name in Settings.model_fields else None
        if not isinstance(section, dict) or not (isinstance(kind, type) and issubclass(kind, Section)):
            continue
        fields = {key: field.annotation for key, field in kind.model_fields.items()}
        paths = {key for key, type_ in fields.items() if Path in (type_, *get_args(type_))}
        given = {key: value for key, value in section.items() if key in paths and isinstance(value, str)}
        # An empty model, or "none", is no path.
        moved = {key: str(folder / value) for key, value in given.items() if value not in ("", "none")}
        url = section.get("url")
        if name == "store" and isinstance(url, str) and url.startswith(SQLITE) and url.removeprefix(SQLITE)[:1] != ":":
            moved["url"] = f"{SQLITE}{folder / url.removeprefix(SQLITE)}"
        anchored[name] = section | moved
    return anchored


def _given_in(field: tuple[int | str, ...], place: Path | None) -> str:
    """The environment variable that set `field`, else the file and the field."""
    names = [str(part) for part in field]
    for length in range(len(names), 0, -1):
        variable = "IVR_" + "__".join(names[:length]).upper()
        if variable in map(str.upper, os.environ):
            return variable
    return f"{place or 'settings'}: {'.'.join(names) or 'the whole'}"
