"""The tables, a module for each topic. Names are fixed by the design; a test compares them with the migrations.

Elsewhere they are read as `tables.Account`, beside the domain's `Account`.
"""

from __future__ import annotations

from sqlalchemy import Table

from ivr.storage.tables.accounts import Account as Account
from ivr.storage.tables.accounts import AccountAlias as AccountAlias
from ivr.storage.tables.accounts import AccountPhone as AccountPhone
from ivr.storage.tables.accounts import Meter as Meter
from ivr.storage.tables.accounts import Register as Register
from ivr.storage.tables.callbacks import Callback as Callback
from ivr.storage.tables.calls import Call as Call
from ivr.storage.tables.calls import CallStep as CallStep
from ivr.storage.tables.calls import ReportHour as ReportHour
from ivr.storage.tables.columns import Base
from ivr.storage.tables.contacts import Contact as Contact
from ivr.storage.tables.outages import Outage as Outage
from ivr.storage.tables.outages import OutageReport as OutageReport
from ivr.storage.tables.prompts import Prompt as Prompt
from ivr.storage.tables.prompts import PromptNumber as PromptNumber
from ivr.storage.tables.prompts import StudioCall as StudioCall
from ivr.storage.tables.prompts import Take as Take
from ivr.storage.tables.readings import FLAGGED as FLAGGED
from ivr.storage.tables.readings import LIVE_OF_CONTACT as LIVE_OF_CONTACT
from ivr.storage.tables.readings import WAITING as WAITING
from ivr.storage.tables.readings import Batch as Batch
from ivr.storage.tables.readings import Reading as Reading
from ivr.storage.tables.readings import SpoolEntry as SpoolEntry
from ivr.storage.tables.shared import Audit as Audit
from ivr.storage.tables.shared import Switch as Switch
from ivr.storage.tables.users import ApiClient as ApiClient
from ivr.storage.tables.users import LoginFailure as LoginFailure
from ivr.storage.tables.users import User as User
from ivr.storage.tables.users import WebSession as WebSession


def of(row: type[Base]) -> Table:
    """The Core table of a mapped class; Core statements are what the quick paths run."""
    return Base.metadata.tables[row.__tablename__]
