"""Contacts: each recorded once by its source and key, with a receipt as soon as something is stored that has one."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select, update

from ivr.domain.contacts import Contact
from ivr.storage import tables
from ivr.storage.database.database import Database

BEFORE_FIRST_RECEIPT = 1000
"""Added to the key of a contact: a receipt of one digit would sound like an answer, not like a receipt."""

_calls, _contacts = tables.of(tables.Call), tables.of(tables.Contact)

_FIND = select(_contacts.c.id, _contacts.c.receipt).where(
    _contacts.c.source == bindparam("of_source"), _contacts.c.key == bindparam("of_key")
)
_GIVE_RECEIPT = update(_contacts).where(_contacts.c.id == bindparam("contact")).values(receipt=bindparam("number"))


class Contacts:
    """Records contacts within transactions that others open. The statements are built once."""

    def __init__(self, database: Database, node: str = "") -> None:
        """node: name of this daemon."""
        self._node = node
        self._bare_call = database.insert(_calls).on_conflict_do_nothing()
        self._insert = database.insert(_contacts).on_conflict_do_nothing().returning(_contacts.c.id)

    def receipt_of(self, connection: Connection, contact: Contact) -> tuple[int, str]:
        """Key and receipt number of a contact; both are made where there are none."""
        name = {"of_source": contact.source, "of_key": contact.key}
        known = connection.execute(_FIND, name).first()
        if known is None:
            self._record(connection, contact)
            # Another transaction may have been faster: its row is seen now.
            known = connection.execute(_FIND, name).one()
        if known.receipt is not None:
            return int(known.id), str(known.receipt)
        receipt = str(BEFORE_FIRST_RECEIPT + known.id)
        connection.execute(_GIVE_RECEIPT, {"contact": known.id, "number": receipt})
        return int(known.id), receipt

    def _record(self, connection: Connection, contact: Contact) -> None:
        if contact.call_id is not None:
            # The journal writes the call too, a moment later or earlier; what it brought must not wait for it.
            call = {"id": contact.call_id, "node": self._node, "started_at": contact.received_at}
            connection.execute(self._bare_call, call)
        row = {
            "channel": contact.channel.value,
            "source": contact.source,
            "key": contact.key,
            "call_id": contact.call_id,
            "received_at": contact.received_at,
        }
        connection.execute(self._insert, row)
