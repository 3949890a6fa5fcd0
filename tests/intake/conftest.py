"""The intake's tests on a database use the fixtures of the storage's tests."""

from __future__ import annotations

from tests.storage.conftest import database, kind, ledger, now, stock, upgraded_sqlite, url

__all__ = ["database", "kind", "ledger", "now", "stock", "upgraded_sqlite", "url"]
